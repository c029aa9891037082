//! Python values to Rust ones and back.

use amanat_proofs::{Bytes32, Fault, hash};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyList, PyString, PyTuple};

use crate::fault::Raised;

/// Exactly 32 bytes; others are a bad encoding, since keys and digests come from evidence.
pub struct B32(pub Bytes32);

impl<'py> FromPyObject<'_, 'py> for B32 {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let bytes = object.cast::<PyBytes>()?;
        let exact = Bytes32::try_from(bytes.as_bytes());
        exact.map(B32).map_err(|_| Raised(Fault::BadEncoding { at: 0 }).into())
    }
}

/// An item of a hash input: int, bytes, str, or a list or tuple of these.
pub struct Item(hash::Item);

impl<'py> FromPyObject<'_, 'py> for Item {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            Ok(Item(hash::Item::Bytes(bytes.as_bytes().to_vec())))
        } else if let Ok(text) = object.cast::<PyString>() {
            Ok(Item(hash::Item::Text(text.to_cow()?.into_owned())))
        } else if object.is_instance_of::<PyInt>() && !object.is_instance_of::<PyBool>() {
            Ok(Item(hash::Item::Uint(object.extract()?)))
        } else if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
            object.extract().map(|Context(items)| Item(hash::Item::Array(items)))
        } else {
            Err(PyTypeError::new_err("a context holds int, bytes, str, and lists or tuples of them"))
        }
    }
}

/// The items of a context.
pub struct Context(pub Vec<hash::Item>);

impl<'py> FromPyObject<'_, 'py> for Context {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let items: Vec<Item> = object.extract()?;
        Ok(Context(items.into_iter().map(|Item(item)| item).collect()))
    }
}

/// A limb of 246 bits as 32 little-endian bytes.
pub struct Limb(pub Bytes32);

impl<'py> FromPyObject<'_, 'py> for Limb {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let number = object.cast::<PyInt>()?;
        let bytes = number.call_method1("to_bytes", (32, "little"));
        let bytes = bytes.map_err(|_| PyValueError::new_err("a limb is from 0 to below 2^246"))?;
        bytes.extract::<B32>().map(|B32(bytes)| Limb(bytes))
    }
}

pub fn limbs(limbs: Vec<Limb>) -> Vec<Bytes32> {
    limbs.into_iter().map(|Limb(limb)| limb).collect()
}

pub type Numbers<'py> = Vec<Option<Bound<'py, PyAny>>>;

/// The Python numbers of opened limbs.
pub fn numbers<'py>(py: Python<'py>, limbs: &[Option<Bytes32>]) -> PyResult<Numbers<'py>> {
    let from_bytes = py.get_type::<PyInt>().getattr("from_bytes")?;
    let number = |limb: &Bytes32| from_bytes.call1((PyBytes::new(py, limb), "little"));
    limbs.iter().map(|limb| limb.as_ref().map(number).transpose()).collect()
}
