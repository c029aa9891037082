//! Multi-scalar sums on all cores: variable time over public scalars, constant time over secret ones.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, MultiscalarMul, VartimeMultiscalarMul};
use rayon::prelude::*;

use crate::counts::{self, Kind};
use crate::tables::base_mul;

/// Points of one run of Pippenger's method: longer runs gain nothing and leave the caches.
const PUBLIC_RUN: usize = 1 << 15;
/// Points of one run of Straus' method: its tables fill 160 KiB.
const SECRET_RUN: usize = 128;

/// Σ scalar·point. The scalars are public.
pub(crate) fn public_sum(scalars: &[Scalar], points: &[RistrettoPoint]) -> RistrettoPoint {
    assert_eq!(scalars.len(), points.len());
    counts::add(Kind::SumTerm, points.len());
    let run = points.len().div_ceil(rayon::current_num_threads()).clamp(512, PUBLIC_RUN);
    let runs = scalars.par_chunks(run).zip(points.par_chunks(run));
    runs.map(|(scalars, points)| RistrettoPoint::vartime_multiscalar_mul(scalars, points))
        .reduce(RistrettoPoint::identity, |a, b| a + b)
}

/// Σ scalar·point over every `step`th point from `first`. The scalars are secret.
pub(crate) fn secret_sum(scalars: &[Scalar], points: &[RistrettoPoint], first: usize, step: usize) -> RistrettoPoint {
    counts::add(Kind::SecretSumTerm, scalars.len());
    let runs = scalars.par_chunks(SECRET_RUN).zip(points[first..].par_chunks(SECRET_RUN * step));
    runs.map(|(scalars, points)| {
        RistrettoPoint::multiscalar_mul(scalars, points.iter().step_by(step).take(scalars.len()))
    })
    .reduce(RistrettoPoint::identity, |a, b| a + b)
}

/// An equation Σ scalar·point = 0 under construction, with G's scalar kept apart.
#[derive(Default)]
pub(crate) struct Equation {
    pub base: Scalar,
    scalars: Vec<Scalar>,
    points: Vec<RistrettoPoint>,
}

impl Equation {
    pub fn push(&mut self, scalar: Scalar, point: RistrettoPoint) {
        self.scalars.push(scalar);
        self.points.push(point);
    }

    /// Appends terms and gives where they begin, for `add_at`.
    pub fn extend(&mut self, mut scalars: Vec<Scalar>, mut points: Vec<RistrettoPoint>) -> usize {
        assert_eq!(scalars.len(), points.len());
        let start = self.points.len();
        self.points.append(&mut points);
        self.scalars.append(&mut scalars);
        start
    }

    /// Adds to the scalars of terms that stand already.
    pub fn add_at(&mut self, start: usize, scalars: Vec<Scalar>) {
        self.scalars[start..].iter_mut().zip(scalars).for_each(|(sum, scalar)| *sum += scalar);
    }

    pub fn holds(&self) -> bool {
        counts::add(Kind::TableMul, 1);
        public_sum(&self.scalars, &self.points) + base_mul(&self.base) == RistrettoPoint::identity()
    }
}

#[cfg(test)]
#[path = "../tests/unit/sums.rs"]
mod tests;
