//! LIN: one or more secrets applied to many rows of points, with one short proof for all (clauses E-9, T-3, T-9).
//!
//! P_k = σ_k·G, O_i = Σ_k σ_k·R_ik. The weights ρ_i come from a hash of rows *and* outputs, so outputs cannot be
//! chosen to cancel under them.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::MultiscalarMul;
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::counts::{self, Kind};
use crate::encoding::{self, GRAIN, Identity, encode, encode_doubled, encode_scalars};
use crate::hash::{Item, chain, challenge, digest, expand, h512};
use crate::sums::{Equation, public_sum};
use crate::tables::base_mul;
use crate::{Bytes32, Fault, random};

/// What a proof is bound to besides publics, rows and outputs.
#[derive(Clone, Copy)]
pub struct Binding<'a> {
    pub domain: &'a str,
    pub eh: &'a Bytes32,
    pub context: &'a [Item],
}

impl Binding<'_> {
    fn seed(&self, publics: &[u8], rows: &[u8], outputs: &[u8]) -> Result<[u8; 64], Fault> {
        let rest = [Item::array(publics)?, digest(rows), digest(outputs)];
        Ok(h512(self.domain, self.eh, &chain(self.context, rest)))
    }

    fn challenge(&self, seed: &[u8; 64], commitments: &[u8], last: &[u8]) -> Result<Scalar, Fault> {
        let rest = [seed.into(), Item::array(commitments)?, last.into()];
        Ok(challenge(&format!("{}/c", self.domain), self.eh, &rest))
    }
}

/// Outputs O_i and the proof T_1…T_m, T, s_1…s_m, for m secrets and rows of m points each.
pub fn share(binding: Binding, secrets: &[u8], rows: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let secret_bytes = secrets;
    let secrets = Zeroizing::new(encoding::scalars(secrets)?);
    let points = encoding::points(rows, Identity::Refused)?;
    let width = secrets.len();
    if width == 0 || points.is_empty() || !points.len().is_multiple_of(width) {
        return Err(Fault::Misuse("rows are not empty and hold one point a secret"));
    }
    counts::add(Kind::TableMul, 2 * width);
    let publics = encode(&secrets.iter().map(base_mul).collect::<Vec<_>>());
    let outputs = apply(&secrets, &points);
    let seed = binding.seed(&publics, rows, &outputs)?;
    let rho = expand(&seed, points.len() / width);
    let sums: Vec<_> = (0..width).map(|k| public_sum(&rho, &column(&points, width, k))).collect();
    let nonces = nonces(width, secret_bytes, &seed)?;
    counts::add(Kind::SecretSumTerm, width);
    let commitments = encode(&nonces.iter().map(base_mul).collect::<Vec<_>>());
    let last = encode(&[RistrettoPoint::multiscalar_mul(&nonces[..], &sums)]);
    let c = binding.challenge(&seed, &commitments, &last)?;
    let responses: Vec<_> = nonces.iter().zip(&secrets[..]).map(|(nonce, secret)| nonce + c * secret).collect();
    Ok((outputs, [commitments, last, encode_scalars(&responses)].concat()))
}

fn nonces(width: usize, secrets: &[u8], seed: &[u8; 64]) -> Result<Zeroizing<Vec<Scalar>>, Fault> {
    let draw = |k: usize| random::nonce(secrets, &[&seed[..], &(k as u64).to_le_bytes()].concat());
    (0..width).map(draw).collect::<Result<_, _>>().map(Zeroizing::new)
}

/// The encoded Σ_k secret_k·row_ik, constant time.
fn apply(secrets: &[Scalar], points: &[RistrettoPoint]) -> Vec<u8> {
    counts::add(Kind::PointMul, points.len());
    let halves = Zeroizing::new(secrets.iter().map(Scalar::div_by_2).collect::<Vec<_>>());
    let row = |row: &[RistrettoPoint]| match row {
        [point] => point * halves[0],
        _ => RistrettoPoint::multiscalar_mul(&halves[..], row),
    };
    let outputs: Vec<_> = points.par_chunks(secrets.len()).with_min_len(GRAIN / 4).map(row).collect();
    encode_doubled(&outputs)
}

fn column(points: &[RistrettoPoint], width: usize, k: usize) -> Vec<RistrettoPoint> {
    points.iter().skip(k).step_by(width).copied().collect()
}

