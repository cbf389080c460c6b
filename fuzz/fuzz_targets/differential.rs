//! What the engine serves, hyper serves too, and understands the same by it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mainspring_web::http1::Limits;

#[path = "../../crates/mainspring-web/tests/vectors/compare.rs"]
mod compare;
#[path = "../../crates/mainspring-web/tests/vectors/hyper_server.rs"]
mod hyper_server;
#[expect(dead_code, reason = "the tests of the crate use more of it")]
#[path = "../../crates/mainspring-web/tests/vectors/outcome.rs"]
mod outcome;

fuzz_target!(|input: &[u8]| {
    if let Some(difference) = compare::difference(input, Limits::default()) {
        panic!("{difference}");
    }
});
