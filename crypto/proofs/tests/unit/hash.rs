//! Unit tests of `hash`, beside the sources so that those stay short.

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
    Item::Array(vec![Item::Text("a".into()), b"\x01".into(), Item::Array(vec![1u64.into(), 3u64.into()])])
        .write(&mut out);
    assert_eq!(out, bytes("8361614101820103"));
}
