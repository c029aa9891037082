//! Randomness of the operating system (clauses E-5, E-7): scalars, nonces, permutations, a verifier's own weights.
//!
//! A nonce mixes a lasting secret in. What a mixer draws in bulk does not: where its system draws badly the permutation
//! itself is known, and no nonce could save it; the protocol asks for one honest mixer of three.

use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::Fault;
use crate::encoding::GRAIN;

fn fill(buffer: &mut [u8]) -> Result<(), Fault> {
    getrandom::fill(buffer).map_err(|_| Fault::NoRandomness)
}

/// Uniform scalars, from 64 bytes each.
pub fn scalars(many: usize) -> Result<Zeroizing<Vec<Scalar>>, Fault> {
    let mut wide = Zeroizing::new(vec![0; 64 * many]);
    wide.par_chunks_mut(64 * 4 * GRAIN).try_for_each(fill)?;
    let (wide, _) = wide.as_chunks::<64>();
    Ok(Zeroizing::new(wide.par_iter().with_min_len(4 * GRAIN).map(Scalar::from_bytes_mod_order_wide).collect()))
}

/// One uniform scalar.
pub fn scalar() -> Result<Scalar, Fault> {
    scalars(1).map(|one| one[0])
}

/// SHA-512(32 bytes of the system ‖ secret ‖ message) modulo the order: good even if the system's bytes are not.
pub fn nonce(secret: &[u8], message: &[u8]) -> Result<Scalar, Fault> {
    let mut fresh = Zeroizing::new([0; 32]);
    fill(&mut fresh[..])?;
    let hash = Sha512::new().chain_update(&fresh[..]).chain_update(secret).chain_update(message).finalize();
    Ok(Scalar::from_bytes_mod_order_wide(&hash.into()))
}

/// Weights of 128 bits for a sum that is checked here and now; never published.
pub(crate) fn weights(many: usize) -> Result<Vec<Scalar>, Fault> {
    let mut bytes = vec![0; 16 * many];
    bytes.par_chunks_mut(16 * 16 * GRAIN).try_for_each(fill)?;
    let (bytes, _) = bytes.as_chunks::<16>();
    Ok(bytes.iter().map(|weight| Scalar::from(u128::from_le_bytes(*weight))).collect())
}

/// A uniform permutation of 0…many−1 (Fisher–Yates; 128 bits a step leave a bias below 2^−90).
pub(crate) fn permutation(many: usize) -> Result<Zeroizing<Vec<usize>>, Fault> {
    let mut bytes = Zeroizing::new(vec![0; 16 * many]);
    fill(&mut bytes)?;
    let (draws, _) = bytes.as_chunks::<16>();
    let mut order: Zeroizing<Vec<usize>> = Zeroizing::new((0..many).collect());
    for last in (1..many).rev() {
        let draw = u128::from_le_bytes(draws[last]) % (last as u128 + 1);
        order.swap(last, draw as usize);
    }
    Ok(order)
}

#[cfg(test)]
#[path = "../tests/unit/random.rs"]
mod tests;
