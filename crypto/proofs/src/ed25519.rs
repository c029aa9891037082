//! Ed25519 (RFC 8032) by the strict rule of clause E-6: one by one, cofactorless, s below the order, neither R nor
//! the key of small order, R computed anew and compared as bytes. No batching: a batch can accept what single checks
//! refuse, and two verifiers would then disagree about one signature.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::counts::{self, Kind};
use crate::encoding::{items, map_all};
use crate::group::pairs;
use crate::{Bytes32, Fault};

/// The secret scalar and the prefix of a seed.
fn secret(seed: &Bytes32) -> Zeroizing<(Scalar, Bytes32)> {
    let hash = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(seed)));
    let ([low, high], _) = hash.as_chunks::<32>() else { unreachable!("64 bytes are two halves") };
    Zeroizing::new((Scalar::from_bytes_mod_order(clamp_integer(*low)), *high))
}

fn hash(parts: &[&[u8]]) -> Scalar {
    let hash = parts.iter().fold(Sha512::new(), |hash, part| hash.chain_update(part));
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

pub fn public_key(seed: &Bytes32) -> Bytes32 {
    EdwardsPoint::mul_base(&secret(seed).0).compress().to_bytes()
}

/// The signed bytes: "amanat/v1/sign/" ‖ domain ‖ 00 ‖ eh ‖ digest.
fn message(domain: &str, eh: &Bytes32, digest: &Bytes32) -> Vec<u8> {
    [b"amanat/v1/sign/", domain.as_bytes(), &[0], eh, digest].concat()
}

pub fn sign(seed: &Bytes32, domain: &str, eh: &Bytes32, digest: &Bytes32) -> [u8; 64] {
    counts::add(Kind::Sign, 1);
    sign_bytes(seed, &message(domain, eh, digest))
}

fn sign_bytes(seed: &Bytes32, message: &[u8]) -> [u8; 64] {
    let secret = secret(seed);
    let (scalar, prefix) = &*secret;
    let key = EdwardsPoint::mul_base(scalar).compress();
    let nonce = Zeroizing::new(hash(&[prefix, message]));
    let r = EdwardsPoint::mul_base(&nonce).compress();
    let s = *nonce + hash(&[r.as_bytes(), key.as_bytes(), message]) * scalar;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(r.as_bytes());
    signature[32..].copy_from_slice(s.as_bytes());
    signature
}

/// A key that decodes, is canonical and not of small order.
///
/// The library decodes y ≥ p, and x = 0 with a sign. The former is refused here, though no such point is of
/// prime order; the latter is of small order.
fn key(bytes: &Bytes32) -> Option<EdwardsPoint> {
    let y_at_least_p = bytes[0] >= 0xed && bytes[1..31] == [0xff; 30] && bytes[31] & 0x7f == 0x7f;
    let point = CompressedEdwardsY(*bytes).decompress()?;
    (!y_at_least_p && !point.is_small_order()).then_some(point)
}

/// At enrolment: canonical, in the prime-order group, not the identity.
pub fn require_signing_key(bytes: &Bytes32) -> Result<(), Fault> {
    let sound = key(bytes).is_some_and(|point| point.is_torsion_free());
    if sound { Ok(()) } else { Err(Fault::BadEncoding { at: 0 }) }
}

fn holds(bytes: &Bytes32, message: &[u8], [r, s]: &[Bytes32; 2]) -> bool {
    let (Some(key), Some(s)) = (key(bytes), Option::<Scalar>::from(Scalar::from_canonical_bytes(*s))) else {
        return false;
    };
    let c = hash(&[r, bytes, message]);
    let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&c, &-key, &s);
    !expected.is_small_order() && expected.compress().as_bytes() == r
}

/// Signatures of one domain, column by column.
pub struct Signatures<'a> {
    pub domain: &'a str,
    pub eh: &'a Bytes32,
    pub keys: &'a [u8],
    pub digests: &'a [u8],
    pub signatures: &'a [u8],
}

/// The rows, ascending, whose signature is refused. Columns of different lengths are our own bug.
pub fn refused(all: &Signatures) -> Result<Vec<usize>, Fault> {
    let (keys, digests, signatures) = (items(all.keys)?, items(all.digests)?, pairs(all.signatures)?);
    if keys.len() != digests.len() || keys.len() != signatures.len() {
        return Err(Fault::Misuse("the columns differ in length"));
    }
    counts::add(Kind::VerifySignature, keys.len());
    let good = |row: &usize| holds(&keys[*row], &message(all.domain, all.eh, &digests[*row]), &signatures[*row]);
    let rows: Vec<usize> = (0..keys.len()).collect();
    let held = map_all(&rows, 4, good);
    Ok(rows.into_iter().filter(|row| !held[*row]).collect())
}

#[cfg(test)]
#[path = "../tests/unit/ed25519.rs"]
mod tests;
