//! `cargo xtask bench`: figures that repeat.

use std::process::Command;

use crate::run::{self, Result};
use crate::wall;
use crate::workspace::Workspace;

pub(crate) fn bench(args: &[String]) -> Result {
    let Some((name, rest)) = args.split_first() else {
        return run::fail("which bench? There are: instructions, echo, services, routes");
    };
    match name.as_str() {
        "instructions" => instructions(rest),
        "echo" => wall::echo(rest),
        "services" => wall::services(rest),
        "routes" => routes(),
        unknown => run::fail(format!(
            "no bench is called `{unknown}`; there are: instructions, echo, services, routes"
        )),
    }
}

/// What a large table of routes costs, in instructions per request.
fn routes() -> Result {
    measure("routes", &[])
}

/// Counts user-space instructions per request: the same build gives the same figure on a noisy machine.
fn instructions(args: &[String]) -> Result {
    measure("instructions", args)
}

fn measure(program: &str, args: &[String]) -> Result {
    if !run::works("valgrind", &["--version"]) {
        return run::fail("this bench needs valgrind, which is not here: install the package `valgrind`");
    }
    let workspace = Workspace::find()?;
    run::run(&mut workspace.cargo(&["build", "--release", "--package", "mainspring-benches"]))?;
    let mut command = Command::new(workspace.release(program));
    run::run(command.current_dir(workspace.root()).args(args))
}
