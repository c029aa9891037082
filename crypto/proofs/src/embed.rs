//! Numbers below 2^246 as points and back (clause B-2).
//!
//! The point of limb u is the one encoded by the little-endian bytes of 2·(256·u + ctr) with the smallest ctr that
//! decodes and is not the identity. A point with a larger counter carries a mark and is no limb.
//!
//! LIMIT: the decoder is the library's, which branches once, after all its arithmetic, on whether bytes decode. The
//! tries run in an order with a random start, so that what this branch costs is not tied to a counter.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::{Identity, IsIdentity};
use subtle::{ConditionallySelectable, ConstantTimeLess};

use crate::counts::{self, Kind};
use crate::encoding::{self, encode, items};
use crate::random;
use crate::{Bytes32, Fault};

/// Bits of a limb.
pub const LIMB_BITS: u32 = 246;
/// Tries that always run: about one in four decodes, so more are needed once in 10^8 limbs.
const TRIES: u8 = 64;

/// The little-endian bytes of 2·(256·limb + counter).
fn candidate(limb: &Bytes32, counter: u8) -> Bytes32 {
    let mut bytes = [0; 32];
    bytes[0] = counter << 1;
    let mut carry = counter >> 7;
    for (to, from) in bytes[1..].iter_mut().zip(limb) {
        *to = from << 1 | carry;
        carry = from >> 7;
    }
    bytes
}

fn decodes(limb: &Bytes32, counter: u8) -> Option<RistrettoPoint> {
    encoding::point(&candidate(limb, counter), encoding::Identity::Refused).ok()
}

/// The point of a limb, given as 32 little-endian bytes.
pub(crate) fn embed_one(limb: &Bytes32) -> Result<RistrettoPoint, Fault> {
    if limb[30] >> 6 != 0 || limb[31] != 0 {
        return Err(Fault::Misuse("a limb is below 2^246"));
    }
    let start = random::scalar()?.to_bytes()[0];
    let (mut best, mut point) = (u8::MAX, RistrettoPoint::identity());
    for step in 0..TRIES {
        let counter = step.wrapping_add(start) % TRIES;
        let (found, tried) =
            decodes(limb, counter).map_or((u8::MAX, RistrettoPoint::identity()), |tried| (counter, tried));
        let better = found.ct_lt(&best);
        point.conditional_assign(&tried, better);
        best.conditional_assign(&found, better);
    }
    if !point.is_identity() {
        return Ok(point);
    }
    let rest = (TRIES..=u8::MAX).find_map(|counter| decodes(limb, counter));
    rest.ok_or(Fault::Misuse("no counter makes this limb a point"))
}

/// The encoded points of limbs.
pub fn embed(limbs: &[Bytes32]) -> Result<Vec<u8>, Fault> {
    let points: Vec<_> = encoding::map_all(limbs, 1, embed_one).into_iter().collect::<Result<_, _>>()?;
    Ok(encode(&points))
}

/// The limb of an encoded point; None for the identity and where the counter is not the smallest.
fn unembed_one(encoded: &Bytes32) -> Option<Bytes32> {
    if *encoded == [0; 32] {
        return None;
    }
    let mut limb = [0; 32];
    for (at, to) in limb[..31].iter_mut().enumerate() {
        *to = encoded[at + 1] >> 1 | encoded.get(at + 2).map_or(0, |next| next << 7);
    }
    let counter = encoded[0] >> 1 | encoded[1] << 7;
    (0..counter).all(|smaller| decodes(&limb, smaller).is_none()).then_some(limb)
}

/// The limbs of canonical points, as 32 little-endian bytes.
pub fn unembed(points: &[u8]) -> Result<Vec<Option<Bytes32>>, Fault> {
    encoding::points(points, encoding::Identity::Allowed)?;
    Ok(encoding::map_all(items(points)?, 16, unembed_one))
}

pub(crate) fn unembed_point(point: &RistrettoPoint) -> Option<Bytes32> {
    counts::add(Kind::Encode, 1);
    unembed_one(&point.compress().to_bytes())
}
