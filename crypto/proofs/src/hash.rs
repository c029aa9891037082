//! Hash inputs: deterministic CBOR (RFC 8949, 4.2.1), Fiat–Shamir challenges, expansion, hashing into the group.

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

impl From<&str> for Item {
    fn from(text: &str) -> Self {
        Item::Text(text.to_owned())
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
    require_domain(domain)?;
    counts::add(Kind::HashToGroup, items.len());
    let points: Vec<_> = items.par_iter().with_min_len(GRAIN).map(|item| to_group(domain, item)).collect();
    Ok(encode(&points))
}

/// RFC 9380 caps the tag at 255 bytes; ours has 46 bytes around the domain.
fn require_domain(domain: &str) -> Result<(), Fault> {
    if domain.len() > 128 { Err(Fault::Misuse("a domain is at most 128 bytes")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn it_maps_uniform_bytes_as_rfc_9496_does() {
        for (text, point) in [
            (
                "Ristretto is traditionally a short shot of espresso coffee",
                "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46",
            ),
            (
                "Just pulling a normal shot short will produce a weaker shot",
                "e2705652ff9f5e44d3e841bf1c251cf7dddb77d140870d1ab2ed64f1a9ce8628",
            ),
        ] {
            let uniform = Sha512::digest(text.as_bytes()).into();
            assert_eq!(RistrettoPoint::from_uniform_bytes(&uniform).compress().to_bytes().to_vec(), bytes(point));
        }
    }

    #[test]
    fn it_hashes_to_the_group_as_the_blinded_elements_of_rfc_9497_show() {
        let blind = bytes("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706");
        let blind = Scalar::from_canonical_bytes(blind.try_into().unwrap()).unwrap();
        for (input, blinded) in [
            (vec![0], "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c"),
            (vec![0x5a; 17], "da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418"),
        ] {
            let uniform = expand_message(b"HashToGroup-OPRFV1-\x00-ristretto255-SHA512", &input);
            let point = RistrettoPoint::from_uniform_bytes(&uniform) * blind;
            assert_eq!(point.compress().to_bytes().to_vec(), bytes(blinded));
        }
    }

    #[test]
    fn it_writes_the_shortest_heads() {
        for (number, hex) in [
            (0, "00"),
            (23, "17"),
            (24, "1818"),
            (255, "18ff"),
            (256, "190100"),
            (65_535, "19ffff"),
            (65_536, "1a00010000"),
            (0xffff_ffff, "1affffffff"),
            (0x1_0000_0000, "1b0000000100000000"),
        ] {
            let mut out = Vec::new();
            Item::Uint(number).write(&mut out);
            assert_eq!(out, bytes(hex));
        }
    }

    #[test]
    fn it_writes_nested_arrays_and_both_strings() {
        let mut out = Vec::new();
        Item::Array(vec!["a".into(), b"\x01".into(), Item::Array(vec![1u64.into(), 3u64.into()])]).write(&mut out);
        assert_eq!(out, bytes("8361614101820103"));
    }
}
