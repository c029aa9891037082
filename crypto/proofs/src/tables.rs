//! Points used again and again: tables of fixed bases, and the shuffle's generators, which every unit shares.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_TABLE;
use curve25519_dalek::ristretto::{RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;

use crate::counts::{self, Kind};
use crate::encoding::GRAIN;
use crate::hash::to_group;

/// A table is 30 KiB and costs about a hundred multiplications; an election has three keys and h_0.
const TABLES_MAX: usize = 8;

static TABLES: Mutex<Vec<Arc<RistrettoBasepointTable>>> = Mutex::new(Vec::new());
static GENERATORS: LazyLock<Mutex<Arc<Vec<RistrettoPoint>>>> = LazyLock::new(Mutex::default);

/// scalar·G, constant time.
pub(crate) fn base_mul(scalar: &Scalar) -> RistrettoPoint {
    RISTRETTO_BASEPOINT_TABLE * scalar
}

/// The table of a public point, kept for the next call.
pub(crate) fn table(point: &RistrettoPoint) -> Arc<RistrettoBasepointTable> {
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = tables.iter().position(|table| table.basepoint() == *point) {
        return tables[found].clone();
    }
    let table = Arc::new(RistrettoBasepointTable::create(point));
    if tables.len() == TABLES_MAX {
        tables.remove(0);
    }
    tables.push(table.clone());
    table
}

/// At least h_0 … h_many of the shuffle, h_i = H2G("shuffle", LE64(i)); nobody knows a relation among them and G.
pub(crate) fn generators(many: usize) -> Arc<Vec<RistrettoPoint>> {
    let mut known = GENERATORS.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() <= many {
        let missing = known.len()..many + 1;
        counts::add(Kind::HashToGroup, missing.len());
        let more = missing.into_par_iter().with_min_len(GRAIN);
        let more: Vec<_> = more.map(|index| to_group("shuffle", &(index as u64).to_le_bytes())).collect();
        *known = Arc::new([known.as_slice(), &more].concat());
    }
    known.clone()
}
