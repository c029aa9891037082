//! The checker's side: the equations of any number of shuffles as one multi-scalar sum.
//!
//! The generators are shared by all, and where a statement's inputs are the outputs of the one before, their points
//! are decoded and summed once.

use std::iter::{once, zip};

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;

use super::{Binding, Parts};
use crate::encoding::{self, Identity};
use crate::sums::Equation;
use crate::tables::generators;
use crate::{Fault, random};

/// A shuffle as published.
#[derive(Clone, Copy)]
pub struct Statement<'a> {
    pub binding: Binding<'a>,
    pub inputs: &'a [u8],
    pub outputs: &'a [u8],
    pub proof: &'a [u8],
}

/// Bytes of inputs checked in one sum (65,536 ciphertexts); about thirty times as much memory is used.
const GROUP_BYTES: usize = 4 << 20;

/// The equations in the protocol's order. After a failure each is checked alone, to name the one that fails.
const CHECKS: [&str; 5] = [
    "shuffle: sum of commitments",
    "shuffle: end of chain",
    "shuffle: permutation",
    "shuffle: re-encryption",
    "shuffle: chain",
];

/// Checks one shuffle.
pub fn verify(statement: &Statement) -> Result<(), Fault> {
    if all_hold(std::slice::from_ref(statement), None)? {
        return Ok(());
    }
    for (family, check) in CHECKS.iter().enumerate() {
        if !all_hold(std::slice::from_ref(statement), Some(family))? {
            return Err(Fault::rejected(check));
        }
    }
    unreachable!("a weighted sum fails only where one of its parts does")
}

/// Checks many shuffles; `at` names the first that fails.
pub fn verify_many(statements: &[Statement]) -> Result<(), Fault> {
    let mut start = 0;
    while start < statements.len() {
        let mut bytes = 0;
        let within = statements[start..].iter().take_while(|one| {
            bytes += one.inputs.len();
            bytes <= GROUP_BYTES
        });
        let end = start + within.count().max(1);
        if !matches!(all_hold(&statements[start..end], None), Ok(true)) {
            (start..end).try_for_each(|at| verify(&statements[at]).map_err(|fault| fault.of(at)))?;
        }
        start = end;
    }
    Ok(())
}

/// A statement decoded: canonical, and of the sizes its inputs demand.
struct Claim {
    width: usize,
    key: RistrettoPoint,
    /// None: the outputs of the claim before.
    inputs: Option<Vec<RistrettoPoint>>,
    outputs: Vec<RistrettoPoint>,
    /// c, ĉ, t_1, t_2, t_3, t_4, t̂.
    commitments: Vec<RistrettoPoint>,
    /// s_1, s_2, s_3, s_4, ŝ, s'.
    responses: Vec<Scalar>,
    u: Vec<Scalar>,
    gamma: Scalar,
}

impl Claim {
    fn read(statement: &Statement, before: Option<&Statement>) -> Result<Self, Fault> {
        let Statement { binding, inputs, outputs, proof } = *statement;
        let many = binding.tuples(inputs).filter(|_| inputs.len() == outputs.len());
        let many = many.ok_or(Fault::rejected("length"))?;
        let parts = Parts::cut(proof, many, binding.width)?;
        let (seed, u) = binding.seed(many, inputs, outputs, parts.c);
        let shared = before.is_some_and(|before| before.outputs == inputs);
        let decode_inputs = || encoding::points(inputs, Identity::Refused);
        let responses = encoding::scalars(parts.s)?;
        Ok(Claim {
            width: binding.width,
            key: encoding::key(binding.key)?,
            inputs: if shared { None } else { Some(decode_inputs()?) },
            outputs: encoding::points(outputs, Identity::Refused)?,
            commitments: encoding::points(&proof[..proof.len() - parts.s.len()], Identity::Allowed)?,
            responses,
            gamma: binding.gamma(&seed, parts.chain, parts.t),
            u,
        })
    }

