//! Work with the interpreter released.

use std::process;
use std::sync::OnceLock;

use amanat_proofs::Fault;
use pyo3::prelude::*;

use crate::fault::Raised;

/// The process whose threads do the work.
static OWNER: OnceLock<u32> = OnceLock::new();

/// Runs `work` without the interpreter.
///
/// Threads do not survive a fork: a forked child would wait for ever for its parent's, so it is told instead.
pub fn released<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T, Fault> + Send) -> Result<T, Raised> {
    if *OWNER.get_or_init(process::id) != process::id() {
        return Err(Raised(Fault::Misuse("a forked process cannot use its parent's threads: start workers by spawn")));
    }
    py.detach(work).map_err(Raised)
}
