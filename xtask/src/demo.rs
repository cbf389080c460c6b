//! `cargo xtask demo`: builds the demo, then becomes it.

use std::process::Command;

use crate::run::{self, Result};
use crate::workspace::Workspace;

/// The package, and the program it builds.
pub(crate) const PROGRAM: &str = "mainspring-demo";

pub(crate) fn demo(args: &[String]) -> Result {
    let workspace = Workspace::find()?;
    run::run(&mut build(&workspace))?;
    become_it(Command::new(workspace.release(PROGRAM)).args(args))
}

/// The command that builds the demo.
pub(crate) fn build(workspace: &Workspace) -> Command {
    workspace.cargo(&["build", "--release", "--package", PROGRAM])
}

/// Replaces this process, so that a signal sent to it reaches the demo and its exit code is the demo's own.
#[cfg(unix)]
fn become_it(command: &mut Command) -> Result {
    use std::os::unix::process::CommandExt;

    let line = run::line(command);
    let error = command.exec();
    run::fail(format!("`{line}` did not start: {error}"))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result {
    run::run(command)
}
