//! Points, scalars, hashing, embedding, ElGamal.

use std::collections::BTreeMap;

use amanat_proofs::{counts, dkg, embed as limbs_in_points, encoding, group, hash, random};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::convert::{B32, Limb, Numbers, limbs, numbers};
use crate::fault::Raised;
use crate::work::released;

type Answer<T> = Result<T, Raised>;

/// G, and the order of the group as a Python number.
pub fn add_constants(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let order = "7237005577332262213973186563042994240857116359379907606001950938285454250989";
    let number = module.py().get_type::<pyo3::types::PyInt>().call1((order,))?;
    module.add("G", group::GENERATOR.to_vec())?;
    module.add("ORDER", number)
}

/// The instructions in use for sums and multiples of points.
#[pyfunction]
pub fn backend() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if cfg!(all(target_feature = "avx512ifma", target_feature = "avx512vl")) {
        return "avx512";
    } else if std::arch::is_x86_feature_detected!("avx2") {
        return "avx2";
    }
    "serial"
}

#[pyfunction]
pub fn operation_counts() -> BTreeMap<&'static str, u64> {
    counts::read().into_iter().collect()
}

#[pyfunction]
pub fn reset_operation_counts() {
    counts::reset();
}

#[pyfunction]
pub fn random_scalar() -> Answer<Vec<u8>> {
    Ok(random::scalar()?.to_bytes().to_vec())
}

#[pyfunction]
pub fn scalar_from_hash(preimage: &[u8]) -> Vec<u8> {
    hash::scalar_from_hash(preimage).to_bytes().to_vec()
}

#[pyfunction]
pub fn nonce(secret: &[u8], message: &[u8]) -> Answer<Vec<u8>> {
    Ok(random::nonce(secret, message)?.to_bytes().to_vec())
}

#[pyfunction]
pub fn scalar_add(a: B32, b: B32) -> Answer<Vec<u8>> {
    Ok(group::scalar_add(&a.0, &b.0)?.to_vec())
}

#[pyfunction]
pub fn scalar_mul(a: B32, b: B32) -> Answer<Vec<u8>> {
    Ok(group::scalar_mul(&a.0, &b.0)?.to_vec())
}

#[pyfunction]
pub fn scalar_invert(a: B32) -> Answer<Vec<u8>> {
    Ok(group::scalar_invert(&a.0)?.to_vec())
}

#[pyfunction]
pub fn lagrange(j: u64, members: Vec<u64>) -> Answer<Vec<u8>> {
    Ok(dkg::lagrange(j, &members)?.to_vec())
}

#[pyfunction]
pub fn base_mul(py: Python<'_>, scalars: &[u8]) -> Answer<Vec<u8>> {
    released(py, || group::base_muls(scalars))
}

#[pyfunction]
#[pyo3(signature = (*, scalar, points))]
pub fn point_mul(py: Python<'_>, scalar: B32, points: &[u8]) -> Answer<Vec<u8>> {
    released(py, || group::point_muls(&scalar.0, points))
}

#[pyfunction]
pub fn points_add(py: Python<'_>, a: &[u8], b: &[u8]) -> Answer<Vec<u8>> {
    released(py, || group::sum(&[a, b]))
}

#[pyfunction]
pub fn points_negate(py: Python<'_>, points: &[u8]) -> Answer<Vec<u8>> {
    released(py, || group::negate(points))
}

#[pyfunction]
pub fn points_sum(py: Python<'_>, columns: Vec<PyBackedBytes>) -> Answer<Vec<u8>> {
    let columns: Vec<&[u8]> = columns.iter().map(|bytes| &**bytes).collect();
    released(py, || group::sum(&columns))
}

#[pyfunction]
#[pyo3(signature = (points, *, identity_allowed = false))]
pub fn require_points(py: Python<'_>, points: &[u8], identity_allowed: bool) -> Answer<()> {
    let identity = if identity_allowed { encoding::Identity::Allowed } else { encoding::Identity::Refused };
    released(py, || encoding::points(points, identity).map(drop))
}

#[pyfunction]
pub fn require_scalars(scalars: &[u8]) -> Answer<()> {
    Ok(encoding::scalars(scalars).map(drop)?)
}

#[pyfunction]
pub fn hash_to_group(domain: &str, data: &[u8]) -> Answer<Vec<u8>> {
    Ok(hash::hash_to_group(domain, &[data])?)
}

#[pyfunction]
pub fn hash_to_group_many(py: Python<'_>, domain: &str, items: Vec<PyBackedBytes>) -> Answer<Vec<u8>> {
    let items: Vec<&[u8]> = items.iter().map(|bytes| &**bytes).collect();
    released(py, || hash::hash_to_group(domain, &items))
}

#[pyfunction]
pub fn embed(py: Python<'_>, limbs: Vec<Limb>) -> Answer<Vec<u8>> {
    let limbs = self::limbs(limbs);
    released(py, || limbs_in_points::embed(&limbs))
}

#[pyfunction]
pub fn unembed<'py>(py: Python<'py>, points: &[u8]) -> PyResult<Numbers<'py>> {
    let limbs = released(py, || limbs_in_points::unembed(points))?;
    numbers(py, &limbs)
}

#[pyfunction]
#[pyo3(signature = (*, base, key, messages, randomness))]
pub fn elgamal(py: Python<'_>, base: B32, key: B32, messages: &[u8], randomness: &[u8]) -> Answer<Vec<u8>> {
    released(py, || group::elgamal(&base.0, &key.0, messages, randomness))
}

#[pyfunction]
pub fn tag_rows(py: Python<'_>, ciphertexts: &[u8]) -> Answer<Vec<u8>> {
    released(py, || group::tag_rows(ciphertexts))
}

#[pyfunction]
pub fn cipher_heads(ciphertexts: &[u8]) -> Answer<Vec<u8>> {
    Ok(group::heads(ciphertexts)?)
}

#[pyfunction]
pub fn elgamal_open(py: Python<'_>, ciphertexts: &[u8], shares: Vec<PyBackedBytes>) -> Answer<Vec<u8>> {
    let shares: Vec<&[u8]> = shares.iter().map(|bytes| &**bytes).collect();
    released(py, || group::elgamal_open(ciphertexts, &shares))
}
