//! What the tests of whole programs share: starting the demo, reading what it says, talking HTTP to it.
//!
//! The tests know the demo by its sockets, its output, its signals and its exit codes only, so nothing
//! here uses a crate of Mainspring. Nothing waits for a fixed time either: every wait is for something
//! that happens, and fails, with the program's log, when it does not happen within [`PATIENCE`].

mod browser;
mod connection;
mod demo;
mod lines;
mod patience;
mod process;
mod program;
mod python;

pub use browser::browse;
pub use connection::{Answer, Connection, request};
pub use demo::Demo;
pub use lines::Lines;
pub use patience::{PATIENCE, eventually};
pub use process::Process;
pub use program::{demo, is_installed, own_address};
pub use python::python;
