//! The benches of the wall's clock: ratios and medians of interleaved runs, for the machine is never quiet.

use std::process::Command;

use crate::run::{self, Result};
use crate::workspace::Workspace;

/// Echoes over TCP on each kind of runtime, against bare tokio.
pub(crate) fn echo(args: &[String]) -> Result {
    measure("echo", args)
}

/// The start and the stop of a process with 100 services.
pub(crate) fn services(args: &[String]) -> Result {
    measure("services", args)
}

/// Builds a program of the benches and runs it.
fn measure(program: &str, args: &[String]) -> Result {
    let workspace = Workspace::find()?;
    let build = ["build", "--release", "--package", "mainspring-benches", "--bin", program];
    run::run(&mut workspace.cargo(&build))?;
    run::run(Command::new(workspace.release(program)).current_dir(workspace.root()).args(args))
}
