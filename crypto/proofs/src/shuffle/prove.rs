//! The mixer's side. Everything is secret but inputs and outputs: constant time, and the memory is wiped.
//!
//! LIMIT: memory is read in the order of the permutation, so a mixer trusts the other programs of its own machine.

use std::iter::zip;

use curve25519_dalek::ristretto::{RistrettoBasepointTable as Table, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::Binding;
use crate::counts::{self, Kind};
use crate::encoding::{self, Identity, encode, encode_doubled, encode_scalars};
use crate::sums::secret_sum;
use crate::tables::{base_mul, generators, table};
use crate::{Fault, random};

type Scalars = Zeroizing<Vec<Scalar>>;

/// One mixer's work: a permutation, new randomness, and what the proof needs of both.
struct Mix {
    width: usize,
    /// ψ: output i is input ψ(i).
    psi: Zeroizing<Vec<usize>>,
    /// r'_iκ of output i, column κ.
    renewal: Scalars,
    outputs: Vec<RistrettoPoint>,
}

/// ω_1, ω_2, ω_3, ω_4κ, ω̂_i, ω'_i.
struct Nonces {
    single: Scalars,
    columns: Scalars,
    chain: Scalars,
    permutation: Scalars,
}

/// The chain's scalars over G and h_0: ĉ_i = a_i·G + b_i·h_0, from (0, 1).
struct Chain {
    a: Scalars,
    b: Scalars,
    /// r̂_i.
    randomness: Scalars,
}

fn par_map<T: Sync, R: Send>(of: &[T], map: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    of.par_iter().enumerate().with_min_len(16).map(|(at, item)| map(at, item)).collect()
}

fn dot(a: &[Scalar], b: &[Scalar]) -> Scalar {
    zip(a, b).map(|(a, b)| a * b).sum()
}

/// Outputs and proof for N ≥ 1 tuples.
pub fn shuffle(binding: Binding, inputs: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let many = binding.tuples(inputs).ok_or(Fault::Misuse("inputs are at least one whole tuple"))?;
    let key = table(&encoding::key(binding.key)?);
    let mix = Mix::draw(binding.width, &encoding::points(inputs, Identity::Refused)?, many, &key)?;
    let outputs = encode(&mix.outputs);

    let h = generators(many);
    let r = random::scalars(many)?;
    let c = encode(&permutation_commitments(&mix.psi, &r, &h));
    let (seed, u) = binding.seed(many, inputs, &outputs, &c);
    let u_prime: Scalars = Zeroizing::new(mix.psi.iter().map(|j| u[*j]).collect());

    let h_0 = table(&h[0]);
    let chain = Chain::draw(&u_prime)?;
    let chain_bytes = chain.commit(&h_0);
    let nonces = Nonces::draw(many, binding.width)?;
    let t = nonces.commit(&mix, &chain, &h, [&h_0, &key]);
    let gamma = binding.gamma(&seed, &chain_bytes, &t);

    let witness = [r.iter().sum(), chain.a[many], dot(&r, &u)];
    let answer = |nonces: &[Scalar], secrets: &[Scalar]| {
        encode_scalars(&Zeroizing::new(zip(nonces, secrets).map(|(w, x)| w + gamma * x).collect::<Vec<_>>())[..])
    };
    let renewal = mix.renewal_by_column(&u_prime);
    let s = [
        answer(&nonces.single, &witness),
        answer(&nonces.columns, &renewal),
        answer(&nonces.chain, &chain.randomness),
        answer(&nonces.permutation, &u_prime),
    ];
    Ok((outputs, [c, chain_bytes, t, s.concat()].concat()))
}

/// c_ψ(i) = r_ψ(i)·G + h_i.
fn permutation_commitments(psi: &[usize], r: &[Scalar], h: &[RistrettoPoint]) -> Vec<RistrettoPoint> {
    counts::add(Kind::TableMul, psi.len());
    let by_output = par_map(psi, |i, j| base_mul(&r[*j]) + h[i + 1]);
    let mut c = by_output.clone();
    zip(psi, by_output).for_each(|(j, point)| c[*j] = point);
    c
}

impl Mix {
    /// e'_iκ = e_ψ(i),κ + (r'_iκ·G, r'_iκ·K).
    fn draw(width: usize, inputs: &[RistrettoPoint], many: usize, key: &Table) -> Result<Self, Fault> {
        let psi = random::permutation(many)?;
        let renewal = random::scalars(many * width)?;
        counts::add(Kind::TableMul, 2 * renewal.len());
        let renew = |at: usize, r: &Scalar| {
            let from = 2 * (psi[at / width] * width + at % width);
            [inputs[from] + base_mul(r), inputs[from + 1] + key * r]
        };
        let outputs = par_map(&renewal, renew).into_flattened();
        Ok(Mix { width, psi, renewal, outputs })
    }

    /// r*_κ = Σ r'_iκ·u'_i.
    fn renewal_by_column(&self, u_prime: &[Scalar]) -> Scalars {
        let column = |k| self.renewal.iter().skip(k).step_by(self.width);
        Zeroizing::new((0..self.width).map(|k| zip(column(k), u_prime).map(|(r, u)| r * u).sum()).collect())
    }
}

impl Chain {
    /// a_i = r̂_i + u'_i·a_{i−1}, b_i = u'_i·b_{i−1}; a_N is r̂ = Σ r̂_i·v_i.
    fn draw(u_prime: &[Scalar]) -> Result<Self, Fault> {
        let randomness = random::scalars(u_prime.len())?;
        let (mut a, mut b) = (Zeroizing::new(vec![Scalar::ZERO]), Zeroizing::new(vec![Scalar::ONE]));
        for (i, (r, u)) in zip(&randomness[..], u_prime).enumerate() {
            let next = (r + u * a[i], u * b[i]);
            a.push(next.0);
            b.push(next.1);
        }
        Ok(Chain { a, b, randomness })
    }

    /// The encoded ĉ_1 … ĉ_N.
    fn commit(&self, h_0: &Table) -> Vec<u8> {
        counts::add(Kind::TableMul, 2 * self.randomness.len());
        encode_doubled(&par_map(&self.randomness, |i, _| half_pair(&self.a[i + 1], &self.b[i + 1], h_0)))
    }
}

/// Half of a·G + b·h_0, to be encoded doubled.
fn half_pair(a: &Scalar, b: &Scalar, h_0: &Table) -> RistrettoPoint {
    base_mul(&a.div_by_2()) + h_0 * &b.div_by_2()
}

impl Nonces {
    fn draw(many: usize, width: usize) -> Result<Self, Fault> {
        let [single, columns, chain, permutation] = [3, width, many, many].map(random::scalars);
        Ok(Nonces { single: single?, columns: columns?, chain: chain?, permutation: permutation? })
    }

    /// The encoded t_1, t_2, t_3, t_4, t̂.
    fn commit(&self, mix: &Mix, chain: &Chain, h: &[RistrettoPoint], [h_0, key]: [&Table; 2]) -> Vec<u8> {
        let (many, width) = (self.chain.len(), mix.width);
        counts::add(Kind::TableMul, 3 + 2 * width + 2 * many);
        let [t_1, t_2, t_3] = [0, 1, 2].map(|at| base_mul(&self.single[at]));
        let mut head = vec![t_1, t_2, t_3 + secret_sum(&self.permutation, h, 1, 1)];
        for (k, omega) in self.columns.iter().enumerate() {
            let sum = |first| secret_sum(&self.permutation, &mix.outputs, first, 2 * width);
            head.extend([sum(2 * k) - base_mul(omega), sum(2 * k + 1) - key * omega]);
        }
        let link = |i: usize, omega: &Scalar| {
            let u = self.permutation[i];
            half_pair(&(omega + u * chain.a[i]), &(u * chain.b[i]), h_0)
        };
        [encode(&head), encode_doubled(&par_map(&self.chain, link))].concat()
    }
}
