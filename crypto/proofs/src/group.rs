//! Plain arithmetic on flat arrays, and ElGamal (clauses E-1, B-3): canonical in, canonical out.

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_COMPRESSED;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::counts::{self, Kind};
use crate::encoding::{self, Identity, encode, encode_doubled, items};
use crate::tables::{base_mul, table};
use crate::{Bytes32, Fault};

/// The encoding of the generator G.
pub const GENERATOR: Bytes32 = RISTRETTO_BASEPOINT_COMPRESSED.to_bytes();

pub fn scalar_add(a: &Bytes32, b: &Bytes32) -> Result<Bytes32, Fault> {
    Ok((encoding::scalar(a)? + encoding::scalar(b)?).to_bytes())
}

pub fn scalar_mul(a: &Bytes32, b: &Bytes32) -> Result<Bytes32, Fault> {
    Ok((encoding::scalar(a)? * encoding::scalar(b)?).to_bytes())
}

/// 1/a; zero has none.
pub fn scalar_invert(a: &Bytes32) -> Result<Bytes32, Fault> {
    let a = encoding::scalar(a)?;
    if a == Scalar::ZERO { Err(Fault::BadEncoding { at: 0 }) } else { Ok(a.invert().to_bytes()) }
}

/// scalar_i·G.
pub fn base_muls(scalars: &[u8]) -> Result<Vec<u8>, Fault> {
    let scalars = Zeroizing::new(encoding::scalars(scalars)?);
    counts::add(Kind::TableMul, scalars.len());
    let halves: Vec<_> = encoding::map_all(&scalars, 16, |scalar| base_mul(&scalar.div_by_2()));
    Ok(encode_doubled(&halves))
}

/// scalar·point_i, one secret scalar for all.
pub fn point_muls(scalar: &Bytes32, points: &[u8]) -> Result<Vec<u8>, Fault> {
    let half = Zeroizing::new(encoding::scalar(scalar)?.div_by_2());
    let points = encoding::points(points, Identity::Allowed)?;
    counts::add(Kind::PointMul, points.len());
    let halves: Vec<_> = encoding::map_all(&points, 16, |point| point * *half);
    Ok(encode_doubled(&halves))
}

pub fn negate(points: &[u8]) -> Result<Vec<u8>, Fault> {
    let points = encoding::points(points, Identity::Allowed)?;
    Ok(encode(&points.iter().map(|point| -point).collect::<Vec<_>>()))
}

/// Sums of the points that share a position; there is at least one column and all are of one length.
pub fn sum(columns: &[&[u8]]) -> Result<Vec<u8>, Fault> {
    let [first, rest @ ..] = columns else { return Err(Fault::Misuse("there is no column to add")) };
    let first = encoding::points(first, Identity::Allowed)?;
    rest.iter()
        .try_fold(first, |sums, column| combine(sums, column, |sum, point| sum + point))
        .map(|sums| encode(&sums))
}

fn combine(
    mut sums: Vec<RistrettoPoint>, column: &[u8], with: fn(&RistrettoPoint, &RistrettoPoint) -> RistrettoPoint,
) -> Result<Vec<RistrettoPoint>, Fault> {
    let column = encoding::points(column, Identity::Allowed)?;
    if sums.len() != column.len() {
        return Err(Fault::Misuse("the columns differ in length"));
    }
    sums.iter_mut().zip(&column).for_each(|(sum, point)| *sum = with(sum, point));
    Ok(sums)
}

/// (A, B) = (r·base, M + r·key) for each message and its randomness.
pub fn elgamal(base: &Bytes32, key: &Bytes32, messages: &[u8], randomness: &[u8]) -> Result<Vec<u8>, Fault> {
    let (base, key) = (encoding::key(base)?, encoding::key(key)?);
    let messages = encoding::points(messages, Identity::Allowed)?;
    let randomness = Zeroizing::new(encoding::scalars(randomness)?);
    if messages.len() != randomness.len() {
        return Err(Fault::Misuse("each message takes one scalar"));
    }
    counts::add(Kind::TableMul, 2 * messages.len());
    let (base, key) = (table(&base), table(&key));
    let seal = |(message, r): (&RistrettoPoint, &Scalar)| [&*base * r, message + &*key * r];
    let sealed = messages.par_iter().zip(&randomness[..]).with_min_len(16).map(seal);
    Ok(encode(sealed.collect::<Vec<_>>().as_flattened()))
}

/// The pairs (A, B) of flat ciphertexts.
pub(crate) fn pairs(ciphertexts: &[u8]) -> Result<&[[Bytes32; 2]], Fault> {
    let items = items(ciphertexts)?;
    match items.as_chunks::<2>() {
        (pairs, []) => Ok(pairs),
        _ => Err(Fault::BadEncoding { at: items.len() }),
    }
}

/// The rows (B_i, −A_i) of which a share of a tag is made.
pub fn tag_rows(ciphertexts: &[u8]) -> Result<Vec<u8>, Fault> {
    let pairs = pairs(ciphertexts)?;
    let points = encoding::points(ciphertexts, Identity::Refused)?;
    let minus_a = encode(&points.iter().step_by(2).map(|a| -a).collect::<Vec<_>>());
    Ok(pairs
        .iter()
        .zip(items(&minus_a)?)
        .flat_map(|([_, b], minus_a)| [*b, *minus_a])
        .collect::<Vec<_>>()
        .into_flattened())
}

/// The A_i of flat ciphertexts.
pub fn heads(ciphertexts: &[u8]) -> Result<Vec<u8>, Fault> {
    Ok(pairs(ciphertexts)?.iter().map(|[a, _]| *a).collect::<Vec<_>>().into_flattened())
}

/// M_i = B_i − Σ shares_i.
pub fn elgamal_open(ciphertexts: &[u8], shares: &[&[u8]]) -> Result<Vec<u8>, Fault> {
    let tails: Vec<u8> = pairs(ciphertexts)?.iter().flat_map(|[_, b]| *b).collect();
    let tails = encoding::points(&tails, Identity::Refused)?;
    shares.iter().try_fold(tails, |rest, share| combine(rest, share, |b, share| b - share)).map(|rest| encode(&rest))
}
