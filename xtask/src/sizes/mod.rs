//! `cargo xtask sizes`: how long files and functions are, and how much of the code explains itself.
//!
//! What is counted, for `crates/*/src`:
//!
//! * **file length**: all lines, tests included, because a reader scrolls past them too;
//! * **function length**: the lines between the braces of the body; functions of tests are left out;
//! * **code, docs, comments**: lines outside tests that hold a token, a doc comment, or only a comment;
//! * **tests**: lines that are not blank under `#[cfg(test)]`, and in the crate's `tests/`.
//!
//! [`LIMITS`] holds the two hard stops. A function that has to pass its stop says why directly above itself, in a
//! comment that begins `// sizes:`; the report then lists it with the reason.

mod line;
mod package;
mod report;
mod source;
mod spread;

pub(crate) use report::{check, sizes};

/// The lengths that the tree holds itself to.
const LIMITS: Limits = Limits { file_reason: 400, file_stop: 800, function_stop: 60, arguments: 5 };

#[derive(Clone, Copy, Debug)]
struct Limits {
    /// A longer file needs a reason; it is listed.
    file_reason: usize,
    /// A longer file fails the check.
    file_stop: usize,
    /// A longer function fails the check, unless it is argued.
    function_stop: usize,
    /// A function with more arguments is listed; `self` counts.
    arguments: usize,
}
