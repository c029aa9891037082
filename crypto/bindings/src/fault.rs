//! The only place where a fault becomes an exception; the `match` has no `_` arm.

use amanat_proofs::Fault;
use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::{create_exception, intern};

create_exception!(
    amanat_crypto,
    CryptoFault,
    PyException,
    "Never raised itself: what the caller was given is refused."
);
create_exception!(amanat_crypto, BadEncoding, CryptoFault, "Item `at` of a flat array is not canonical.");
create_exception!(amanat_crypto, ProofRejected, CryptoFault, "Evidence fails `check`, at row or statement `at`.");

pub fn add_exceptions(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let (bad_encoding, rejected) = (py.get_type::<BadEncoding>(), py.get_type::<ProofRejected>());
    bad_encoding.setattr("at", 0)?;
    rejected.setattr("check", "")?;
    rejected.setattr("at", py.None())?;
    module.add("CryptoFault", py.get_type::<CryptoFault>())?;
    module.add("BadEncoding", bad_encoding)?;
    module.add("ProofRejected", rejected)
}

/// A fault on its way to Python.
pub struct Raised(pub Fault);

impl From<Fault> for Raised {
    fn from(fault: Fault) -> Self {
        Raised(fault)
    }
}

impl From<Raised> for PyErr {
    fn from(Raised(fault): Raised) -> PyErr {
        let words = fault.to_string();
        match fault {
            Fault::BadEncoding { at } => with_facts(BadEncoding::new_err(words), None, Some(at)),
            Fault::Rejected { check, at } => with_facts(ProofRejected::new_err(words), Some(check), at),
            Fault::Misuse(_) => PyValueError::new_err(words),
            Fault::NoRandomness => PyOSError::new_err(words),
        }
    }
}

fn with_facts(error: PyErr, check: Option<&str>, at: Option<usize>) -> PyErr {
    let set = |py: Python<'_>| -> PyResult<()> {
        let value = error.value(py);
        check.map_or(Ok(()), |check| value.setattr(intern!(py, "check"), check))?;
        value.setattr(intern!(py, "at"), at)
    };
    Python::attach(set).err().unwrap_or(error)
}
