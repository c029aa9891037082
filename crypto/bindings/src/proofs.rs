//! Sealing, key generation, linear proofs, shuffles.
#![expect(clippy::too_many_arguments, reason = "one for each part of a statement")]

use amanat_proofs::dkg::{self, Dealer};
use amanat_proofs::linear::{self, Shared};
use amanat_proofs::schnorr::{self, Place, Rows};
use amanat_proofs::shuffle::{self as mixing, Statement};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::convert::{B32, Context, Limb, Numbers, limbs, numbers};
use crate::fault::Raised;
use crate::work::released;

type Answer<T> = Result<T, Raised>;
type Pair = (Vec<u8>, Vec<u8>);

/// Sealed limbs: A‖B, R‖s and r of each, in their order.
#[pyclass(frozen, get_all, module = "amanat_crypto")]
pub struct Sealed {
    ciphertexts: Vec<u8>,
    proofs: Vec<u8>,
    randomness: Vec<u8>,
}

#[pyfunction]
#[pyo3(signature = (*, eh, key, context, contest, limbs, secret))]
pub fn seal(
    py: Python<'_>, eh: B32, key: B32, context: B32, contest: u64, limbs: Vec<Limb>, secret: &[u8],
) -> Answer<Sealed> {
    let place = Place { eh: &eh.0, key: &key.0, context: &context.0, contest, limb: 0 };
    let limbs = self::limbs(limbs);
    let sealed = released(py, || schnorr::seal(place, &limbs, secret))?;
    let schnorr::Sealed { ciphertexts, proofs, randomness } = sealed;
    Ok(Sealed { ciphertexts, proofs, randomness: randomness.to_vec() })
}

#[pyfunction]
#[pyo3(signature = (*, ciphertexts, key, randomness))]
pub fn open_sealed<'py>(py: Python<'py>, ciphertexts: &[u8], key: B32, randomness: &[u8]) -> PyResult<Numbers<'py>> {
    let limbs = released(py, || schnorr::open(ciphertexts, &key.0, randomness))?;
    numbers(py, &limbs)
}

#[pyfunction]
#[pyo3(signature = (*, eh, key, contexts, contests, limbs, ciphertexts, proofs))]
pub fn verify_sealed(
    py: Python<'_>, eh: B32, key: B32, contexts: &[u8], contests: Vec<u64>, limbs: Vec<u64>, ciphertexts: &[u8],
    proofs: &[u8],
) -> Answer<Vec<usize>> {
    let (eh, key, contests, limbs) = (&eh.0, &key.0, &contests, &limbs);
    released(py, || schnorr::refused(&Rows { eh, key, contexts, contests, limbs, ciphertexts, proofs }))
}

#[pyfunction]
pub fn commitments(py: Python<'_>, coefficients: &[u8]) -> Answer<Vec<u8>> {
    crate::groups::base_mul(py, coefficients)
}

#[pyfunction]
#[pyo3(signature = (*, ch, key_name, j, coefficients))]
pub fn pop_prove(ch: B32, key_name: &str, j: u64, coefficients: &[u8]) -> Answer<Vec<u8>> {
    Ok(dkg::pop_prove(&Dealer { ch: &ch.0, key_name, j }, coefficients)?)
}

#[pyfunction]
#[pyo3(signature = (*, ch, key_name, j, commitments, proof))]
pub fn pop_verify(ch: B32, key_name: &str, j: u64, commitments: &[u8], proof: &[u8]) -> Answer<()> {
    Ok(dkg::pop_verify(&Dealer { ch: &ch.0, key_name, j }, commitments, proof)?)
}

#[pyfunction]
pub fn polynomial_at(coefficients: &[u8], i: u64) -> Answer<Vec<u8>> {
    Ok(dkg::polynomial_at(coefficients, i)?.to_vec())
}

#[pyfunction]
pub fn commitments_at(commitments: &[u8], i: u64) -> Answer<Vec<u8>> {
    Ok(dkg::commitments_at(commitments, i)?.to_vec())
}

#[pyfunction]
#[pyo3(signature = (*, domain, eh, context, secrets, rows))]
pub fn linear_share(
    py: Python<'_>, domain: &str, eh: B32, context: Context, secrets: &[u8], rows: &[u8],
) -> Answer<Pair> {
    let binding = linear::Binding { domain, eh: &eh.0, context: &context.0 };
    released(py, || linear::share(binding, secrets, rows))
}

#[pyfunction]
#[pyo3(signature = (*, domain, eh, context, publics, rows, outputs, proof))]
pub fn verify_linear(
    py: Python<'_>, domain: &str, eh: B32, context: Context, publics: &[u8], rows: &[u8], outputs: &[u8], proof: &[u8],
) -> Answer<()> {
    let binding = linear::Binding { domain, eh: &eh.0, context: &context.0 };
    released(py, || linear::verify_many(rows, &[Shared { binding, publics, outputs, proof }]))
}

/// The attributes of `amanat_crypto.SharedRows`.
#[derive(FromPyObject)]
pub struct SharedRows {
    context: Context,
    publics: PyBackedBytes,
    outputs: PyBackedBytes,
    proof: PyBackedBytes,
}

#[pyfunction]
#[pyo3(signature = (*, domain, eh, rows, shared))]
pub fn verify_linears(py: Python<'_>, domain: &str, eh: B32, rows: &[u8], shared: Vec<SharedRows>) -> Answer<()> {
    let holders = shared.iter().map(|one| {
        let binding = linear::Binding { domain, eh: &eh.0, context: &one.context.0 };
        Shared { binding, publics: &one.publics, outputs: &one.outputs, proof: &one.proof }
    });
    let holders: Vec<_> = holders.collect();
    released(py, || linear::verify_many(rows, &holders))
}

#[pyfunction]
#[pyo3(signature = (*, eh, context, width, key, inputs))]
pub fn shuffle(py: Python<'_>, eh: B32, context: Context, width: usize, key: B32, inputs: &[u8]) -> Answer<Pair> {
    let binding = mixing::Binding { eh: &eh.0, context: &context.0, width, key: &key.0 };
    released(py, || mixing::shuffle(binding, inputs))
}

#[pyfunction]
#[pyo3(signature = (*, eh, context, width, key, inputs, outputs, proof))]
pub fn verify_shuffle(
    py: Python<'_>, eh: B32, context: Context, width: usize, key: B32, inputs: &[u8], outputs: &[u8], proof: &[u8],
) -> Answer<()> {
    let binding = mixing::Binding { eh: &eh.0, context: &context.0, width, key: &key.0 };
    released(py, || mixing::verify(&Statement { binding, inputs, outputs, proof }))
}

/// The attributes of `amanat_crypto.Shuffled`.
#[derive(FromPyObject)]
pub struct Shuffled {
    context: Context,
    width: usize,
    inputs: PyBackedBytes,
    outputs: PyBackedBytes,
    proof: PyBackedBytes,
}

#[pyfunction]
#[pyo3(signature = (*, eh, key, statements))]
pub fn verify_shuffles(py: Python<'_>, eh: B32, key: B32, statements: Vec<Shuffled>) -> Answer<()> {
    let statements = statements.iter().map(|one| {
        let binding = mixing::Binding { eh: &eh.0, context: &one.context.0, width: one.width, key: &key.0 };
        Statement { binding, inputs: &one.inputs, outputs: &one.outputs, proof: &one.proof }
    });
    let statements: Vec<_> = statements.collect();
    released(py, || mixing::verify_many(&statements))
}
