//! Points and scalars as bytes: canonical or refused, before any arithmetic (clause E-1; RFC 9496, 4.3.1).

use curve25519_dalek::{ristretto::CompressedRistretto, ristretto::RistrettoPoint, scalar::Scalar, traits::IsIdentity};
use rayon::prelude::*;

use crate::counts::{self, Kind};
use crate::{Bytes32, Fault};

/// Rows a thread takes at a time; below this a second core costs more than it gives.
pub(crate) const GRAIN: usize = 64;

/// One result an item, in order: on all cores from two grains on, else here, since handing over costs more.
pub(crate) fn map_all<T: Sync, R: Send>(items: &[T], grain: usize, work: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    if items.len() < 2 * grain {
        return items.iter().map(work).collect();
    }
    items.par_iter().with_min_len(grain).map(work).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Allowed,
    /// For keys, A, B, R and tags.
    Refused,
}

/// The 32-byte items of a flat array; a torn last item is a bad encoding.
pub fn items(flat: &[u8]) -> Result<&[Bytes32], Fault> {
    match flat.as_chunks::<32>() {
        (whole, []) => Ok(whole),
        (whole, _) => Err(Fault::BadEncoding { at: whole.len() }),
    }
}

fn decode(bytes: &Bytes32, identity: Identity) -> Option<RistrettoPoint> {
    let point = CompressedRistretto(*bytes).decompress()?;
    (identity == Identity::Allowed || !point.is_identity()).then_some(point)
}

pub(crate) fn point(bytes: &Bytes32, identity: Identity) -> Result<RistrettoPoint, Fault> {
    counts::add(Kind::Decode, 1);
    decode(bytes, identity).ok_or(Fault::BadEncoding { at: 0 })
}

/// A public key: canonical and not the identity.
pub(crate) fn key(bytes: &Bytes32) -> Result<RistrettoPoint, Fault> {
    point(bytes, Identity::Refused)
}

pub fn points(flat: &[u8], identity: Identity) -> Result<Vec<RistrettoPoint>, Fault> {
    let items = items(flat)?;
    counts::add(Kind::Decode, items.len());
    let decoded: Option<Vec<_>> = map_all(items, GRAIN, |item| decode(item, identity)).into_iter().collect();
    decoded.ok_or_else(|| first_bad(items, |item| decode(item, identity).is_none()))
}

pub(crate) fn scalar(bytes: &Bytes32) -> Result<Scalar, Fault> {
    Option::from(Scalar::from_canonical_bytes(*bytes)).ok_or(Fault::BadEncoding { at: 0 })
}

pub fn scalars(flat: &[u8]) -> Result<Vec<Scalar>, Fault> {
    let items = items(flat)?;
    let decoded: Option<Vec<_>> = items.iter().map(|item| Scalar::from_canonical_bytes(*item).into()).collect();
    decoded.ok_or_else(|| first_bad(items, |item| scalar(item).is_err()))
}

fn first_bad(items: &[Bytes32], bad: impl Fn(&Bytes32) -> bool) -> Fault {
    let at = items.iter().position(bad).expect("one item was refused a moment ago");
    Fault::BadEncoding { at }
}

pub(crate) fn encode(points: &[RistrettoPoint]) -> Vec<u8> {
    counts::add(Kind::Encode, points.len());
    map_all(points, GRAIN, |point| point.compress().to_bytes()).into_flattened()
}

/// Encodes twice each point. Halve the scalars first: a batch shares one inversion, a single encoding does not.
pub(crate) fn encode_doubled(halves: &[RistrettoPoint]) -> Vec<u8> {
    counts::add(Kind::EncodeBatched, halves.len());
    let chunks: Vec<_> = halves.chunks(4 * GRAIN).collect();
    let batches = map_all(&chunks, 1, |chunk| RistrettoPoint::double_and_compress_batch(*chunk));
    batches.into_iter().flatten().map(|item| item.to_bytes()).collect::<Vec<_>>().into_flattened()
}

pub(crate) fn encode_scalars<'a>(scalars: impl IntoIterator<Item = &'a Scalar>) -> Vec<u8> {
    scalars.into_iter().flat_map(Scalar::to_bytes).collect()
}
