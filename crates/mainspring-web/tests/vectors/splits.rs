//! It does not matter how the bytes are cut on their way.

use crate::outcome::serve;
use crate::read::{Vector, all};

/// Beyond this, cuts at every byte take too long; the interesting ones are at both ends.
const LONG: usize = 600;

#[test]
fn every_cut_in_two_gives_the_same() {
    for vector in all() {
        let length = vector.input.len();
        for at in (0..=length).filter(|at| length <= LONG || *at < 150 || *at + 150 > length || at % 251 == 0)
        {
            let (first, second) = vector.input.split_at(at);
            check(&vector, &[first, second], at);
        }
    }
}

#[test]
fn single_bytes_give_the_same() {
    for vector in all() {
        let single: Vec<&[u8]> = vector.input.chunks(1).collect();
        check(&vector, &single, 1);
    }
}

#[test]
fn random_cuts_give_the_same() {
    let seed = 0x6d61_696e;
    let mut random = fastrand::Rng::with_seed(seed);
    for vector in all() {
        for _ in 0..20 {
            let mut parts = Vec::new();
            let mut rest = vector.input.as_slice();
            while !rest.is_empty() {
                let most = if random.bool() { 4 } else { rest.len() };
                let (part, after) = rest.split_at(random.usize(1..=most.min(rest.len())));
                parts.push(part);
                rest = after;
            }
            check(&vector, &parts, seed as usize);
        }
    }
}

#[track_caller]
fn check(vector: &Vector, parts: &[&[u8]], how: usize) {
    let found = serve(parts, vector.limits).to_string();
    assert_eq!(found, vector.expected, "{}: {} ({how})", vector.file, vector.name);
}
