//! Settings: their layers, their mistakes, their secrets, and what a command line can ask about them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod errors;
mod layers;
mod live;
mod process;
mod secrets;
mod settings;
