//! Sealed limbs: ElGamal ciphertexts, each with a proof that its maker knows the randomness (clauses B-3, B-4).
//!
//! (A, B) = (r·G, M + r·K); R = v·G; c = Hs("pok", context, contest, limb, K, A, B, R); s = v + c·r.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroizing;

use crate::counts::{self, Kind};
use crate::embed::{embed_one, unembed_point};
use crate::encoding::{self, Identity, encode, items};
use crate::group::pairs;
use crate::hash::{Item, challenge};
use crate::sums::Equation;
use crate::tables::{base_mul, table};
use crate::{Bytes32, Fault, random};

/// Proofs that are checked in one sum; one bad proof makes only its own batch be checked singly.
const BATCH: usize = 1024;

/// What one sealed text is bound to.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub eh: &'a Bytes32,
    pub key: &'a Bytes32,
    pub context: &'a Bytes32,
    pub contest: u64,
    pub limb: u64,
}

pub struct Sealed {
    /// A‖B of each limb.
    pub ciphertexts: Vec<u8>,
    /// R‖s of each limb.
    pub proofs: Vec<u8>,
    /// r of each limb.
    pub randomness: Zeroizing<Vec<u8>>,
}

fn pok_challenge(place: &Place, [a, b]: &[Bytes32; 2], r: &Bytes32) -> Scalar {
    let limb = [place.contest.into(), place.limb.into()];
    let points = [place.key, a, b, r].map(Item::from);
    challenge("pok", place.eh, &[&[place.context.into()], &limb[..], &points].concat())
}

/// Seals limbs, numbered from 0, to the key of `place`. `secret` keeps the nonces good if the system's bytes are not.
pub fn seal(place: Place, limbs: &[Bytes32], secret: &[u8]) -> Result<Sealed, Fault> {
    let table = table(&encoding::key(place.key)?);
    let mut sealed = Sealed { ciphertexts: Vec::new(), proofs: Vec::new(), randomness: Zeroizing::default() };
    for (limb, number) in limbs.iter().zip(0..) {
        let place = Place { limb: number, ..place };
        let message = embed_one(limb)?;
        let r = Zeroizing::new(random::nonce(secret, &nonce_message(&place, limb, b"r"))?);
        let v = Zeroizing::new(random::nonce(secret, &nonce_message(&place, limb, b"v"))?);
        counts::add(Kind::TableMul, 3);
        let points = encode(&[base_mul(&r), message + &*table * &*r, base_mul(&v)]);
        let [a, b, commitment] = [0, 1, 2].map(|at| items(&points).expect("three whole points")[at]);
        let s = *v + pok_challenge(&place, &[a, b], &commitment) * *r;
        sealed.ciphertexts.extend([a, b].as_flattened());
        sealed.proofs.extend([commitment, s.to_bytes()].as_flattened());
        sealed.randomness.extend(r.to_bytes());
    }
    Ok(sealed)
}

fn nonce_message(place: &Place, limb: &Bytes32, name: &[u8]) -> Zeroizing<Vec<u8>> {
    let numbers = [place.contest.to_le_bytes(), place.limb.to_le_bytes()];
    Zeroizing::new([place.context, numbers.as_flattened(), limb, name].concat())
}

/// Opens ciphertexts by their randomness, after checking that each A is r·G.
pub fn open(ciphertexts: &[u8], key: &Bytes32, randomness: &[u8]) -> Result<Vec<Option<Bytes32>>, Fault> {
    let table = table(&encoding::key(key)?);
    let points = encoding::points(ciphertexts, Identity::Refused)?;
    let randomness = encoding::scalars(randomness)?;
    if pairs(ciphertexts)?.len() != randomness.len() {
        return Err(Fault::rejected("length"));
    }
    counts::add(Kind::TableMul, 2 * randomness.len());
    let (points, _) = points.as_chunks::<2>();
    let open_one = |(at, ([a, b], r)): (usize, (&[RistrettoPoint; 2], &Scalar))| {
        let opened = if base_mul(r) == *a { Ok(unembed_point(&(b - &*table * r))) } else { Err(at) };
        opened.map_err(|at| Fault::Rejected { check: "opening", at: Some(at) })
    };
    points.iter().zip(&randomness).enumerate().map(open_one).collect()
}

/// Rows of sealed texts under one key, column by column.
pub struct Rows<'a> {
    pub eh: &'a Bytes32,
    pub key: &'a Bytes32,
    pub contexts: &'a [u8],
    pub contests: &'a [u64],
    pub limbs: &'a [u64],
    pub ciphertexts: &'a [u8],
    pub proofs: &'a [u8],
}

/// A decoded row: s·G = R + c·A is left to check.
struct Claim {
    row: usize,
    a: RistrettoPoint,
    r: RistrettoPoint,
    s: Scalar,
    c: Scalar,
}

/// The rows, ascending, whose encoding or proof is refused. Columns of different lengths are our own bug.
pub fn refused(rows: &Rows) -> Result<Vec<usize>, Fault> {
    let Rows { eh, key, contests, limbs, .. } = *rows;
    encoding::key(key)?;
    let (contexts, ciphertexts, proofs) = (items(rows.contexts)?, pairs(rows.ciphertexts)?, pairs(rows.proofs)?);
    let lengths = [contests.len(), limbs.len(), ciphertexts.len(), proofs.len()];
    if lengths.iter().any(|length| *length != contexts.len()) {
        return Err(Fault::Misuse("the columns differ in length"));
    }
    let claim = |row: usize| {
        let (context, contest, limb) = (&contexts[row], contests[row], limbs[row]);
        claim(Place { eh, key, context, contest, limb }, row, &ciphertexts[row], &proofs[row])
    };
    let batches: Vec<usize> = (0..contexts.len()).step_by(BATCH).collect();
    let check = |start: &usize| {
        let rows = *start..contexts.len().min(start + BATCH);
        let read: Vec<_> = rows.map(|row| (row, claim(row))).collect();
        let mut refused: Vec<usize> = read.iter().filter(|(_, claim)| claim.is_none()).map(|(row, _)| *row).collect();
        let claims: Vec<Claim> = read.into_iter().filter_map(|(_, claim)| claim).collect();
        if !all_hold(&claims)? {
            let singly = claims.iter().filter(|claim| base_mul(&claim.s) != claim.r + claim.c * claim.a);
            refused.extend(singly.map(|claim| claim.row));
            refused.sort_unstable();
        }
        Ok(refused)
    };
    encoding::map_all(&batches, 1, check).into_iter().collect::<Result<Vec<_>, Fault>>().map(|parts| parts.concat())
}

fn claim(place: Place, row: usize, ciphertext: &[Bytes32; 2], [r, s]: &[Bytes32; 2]) -> Option<Claim> {
    let decode = |bytes| encoding::point(bytes, Identity::Refused).ok();
    let (a, _b, commitment) = (decode(&ciphertext[0])?, decode(&ciphertext[1])?, decode(r)?);
    let s = encoding::scalar(s).ok()?;
    Some(Claim { row, a, r: commitment, s, c: pok_challenge(&place, ciphertext, r) })
}

/// Σ w·(s·G − R − c·A) = 0 with fresh weights w.
fn all_hold(claims: &[Claim]) -> Result<bool, Fault> {
    let mut equation = Equation::default();
    for (claim, w) in claims.iter().zip(random::weights(claims.len())?) {
        equation.base += w * claim.s;
        equation.push(-w, claim.r);
        equation.push(-(w * claim.c), claim.a);
    }
    Ok(equation.holds())
}