/// One holder's outputs over given rows, with the proof.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    pub binding: Binding<'a>,
    pub publics: &'a [u8],
    pub outputs: &'a [u8],
    pub proof: &'a [u8],
}

/// Checks holders' outputs over the same rows in one sum: s_k·G = T_k + c·P_k for each k, and
/// Σ s_k·Q_k = T + c·Σ ρ_i·O_i. `at` names the holder that fails.
pub fn verify_many(rows: &[u8], shared: &[Shared]) -> Result<(), Fault> {
    let points = encoding::points(rows, Identity::Refused)?;
    let read = |(at, one): (usize, &Shared)| Claim::read(one, rows, &points).map_err(|fault| fault.of(at));
    let claims: Vec<Claim> = shared.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    if all_hold(&claims, &points)? {
        return Ok(());
    }
    claims.iter().enumerate().try_for_each(|(at, claim)| claim.verify(&points).map_err(|fault| fault.of(at)))
}

struct Claim {
    publics: Vec<RistrettoPoint>,
    outputs: Vec<RistrettoPoint>,
    /// T_1…T_m, T.
    commitments: Vec<RistrettoPoint>,
    responses: Vec<Scalar>,
    rho: Vec<Scalar>,
    c: Scalar,
}

impl Claim {
    fn read(shared: &Shared, rows: &[u8], points: &[RistrettoPoint]) -> Result<Self, Fault> {
        let width = shared.publics.len() / 32;
        let count = shared.outputs.len() / 32;
        let sizes = [(shared.publics, width), (shared.outputs, count), (shared.proof, 2 * width + 1)];
        let whole = sizes.iter().all(|(flat, many)| flat.len() == 32 * many);
        if !whole || width == 0 || count == 0 || points.len() != width * count {
            return Err(Fault::rejected("length"));
        }
        let (commitment_bytes, response_bytes) = shared.proof.split_at(32 * (width + 1));
        let seed = shared.binding.seed(shared.publics, rows, shared.outputs)?;
        let (single, last) = commitment_bytes.split_at(32 * width);
        Ok(Claim {
            publics: encoding::points(shared.publics, Identity::Refused)?,
            outputs: encoding::points(shared.outputs, Identity::Allowed)?,
            commitments: encoding::points(commitment_bytes, Identity::Allowed)?,
            responses: encoding::scalars(response_bytes)?,
            rho: expand(&seed, count),
            c: shared.binding.challenge(&seed, single, last)?,
        })
    }

    /// Adds `weight` times the equation of the rows, and each `weights[k]` times that of public k.
    fn add_to(&self, equation: &mut Equation, row_scalars: &mut [Scalar], weight: Scalar, weights: &[Scalar]) {
        for (k, (w, public)) in weights.iter().zip(&self.publics).enumerate() {
            equation.base += w * self.responses[k];
            equation.push(-w, self.commitments[k]);
            equation.push(-(w * self.c), *public);
        }
        let weighted: Vec<_> = self.responses.iter().map(|s| weight * s).collect();
        for (sums, rho) in row_scalars.chunks_mut(weighted.len()).zip(&self.rho) {
            sums.iter_mut().zip(&weighted).for_each(|(sum, s)| *sum += rho * s);
        }
        equation.push(-weight, self.commitments[self.publics.len()]);
        let minus = -(weight * self.c);
        equation.extend(self.rho.iter().map(|rho| minus * rho).collect(), self.outputs.clone());
    }

    /// Names the equation that fails.
    fn verify(&self, points: &[RistrettoPoint]) -> Result<(), Fault> {
        let publics_hold = (0..self.publics.len())
            .all(|k| base_mul(&self.responses[k]) == self.commitments[k] + self.c * self.publics[k]);
        if !publics_hold {
            return Err(Fault::rejected("linear: public"));
        }
        if all_hold(std::slice::from_ref(self), points)? { Ok(()) } else { Err(Fault::rejected("linear: rows")) }
    }
}

fn all_hold(claims: &[Claim], points: &[RistrettoPoint]) -> Result<bool, Fault> {
    let mut equation = Equation::default();
    let mut row_scalars = vec![Scalar::ZERO; points.len()];
    for claim in claims {
        let weights = random::weights(claim.publics.len() + 1)?;
        let (weight, weights) = weights.split_last().expect("one weight more than publics");
        claim.add_to(&mut equation, &mut row_scalars, *weight, weights);
    }
    equation.extend(row_scalars, points.to_vec());
    Ok(equation.holds())
}
