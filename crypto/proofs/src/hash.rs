//! Hash inputs: deterministic CBOR (RFC 8949, 4.2.1), Fiat–Shamir challenges, expansion, hashing into the group
//! (clauses E-2 to E-5).

use curve25519_dalek::{ristretto::RistrettoPoint, scalar::Scalar};
use rayon::prelude::*;
use sha2::{Digest, Sha512};

use crate::counts::{self, Kind};
use crate::encoding::{GRAIN, encode, items};
use crate::{Bytes32, Fault};

/// One item of a hash input.
#[derive(Clone, Debug)]
pub enum Item {
    Uint(u64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Item>),
}

impl From<u64> for Item {
    fn from(number: u64) -> Self {
        Item::Uint(number)
    }
}

impl From<usize> for Item {
    fn from(number: usize) -> Self {
        Item::Uint(number as u64)
    }
}

impl From<&[u8]> for Item {
    fn from(bytes: &[u8]) -> Self {
        Item::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Item {
    fn from(bytes: &[u8; N]) -> Self {
        Item::Bytes(bytes.to_vec())
    }
}

impl Item {
    /// The array of a flat array's 32-byte items.
    pub(crate) fn array(flat: &[u8]) -> Result<Item, Fault> {
        Ok(Item::Array(items(flat)?.iter().map(Item::from).collect()))
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Item::Uint(number) => write_head(out, 0, *number),
            Item::Bytes(bytes) => write_string(out, 2, bytes),
            Item::Text(text) => write_string(out, 3, text.as_bytes()),
            Item::Array(array) => {
                write_head(out, 4, array.len() as u64);
                array.iter().for_each(|item| item.write(out));
            }
        }
    }
}

fn write_string(out: &mut Vec<u8>, major: u8, content: &[u8]) {
    write_head(out, major, content.len() as u64);
    out.extend_from_slice(content);
}

fn write_head(out: &mut Vec<u8>, major: u8, number: u64) {
    let big_endian = number.to_be_bytes();
    let (info, width) = match number {
        0..24 => (number as u8, 0),
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(&big_endian[8 - width..]);
}

/// The flat list of items of several parts.
pub(crate) fn chain<const N: usize>(context: &[Item], rest: [Item; N]) -> Vec<Item> {
    context.iter().cloned().chain(rest).collect()
}

/// H512(d, x…) = SHA-512(CBOR(["amanat/v1/" ‖ d, eh, x…])).
pub(crate) fn h512(domain: &str, eh: &Bytes32, rest: &[Item]) -> [u8; 64] {
    let mut out = Vec::with_capacity(512);
    write_head(&mut out, 4, rest.len() as u64 + 2);
    Item::Text(format!("amanat/v1/{domain}")).write(&mut out);
    write_string(&mut out, 2, eh);
    rest.iter().for_each(|item| item.write(&mut out));
    Sha512::digest(&out).into()
}

/// Hs: H512 as a little-endian integer modulo the order.
pub(crate) fn challenge(domain: &str, eh: &Bytes32, rest: &[Item]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&h512(domain, eh, rest))
}

/// D: SHA-512 of encodings joined.
pub(crate) fn digest(flat: &[u8]) -> Item {
    Item::Bytes(Sha512::digest(flat).to_vec())
}

/// SHA-512 of `preimage` as a little-endian integer modulo the order.
pub fn scalar_from_hash(preimage: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(preimage).into())
}

/// X(seed, 0) … X(seed, many − 1).
pub(crate) fn expand(seed: &[u8; 64], many: usize) -> Vec<Scalar> {
    let expand_one = |index: usize| {
        let hash = Sha512::new().chain_update(b"amanat/v1/expand").chain_update(seed);
        let hash = hash.chain_update((index as u64).to_le_bytes()).finalize();
        Scalar::from_bytes_mod_order_wide(&hash.into())
    };
    (0..many).into_par_iter().with_min_len(4 * GRAIN).map(expand_one).collect()
}

/// H2G(d, b): hash_to_ristretto255 with expand_message_xmd and SHA-512 (RFC 9380, 5.3.1 and appendix B).
pub(crate) fn to_group(domain: &str, data: &[u8]) -> RistrettoPoint {
    let tag = format!("amanat/v1/{domain}/ristretto255_XMD:SHA-512_R255MAP_RO_");
    RistrettoPoint::from_uniform_bytes(&expand_message(tag.as_bytes(), data))
}

/// expand_message_xmd for exactly one block of output; `tag` is at most 255 bytes.
fn expand_message(tag: &[u8], message: &[u8]) -> [u8; 64] {
    let suffix = [tag, &[tag.len() as u8]].concat();
    let first = Sha512::new().chain_update([0; 128]).chain_update(message).chain_update([0, 64, 0]);
    let first = first.chain_update(&suffix).finalize();
    Sha512::new().chain_update(first).chain_update([1]).chain_update(&suffix).finalize().into()
}

/// The encoded points H2G(domain, item) of many items.
pub fn hash_to_group(domain: &str, items: &[&[u8]]) -> Result<Vec<u8>, Fault> {
    if domain.len() > 128 {
        return Err(Fault::Misuse("a domain is at most 128 bytes")); // RFC 9380 has at most 255 for the whole tag
    }
    counts::add(Kind::HashToGroup, items.len());
    let points: Vec<_> = items.par_iter().with_min_len(GRAIN).map(|item| to_group(domain, item)).collect();
    Ok(encode(&points))
}

#[cfg(test)]
#[path = "../tests/unit/hash.rs"]
mod tests;
