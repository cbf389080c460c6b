//! `cargo xtask bench`: figures that repeat.

use std::process::Command;

use crate::run::{self, Result};
use crate::wall;
use crate::workspace::Workspace;

const BENCHES: &str = "instructions, peers, http, echo, services, routes";

pub(crate) fn bench(args: &[String]) -> Result {
    let Some((name, rest)) = args.split_first() else {
        return run::fail(format!("which bench? There are: {BENCHES}"));
    };
    match name.as_str() {
        "http" => http(rest),
        "instructions" => instructions(rest),
        "echo" => wall::echo(rest),
        "services" => wall::services(rest),
        "peers" => peers(rest),
        "routes" => routes(),
        unknown => run::fail(format!("no bench is called `{unknown}`; there are: {BENCHES}")),
    }
}

/// Compares our server with those of other frameworks by the clock.
fn http(args: &[String]) -> Result {
    with_peers("http", args)
}

/// Counts the instructions of our server and of other frameworks' servers.
fn peers(args: &[String]) -> Result {
    check_valgrind()?;
    with_peers("instructions", args)
}

/// Runs a bench that compares, after building all that it compares.
fn with_peers(bench: &str, args: &[String]) -> Result {
    let workspace = Workspace::find()?;
    let target = workspace.target().join("peers");
    let mut build = workspace.cargo(&["build", "--release", "--locked"]);
    // A workspace of its own, with a folder of its own: its dependencies are no part of ours.
    build.arg("--manifest-path").arg(workspace.root().join("benches/peers/Cargo.toml"));
    run::run(build.arg("--target-dir").arg(&target))?;
    build_benches(&workspace)?;
    let mut command = Command::new(workspace.release(bench));
    run::run(command.current_dir(workspace.root()).arg("--peers").arg(target.join("release")).args(args))
}

fn build_benches(workspace: &Workspace) -> Result {
    run::run(&mut workspace.cargo(&["build", "--release", "--package", "mainspring-benches"]))
}

fn check_valgrind() -> Result {
    if run::works("valgrind", &["--version"]) {
        return Ok(());
    }
    run::fail("this bench needs valgrind, which is not here: install the package `valgrind`")
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
    check_valgrind()?;
    let workspace = Workspace::find()?;
    build_benches(&workspace)?;
    let mut command = Command::new(workspace.release(program));
    run::run(command.current_dir(workspace.root()).args(args))
}
