//! Proof of a shuffle by Terelius and Wikström, as in the pseudo-code of Haenni, Locher, Koenig and Dubuis (2017);
//! tuples as by Haines, one equation a column, never a product over columns (clause T-8).
//!
//! Names follow the protocol: e inputs, e' outputs, c the permutation's commitments, ĉ the chain, t commitments of
//! the proof, γ its challenge, s responses. N tuples of w ciphertexts; rows before columns, A before B.

mod prove;
mod verify;

pub use prove::shuffle;
pub use verify::{Statement, verify, verify_many};

use curve25519_dalek::scalar::Scalar;

use crate::encoding::items;
use crate::hash::{Item, chain, challenge, digest, expand, h512};
use crate::{Bytes32, Fault};

/// What a shuffle is bound to: the key it re-encrypts under and the context (order, contest, unit, mixer).
#[derive(Clone, Copy)]
pub struct Binding<'a> {
    pub eh: &'a Bytes32,
    pub context: &'a [Item],
    pub width: usize,
    pub key: &'a Bytes32,
}

impl Binding<'_> {
    /// N, where `ciphertexts` holds N ≥ 1 tuples of w ≥ 1.
    fn tuples(&self, ciphertexts: &[u8]) -> Option<usize> {
        let size = self.width.checked_mul(64).filter(|size| *size > 0)?;
        let (tuples, rest) = (ciphertexts.len() / size, ciphertexts.len() % size);
        (tuples > 0 && rest == 0).then_some(tuples)
    }

    /// seed = H512("shuffle", context…, w, N, K, D(e), D(e'), D(c)), and u_1 … u_N.
    fn seed(&self, many: usize, inputs: &[u8], outputs: &[u8], c: &[u8]) -> ([u8; 64], Vec<Scalar>) {
        let sizes = [self.width.into(), many.into(), self.key.into()];
        let statement = [inputs, outputs, c].map(digest);
        let seed = h512("shuffle", self.eh, &chain(&chain(self.context, sizes), statement));
        (seed, expand(&seed, many))
    }

    /// γ = Hs("shuffle/c", seed, D(ĉ), D(t_1, t_2, t_3, t_4, t̂)).
    fn gamma(&self, seed: &[u8; 64], chain: &[u8], t: &[u8]) -> Scalar {
        challenge("shuffle/c", self.eh, &[seed.into(), digest(chain), digest(t)])
    }
}

/// The parts of a proof file: c, ĉ, then t_1 t_2 t_3 t_4 t̂, then s_1 s_2 s_3 s_4 ŝ s'.
struct Parts<'a> {
    c: &'a [u8],
    chain: &'a [u8],
    t: &'a [u8],
    s: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Cuts a proof of exactly 5N + 6 + 3w items.
    fn cut(proof: &'a [u8], many: usize, width: usize) -> Result<Self, Fault> {
        let items = items(proof)?;
        if items.len() != 5 * many + 6 + 3 * width {
            return Err(Fault::rejected("length"));
        }
        let (c, rest) = items.split_at(many);
        let (chain, rest) = rest.split_at(many);
        let (t, s) = rest.split_at(3 + 2 * width + many);
        let [c, chain, t, s] = [c, chain, t, s].map(<[Bytes32]>::as_flattened);
        Ok(Parts { c, chain, t, s })
    }
}
