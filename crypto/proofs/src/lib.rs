//! Groups, hashes and zero-knowledge proofs over ristretto255, and strict Ed25519.
//!
//! Ground: clauses E-1 to E-9, K-3 to K-7, B-2 to B-4, T-3, T-8, T-9; RFC 9496 (group), RFC 9380 (hashing into it),
//! RFC 8032 (signatures). This crate refuses to know Python, files, networks and elections: it is given
//! byte strings and gives byte strings. Flat arrays hold 32-byte items side by side, rows before columns.
#![forbid(unsafe_code)]

pub mod counts;
pub mod dkg;
pub mod ed25519;
pub mod embed;
pub mod encoding;
mod fault;
pub mod group;
pub mod hash;
pub mod linear;
pub mod random;
pub mod schnorr;
pub mod shuffle;
mod sums;
mod tables;

pub use fault::Fault;

/// A point, a scalar, a key or a digest, encoded.
pub type Bytes32 = [u8; 32];
