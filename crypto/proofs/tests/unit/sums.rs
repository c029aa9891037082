//! Unit tests of `sums`, beside the sources so that those stay short.

use super::*;
use crate::random;

#[test]
fn both_sums_equal_the_plain_one_across_the_ends_of_runs() {
    for many in [1, 2, SECRET_RUN - 1, SECRET_RUN, SECRET_RUN + 1, 1100] {
        let (scalars, points) = (random::scalars(many).unwrap(), random::scalars(2 * many).unwrap());
        let points: Vec<_> = points.iter().map(base_mul).collect();
        for first in [0, 1] {
            let every_second: Vec<_> = points[first..].iter().step_by(2).copied().collect();
            let plain: RistrettoPoint = scalars.iter().zip(&every_second).map(|(s, p)| s * p).sum();
            assert_eq!(secret_sum(&scalars, &points, first, 2), plain);
            assert_eq!(public_sum(&scalars, &every_second), plain);
        }
    }
}

#[test]
fn an_equation_counts_terms_that_are_added_later() {
    let point = base_mul(&Scalar::from(5u8));
    let mut equation = Equation { base: Scalar::from(15u8), ..Equation::default() };
    let at = equation.extend(vec![-Scalar::ONE], vec![point]);
    assert!(!equation.holds());
    equation.add_at(at, vec![-Scalar::from(2u8)]);
    assert!(equation.holds());
}