    /// The scalars of all points of this claim in the sum of its equations, each under its own weight.
    fn terms(&self, weights: &Weights) -> Terms {
        let (many, gamma) = (self.u.len(), self.gamma);
        let Weights { single: [e_1, e_2, e_3], columns, chain: w } = weights;
        let (single, rest) = self.responses.split_at(3);
        let (s_4, rest) = rest.split_at(self.width);
        let (s_hat, s_prime) = rest.split_at(many);

        let links: Scalar = zip(w, s_hat).map(|(w, s)| w * s).sum();
        let product: Scalar = self.u.iter().product();
        let step = |i: usize| w.get(i).map_or(-(gamma * e_2), |w| w * s_prime[i]);
        let end = |column: usize| zip(s_4, columns).map(|(s, weights)| s * weights[column]).sum::<Scalar>();
        let h = s_prime.iter().map(|s| e_1 * gamma + e_3 * s);
        let c = self.u.iter().map(|u| -(gamma * (e_1 + e_3 * u)));
        let chain = (0..many).map(|i| step(i + 1) - gamma * w[i]);
        let t = weights.single.iter().chain(columns.as_flattened()).chain(w).map(|weight| -weight);
        let by_tuple = |scalars: &[Scalar], factor: Scalar| {
            let columns: Vec<_> = columns.as_flattened().iter().map(|weight| factor * weight).collect();
            scalars.iter().flat_map(|scalar| columns.iter().map(move |weight| scalar * weight)).collect()
        };
        Terms {
            base: e_1 * single[0] + e_2 * single[1] + e_3 * single[2] - end(0) + links,
            key: -end(1),
            generators: once(e_2 * gamma * product + step(0)).chain(h).collect(),
            inputs: by_tuple(&self.u, -gamma),
            outputs: by_tuple(s_prime, Scalar::ONE),
            commitments: c.chain(chain).chain(t).collect(),
        }
    }
}

/// One weight an equation: zero where only one family of equations is asked for.
struct Weights {
    single: [Scalar; 3],
    columns: Vec<[Scalar; 2]>,
    chain: Vec<Scalar>,
}

impl Weights {
    fn draw(many: usize, width: usize, only: Option<usize>) -> Result<Self, Fault> {
        let mut all = random::weights(3 + 2 * width + many)?;
        if let Some(family) = only {
            let kept = [0..1, 1..2, 2..3, 3..3 + 2 * width, 3 + 2 * width..all.len()][family].clone();
            all.iter_mut()
                .enumerate()
                .filter(|(at, _)| !kept.contains(at))
                .for_each(|(_, weight)| *weight = Scalar::ZERO);
        }
        let chain = all.split_off(3 + 2 * width);
        let columns = all[3..].as_chunks::<2>().0.to_vec();
        Ok(Weights { single: [all[0], all[1], all[2]], columns, chain })
    }
}

struct Terms {
    base: Scalar,
    key: Scalar,
    generators: Vec<Scalar>,
    inputs: Vec<Scalar>,
    outputs: Vec<Scalar>,
    commitments: Vec<Scalar>,
}

/// All equations of all statements, or one family of them, as one sum with fresh weights.
fn all_hold(statements: &[Statement], only: Option<usize>) -> Result<bool, Fault> {
    let read = |at: usize| {
        let claim = Claim::read(&statements[at], at.checked_sub(1).map(|before| &statements[before]))?;
        let terms = claim.terms(&Weights::draw(claim.u.len(), claim.width, only)?);
        Ok((claim, terms))
    };
    let read: Vec<(Claim, Terms)> = (0..statements.len()).into_par_iter().map(read).collect::<Result<_, Fault>>()?;
    let mut equation = Equation::default();
    let mut shared = vec![Scalar::ZERO; read.iter().map(|(_, terms)| terms.generators.len()).max().unwrap_or(0)];
    let mut outputs_at = 0;
    for (claim, terms) in read {
        equation.base += terms.base;
        equation.push(terms.key, claim.key);
        zip(&mut shared, terms.generators).for_each(|(sum, scalar)| *sum += scalar);
        match claim.inputs {
            Some(points) => _ = equation.extend(terms.inputs, points),
            None => equation.add_at(outputs_at, terms.inputs),
        }
        outputs_at = equation.extend(terms.outputs, claim.outputs);
        equation.extend(terms.commitments, claim.commitments);
    }
    let generators = generators(shared.len());
    let generators = generators[..shared.len()].to_vec();
    equation.extend(shared, generators);
    Ok(equation.holds())
}
