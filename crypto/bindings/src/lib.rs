//! Bindings only. Arithmetic and proofs live in `amanat-proofs`, which forbids unsafe code and knows no Python.
//! `_native.pyi` is the contract: bytes across the border, the interpreter released while a core works.
#![forbid(unsafe_code)]

mod convert;
mod fault;
mod groups;
mod proofs;
mod signatures;
mod work;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::groups::{
        backend, base_mul, cipher_heads, elgamal, elgamal_open, embed, hash_to_group, hash_to_group_many, lagrange,
        nonce, operation_counts, point_mul, points_add, points_negate, points_sum, random_scalar, require_points,
        require_scalars, reset_operation_counts, scalar_add, scalar_from_hash, scalar_invert, scalar_mul, tag_rows,
        unembed,
    };
    #[pymodule_export]
    use super::proofs::{
        Sealed, commitments, commitments_at, linear_share, open_sealed, polynomial_at, pop_prove, pop_verify, seal,
        shuffle, verify_linear, verify_linears, verify_sealed, verify_shuffle, verify_shuffles,
    };
    #[pymodule_export]
    use super::signatures::{public_key, require_signing_key, sign, verify_signatures};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::groups::add_constants(module)?;
        super::fault::add_exceptions(module)?;
        module.delattr("__all__") // the stub has the list
    }
}
