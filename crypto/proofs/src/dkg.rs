//! Pedersen's distributed key generation with proofs of possession (clauses K-3, K-5, K-7): the group work of one
//! dealer.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use zeroize::Zeroizing;

use crate::counts::{self, Kind};
use crate::encoding::{self, Identity, encode, items};
use crate::group::base_muls;
use crate::hash::{Item, challenge};
use crate::tables::base_mul;
use crate::{Bytes32, Fault, random};

/// Whose polynomial, for which key, in which ceremony.
#[derive(Clone, Copy)]
pub struct Dealer<'a> {
    pub ch: &'a Bytes32,
    pub key_name: &'a str,
    pub j: u64,
}

/// The powers 1, i, i², … of a holder's number.
fn powers(i: u64, many: usize) -> Vec<Scalar> {
    std::iter::successors(Some(Scalar::ONE), |power| Some(power * Scalar::from(i))).take(many).collect()
}

fn require_number(i: u64) -> Result<(), Fault> {
    if i == 0 { Err(Fault::Misuse("holders are numbered from 1")) } else { Ok(()) }
}

/// Hs("dkg-pop", q, j, [C_j0 …], R).
fn pop_challenge(dealer: &Dealer, commitments: &[u8], r: &Bytes32) -> Result<Scalar, Fault> {
    let rest = [Item::Text(dealer.key_name.to_owned()), dealer.j.into(), Item::array(commitments)?, r.into()];
    Ok(challenge("dkg-pop", dealer.ch, &rest))
}

/// R‖s: the dealer of these coefficients knows the first.
pub fn pop_prove(dealer: &Dealer, coefficients: &[u8]) -> Result<Vec<u8>, Fault> {
    let commitments = base_muls(coefficients)?;
    let Some(first) = items(coefficients)?.first() else { return Err(Fault::Misuse("there is no coefficient")) };
    let secret = Zeroizing::new(encoding::scalar(first)?);
    let v = Zeroizing::new(random::nonce(first, &commitments)?);
    counts::add(Kind::TableMul, 1);
    let r = base_mul(&v).compress().to_bytes();
    let s = *v + pop_challenge(dealer, &commitments, &r)? * *secret;
    Ok([r, s.to_bytes()].concat())
}

/// s·G = R + c·C_j0.
pub fn pop_verify(dealer: &Dealer, commitments: &[u8], proof: &[u8]) -> Result<(), Fault> {
    let points = encoding::points(commitments, Identity::Refused)?;
    let (Some(first), [r, s]) = (points.first(), items(proof)?) else { return Err(Fault::rejected("length")) };
    let (commitment, s) = (encoding::point(r, Identity::Refused)?, encoding::scalar(s)?);
    let c = pop_challenge(dealer, commitments, r)?;
    counts::add(Kind::SumTerm, 2);
    if RistrettoPoint::vartime_double_scalar_mul_basepoint(&-c, first, &s) == commitment {
        Ok(())
    } else {
        Err(Fault::rejected("possession"))
    }
}

/// f(i) of the polynomial with these coefficients, lowest first.
pub fn polynomial_at(coefficients: &[u8], i: u64) -> Result<Bytes32, Fault> {
    require_number(i)?;
    let coefficients = Zeroizing::new(encoding::scalars(coefficients)?);
    let value = coefficients.iter().rev().fold(Scalar::ZERO, |value, a| value * Scalar::from(i) + a);
    Ok(value.to_bytes())
}

/// Σ i^k·C_k: what f(i)·G must be.
pub fn commitments_at(commitments: &[u8], i: u64) -> Result<Bytes32, Fault> {
    require_number(i)?;
    let points = encoding::points(commitments, Identity::Refused)?;
    counts::add(Kind::SumTerm, points.len());
    let sum = RistrettoPoint::vartime_multiscalar_mul(powers(i, points.len()), &points);
    Ok(encode(&[sum]).try_into().expect("one point is 32 bytes"))
}

/// λ_j = Π i/(i − j) over the other members i of `set`, which is ascending and from 1.
pub fn lagrange(j: u64, set: &[u64]) -> Result<Bytes32, Fault> {
    if set.first() == Some(&0) || !set.is_sorted_by(|a, b| a < b) || !set.contains(&j) {
        return Err(Fault::Misuse("the set is ascending, from 1, and holds j"));
    }
    let others = set.iter().filter(|i| **i != j).map(|i| Scalar::from(*i));
    let (above, below) =
        others.fold((Scalar::ONE, Scalar::ONE), |(above, below), i| (above * i, below * (i - Scalar::from(j))));
    Ok((above * below.invert()).to_bytes())
}
