//! `cargo xtask bench`: figures that repeat.

use std::process::Command;

use crate::run::{self, Result};
use crate::wall;
use crate::workspace::Workspace;

pub(crate) fn bench(args: &[String]) -> Result {
    let Some((name, rest)) = args.split_first() else {
        return run::fail("which bench? There are: instructions, echo, services");
    };
    match name.as_str() {
        "instructions" => instructions(rest),
        "echo" => wall::echo(rest),
        "services" => wall::services(rest),
        unknown => {
            run::fail(format!("no bench is called `{unknown}`; there are: instructions, echo, services"))
        }
    }
}

/// Counts user-space instructions per request: the same build gives the same figure on a noisy machine.
fn instructions(args: &[String]) -> Result {
    if !run::works("valgrind", &["--version"]) {
        return run::fail("this bench needs valgrind, which is not here: install the package `valgrind`");
    }
    let workspace = Workspace::find()?;
    run::run(&mut workspace.cargo(&["build", "--release", "--package", "mainspring-benches"]))?;
    let mut command = Command::new(workspace.release("instructions"));
    run::run(command.current_dir(workspace.root()).args(args))
}
