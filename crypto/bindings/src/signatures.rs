//! Ed25519 by the strict rule.

use amanat_proofs::ed25519::{self, Signatures};
use pyo3::prelude::*;

use crate::convert::B32;
use crate::fault::Raised;
use crate::work::released;

#[pyfunction]
#[pyo3(signature = (*, seed, domain, eh, digest))]
pub fn sign(seed: B32, domain: &str, eh: B32, digest: B32) -> Vec<u8> {
    ed25519::sign(&seed.0, domain, &eh.0, &digest.0).to_vec()
}

#[pyfunction]
pub fn public_key(seed: B32) -> Vec<u8> {
    ed25519::public_key(&seed.0).to_vec()
}

#[pyfunction]
pub fn require_signing_key(key: B32) -> Result<(), Raised> {
    Ok(ed25519::require_signing_key(&key.0)?)
}

#[pyfunction]
#[pyo3(signature = (*, domain, eh, keys, digests, signatures))]
pub fn verify_signatures(
    py: Python<'_>, domain: &str, eh: B32, keys: &[u8], digests: &[u8], signatures: &[u8],
) -> Result<Vec<usize>, Raised> {
    released(py, || ed25519::refused(&Signatures { domain, eh: &eh.0, keys, digests, signatures }))
}
