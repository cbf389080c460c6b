//! Files of a directory as answers.
//!
//! [`Files`] is a handler. Every request is one trip to the blocking pool: the path is checked, the file opened
//! inside the directory (`openat2` with `RESOLVE_BENEATH` where the system has it, by `cap-std`), and a small
//! one read. A large one goes from the file to the socket inside the kernel.

mod answer;
mod files;
mod listing;
mod lookup;
mod parts;
mod path;

pub use files::{Files, ViaFiles};
