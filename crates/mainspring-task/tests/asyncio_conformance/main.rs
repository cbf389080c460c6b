//! The behaviour of Python's asyncio, case by case: one test for each row of a list of 78, named after
//! the row. Where Rust calls for another answer, the doc comment of the test begins with "Another answer",
//! and `COMPARE.md` at the root of the repository says why.
//!
//! Rows 68 to 75 are about sockets, processes and signals, which this crate does not know.

mod executor;
mod gathering;
mod groups;
mod primitives;
mod support;
mod tasks;
mod timeouts;
