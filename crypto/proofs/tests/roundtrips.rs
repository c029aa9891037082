//! Proofs made and checked at the sizes where batches, runs and shared inputs begin and end.

use amanat_proofs::hash::Item;
use amanat_proofs::{Fault, counts, embed, group, linear, random, schnorr, shuffle};

const EH: [u8; 32] = [7; 32];

fn scalar_bytes(many: usize) -> Vec<u8> {
    random::scalars(many).unwrap().iter().flat_map(|scalar| scalar.to_bytes()).collect()
}

/// A key and ciphertexts under it; texts repeat from 50 on, as the embedding takes time.
fn ciphertexts(many: usize) -> ([u8; 32], Vec<u8>) {
    let key: [u8; 32] = group::base_muls(&scalar_bytes(1)).unwrap().try_into().unwrap();
    let limbs: Vec<[u8; 32]> =
        (0..many.min(50)).map(|limb| std::array::from_fn(|at| if at == 0 { limb as u8 } else { 0 })).collect();
    let messages: Vec<u8> = embed::embed(&limbs).unwrap().into_iter().cycle().take(32 * many).collect();
    let sealed = group::elgamal(&group::GENERATOR, &key, &messages, &scalar_bytes(many)).unwrap();
    (key, sealed)
}

#[test]
fn a_shuffle_of_any_size_verifies_and_a_changed_one_does_not() {
    for (many, width) in [(1, 1), (2, 3), (127, 1), (129, 2), (300, 1)] {
        let (key, inputs) = ciphertexts(many * width);
        let context = [Item::Text("unit".into()), Item::from(3usize)];
        let binding = shuffle::Binding { eh: &EH, context: &context, width, key: &key };
        let (outputs, proof) = shuffle::shuffle(binding, &inputs).unwrap();
        assert_eq!(proof.len(), 32 * (5 * many + 6 + 3 * width));
        let statement = shuffle::Statement { binding, inputs: &inputs, outputs: &outputs, proof: &proof };
        shuffle::verify(&statement).unwrap();
        let mut changed = proof.clone();
        changed[proof.len() - 32] ^= 1;
        let statement = shuffle::Statement { proof: &changed, ..statement };
        assert!(matches!(shuffle::verify(&statement), Err(Fault::Rejected { .. })));
    }
}

#[test]
fn a_chain_of_mixers_is_checked_in_one_sum_and_the_failing_one_is_named() {
    let (key, first) = ciphertexts(70);
    let contexts: Vec<[Item; 1]> = (0..4usize).map(|mixer| [Item::from(mixer)]).collect();
    let bindings: Vec<_> =
        contexts.iter().map(|context| shuffle::Binding { eh: &EH, context, width: 1, key: &key }).collect();
    let mut texts = vec![first];
    let mut proofs = Vec::new();
    for binding in &bindings {
        let (outputs, proof) = shuffle::shuffle(*binding, texts.last().unwrap()).unwrap();
        texts.push(outputs);
        proofs.push(proof);
    }
    let statement = |at: usize, proof| shuffle::Statement {
        binding: bindings[at],
        inputs: &texts[at],
        outputs: &texts[at + 1],
        proof,
    };
    let mut statements: Vec<_> = (0..4).map(|at| statement(at, &proofs[at][..])).collect();
    shuffle::verify_many(&statements).unwrap();
    shuffle::verify_many(&[]).unwrap();
    // Out of order the statements are the same, only dearer.
    shuffle::verify_many(&[statements[2], statements[0], statements[3]]).unwrap();
    statements[2].proof = &proofs[1];
    let fault = shuffle::verify_many(&statements).unwrap_err();
    assert_eq!(fault, Fault::Rejected { check: "shuffle: sum of commitments", at: Some(2) });
    statements[2].proof = &proofs[2][..32];
    assert_eq!(shuffle::verify_many(&statements).unwrap_err(), Fault::Rejected { check: "length", at: Some(2) });
}

#[test]
fn several_holders_over_the_same_rows_are_checked_in_one_sum_and_the_failing_one_is_named() {
    let (_, sealed) = ciphertexts(40);
    let rows = group::tag_rows(&sealed).unwrap();
    let contexts: Vec<[Item; 1]> = (1..4usize).map(|holder| [Item::from(holder)]).collect();
    let shares: Vec<_> = contexts
        .iter()
        .map(|context| {
            let (binding, secrets) = (linear::Binding { domain: "tag", eh: &EH, context }, scalar_bytes(2));
            let (outputs, proof) = linear::share(binding, &secrets, &rows).unwrap();
            (binding, group::base_muls(&secrets).unwrap(), outputs, proof)
        })
        .collect();
    let mut shared: Vec<_> = shares
        .iter()
        .map(|(binding, publics, outputs, proof)| linear::Shared { binding: *binding, publics, outputs, proof })
        .collect();
    linear::verify_many(&rows, &shared).unwrap();
    shared[1].outputs = shared[0].outputs;
    let fault = linear::verify_many(&rows, &shared).unwrap_err();
    assert_eq!(fault, Fault::Rejected { check: "linear: public", at: Some(1) });
}

#[test]
fn bad_proofs_are_found_among_more_than_one_batch() {
    let (key, many, secret) = (ciphertexts(1).0, 3, [9; 32]);
    let place = schnorr::Place { eh: &EH, key: &key, context: &[1; 32], contest: 0, limb: 0 };
    let sealed = schnorr::seal(place, &[[0; 32]; 3], &secret).unwrap();
    let times = 700;
    let limbs: Vec<u64> = (0..many).cycle().take(3 * times).collect();
    let mut proofs = sealed.proofs.repeat(times);
    let rows = |proofs: &[u8]| {
        let (contexts, ciphertexts) = ([1; 32].repeat(3 * times), sealed.ciphertexts.repeat(times));
        schnorr::refused(&schnorr::Rows {
            eh: &EH,
            key: &key,
            contexts: &contexts,
            contests: &vec![0; 3 * times],
            limbs: &limbs,
            ciphertexts: &ciphertexts,
            proofs,
        })
    };
    assert_eq!(rows(&proofs), Ok(vec![]));
    for row in [0, 1023, 1024, 2099] {
        proofs[64 * row + 32] ^= 1;
    }
    assert_eq!(rows(&proofs), Ok(vec![0, 1023, 1024, 2099]));
}

#[test]
fn operations_are_counted_by_kind() {
    let counted = |kind| counts::read().into_iter().find(|(name, _)| *name == kind).unwrap().1;
    let before = counted("table_mul");
    group::base_muls(&scalar_bytes(10)).unwrap();
    assert!(counted("table_mul") >= before + 10);
}
