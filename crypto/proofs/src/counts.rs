//! How many group operations were done, by kind, for the bench. One atomic addition a batch, not an operation.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Copy)]
pub enum Kind {
    /// A multiple of a point that has a table: G, a key, h_0.
    TableMul,
    /// A multiple of any other point, constant time.
    PointMul,
    /// A term of a sum over public scalars.
    SumTerm,
    /// A term of a sum over secret scalars, constant time.
    SecretSumTerm,
    Decode,
    Encode,
    /// An encoding made in a batch of doubled points, about nine times cheaper.
    EncodeBatched,
    HashToGroup,
    Sign,
    VerifySignature,
}

const NAMES: [&str; 10] = [
    "table_mul",
    "point_mul",
    "sum_term",
    "secret_sum_term",
    "decode",
    "encode",
    "encode_batched",
    "hash_to_group",
    "sign",
    "verify_signature",
];

static COUNTS: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];

pub(crate) fn add(kind: Kind, many: usize) {
    COUNTS[kind as usize].fetch_add(many as u64, Ordering::Relaxed);
}

/// Counts since the start of the process or the last `reset`.
pub fn read() -> Vec<(&'static str, u64)> {
    NAMES.iter().zip(&COUNTS).map(|(name, count)| (*name, count.load(Ordering::Relaxed))).collect()
}

pub fn reset() {
    COUNTS.iter().for_each(|count| count.store(0, Ordering::Relaxed));
}
