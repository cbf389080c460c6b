//! Logs that never block the code that writes them.
//!
//! # The problem
//!
//! A log line is a `write(2)`, and a `write(2)` to a pipe that nobody reads never returns. A process whose
//! async threads write their own lines therefore stops as a whole when its log collector stalls.
//!
//! # The model
//!
//! ```text
//! caller: format into a thread-local buffer ──► copy into the byte buffer (one short lock)
//! thread "log":                                swap the byte buffer for an empty one ──► write(2)
//! ```
//!
//! * The caller formats its line and copies it. The lock is held for that copy, and never across a system
//!   call on the output.
//! * The buffer is bounded ([`Log::buffer`], 4 MiB). When it is full the line is dropped and counted, and as
//!   soon as the writer gets through it writes one line, in the log's own format, with the count: `dropped=12`.
//! * Lines are written after [`Log::flush_every`] (200 ms), when the buffer is half full, and at once for
//!   `ERROR`. A process that logs nothing is never woken.
//! * A write that fails costs the lines of that write. They are counted, reported with the next line that gets
//!   through, and the process goes on.
//! * Lines are handed to the kernel whole, at most 4096 bytes at a time (a longer line alone), so that
//!   processes which share a pipe do not cut each other's lines.
//! * `Stderr` and `Stdout` are written through a duplicate of the descriptor: a slow log must not hold the lock
//!   that `eprintln!` and the panic message take.
//!
//! Dropping the [`Guard`] writes out what is left, for at most [`Log::exit_flush`] (1 s). A process that ends
//! without it (`std::process::exit`, `SIGKILL`, an abort) loses at most one flush interval.
//!
//! # Shape of a line
//!
//! [`Format::Plain`] and [`Format::Color`]:
//!
//! ```text
//! 2026-11-23T14:48:54.123456Z  INFO rates: listening address=127.0.0.1:8888 service=tcp
//! ```
//!
//! A line break or another control character in a value is written as in source code (`\n`, `\x1b`), so that
//! whoever's words are logged cannot forge a line or reach the terminal.
//!
//! [`Format::Json`], one object per line, spans outermost first:
//!
//! ```text
//! {"timestamp":"2026-11-23T14:48:54.123456Z","level":"INFO","target":"rates","message":"listening","service":"tcp"}
//! ```

mod buffer;
mod builder;
mod directives;
mod error;
mod filter;
mod format;
mod guard;
mod json;
mod line;
mod logger;
mod output;
mod scan;
mod stats;
mod text;
mod timestamp;
mod writer;

pub use self::{
    builder::Log,
    directives::Directives,
    error::Error,
    format::Format,
    guard::{Guard, Handle, handle, stats},
    output::Output,
    stats::Stats,
};
