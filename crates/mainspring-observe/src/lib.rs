//! Seeing inside a running process, without slowing it down.
//!
//! * [`log`]: what the process says. Lines are `tracing` events; the thread that logs never waits for the
//!   reader of the log.

pub mod log;
