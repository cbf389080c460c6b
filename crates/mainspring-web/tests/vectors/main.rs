//! Requests written from the rules of RFC 9110 and 9112: what the engine takes and what it refuses.
//!
//! The vectors are in `data/`, one file per chapter; `read.rs` says how they are written. Each is decoded whole,
//! cut at every byte, cut at random, and, changed at random, held against hyper.

mod compare;
mod differential;
mod hyper_server;
mod outcome;
mod read;
mod splits;

use outcome::serve;
use read::all;

#[test]
fn every_vector_gives_what_it_says() {
    let mut failures = String::new();
    for vector in all() {
        let found = serve(&[&vector.input], vector.limits).to_string();
        if found != vector.expected {
            let (file, name, expected) = (vector.file, &vector.name, &vector.expected);
            failures += &format!("\n{file}: {name}\nexpected:\n{expected}found:\n{found}");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn there_are_enough_vectors_and_each_has_a_name_of_its_own() {
    let mut names: Vec<String> =
        all().into_iter().map(|vector| format!("{}: {}", vector.file, vector.name)).collect();
    let count = names.len();
    assert!(count >= 300, "{count}");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
