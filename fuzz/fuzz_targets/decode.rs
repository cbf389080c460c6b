//! The engine never panics, never loses a byte, and does not care how the bytes are cut on their way.
//!
//! The first eight bytes choose limits and cuts, the others are what arrives.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mainspring_web::http1::Limits;

#[expect(dead_code, reason = "the tests of the crate use more of it")]
#[path = "../../crates/mainspring-web/tests/vectors/outcome.rs"]
mod outcome;

fuzz_target!(|bytes: &[u8]| {
    let Some((seed, input)) = bytes.split_first_chunk::<8>() else { return };
    let mut random = fastrand::Rng::with_seed(u64::from_le_bytes(*seed));
    let limits = match seed[0] % 3 {
        0 => Limits { head: 64, target: 16, headers: 2, body: 8 },
        _ => Limits::default(),
    };
    let whole = outcome::serve(&[input], limits).to_string();
    let mut parts = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        let most = if random.bool() { 3 } else { rest.len() };
        let (part, after) = rest.split_at(random.usize(1..=most.min(rest.len())));
        parts.push(part);
        rest = after;
    }
    assert_eq!(outcome::serve(&parts, limits).to_string(), whole);
});
