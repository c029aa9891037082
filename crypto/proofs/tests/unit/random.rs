//! Unit tests of `random`, beside the sources so that those stay short.

use super::*;

#[test]
fn a_permutation_holds_every_number_once_and_differs_from_draw_to_draw() {
    let mut sorted = permutation(1000).unwrap();
    assert_ne!(*sorted, *permutation(1000).unwrap());
    sorted.sort_unstable();
    assert!(sorted.iter().copied().eq(0..1000));
    assert!(permutation(0).unwrap().is_empty());
}

#[test]
fn every_order_of_three_is_drawn() {
    let mut seen = std::collections::BTreeSet::new();
    (0..500).for_each(|_| _ = seen.insert(permutation(3).unwrap().to_vec()));
    assert_eq!(seen.len(), 6);
}

#[test]
fn a_nonce_is_fresh_though_secret_and_message_repeat() {
    assert_ne!(nonce(b"secret", b"message").unwrap(), nonce(b"secret", b"message").unwrap());
}
