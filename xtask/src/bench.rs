//! `cargo xtask bench`: builds the programs of `benches/` that a bench needs, and runs it.

use std::process::Command;

use crate::run::{self, Result};
use crate::workspace::Workspace;

const BENCHES: &str = "instructions, peers, http, echo, services, routes";

pub(crate) fn bench(args: &[String]) -> Result {
    let Some((name, rest)) = args.split_first() else {
        return run::fail(format!("which bench? There are: {BENCHES}"));
    };
    match name.as_str() {
        // The program alone: what it compares need not be built for that.
        "http" if rest.iter().any(|arg| matches!(arg.as_str(), "--help" | "-h")) => alone("http", rest),
        "http" => with_peers("http", rest),
        "peers" => check_valgrind().and_then(|()| with_peers("instructions", rest)),
        // They start other programs of the package.
        "instructions" => check_valgrind().and_then(|()| with_all("instructions", rest)),
        "routes" => check_valgrind().and_then(|()| with_all("routes", &[])),
        "echo" | "services" => alone(name, rest),
        unknown => run::fail(format!("no bench is called `{unknown}`; there are: {BENCHES}")),
    }
}

/// Runs a bench that compares, after building all that it compares.
fn with_peers(bench: &str, args: &[String]) -> Result {
    let workspace = Workspace::find()?;
    let target = workspace.target().join("peers");
    let mut build = workspace.cargo(&["build", "--release", "--locked"]);
    // A workspace of its own, with a folder of its own: its dependencies are no part of ours.
    build.arg("--manifest-path").arg(workspace.root().join("benches/peers/Cargo.toml"));
    run::run(build.arg("--target-dir").arg(&target))?;
    let peers = ["--peers".to_owned(), target.join("release").display().to_string()];
    with_all(bench, &[&peers, args].concat())
}

/// Runs a bench that starts our other programs, after building them.
fn with_all(bench: &str, args: &[String]) -> Result {
    measure(bench, &[], args)
}

/// Runs a bench that starts nothing but itself.
fn alone(bench: &str, args: &[String]) -> Result {
    measure(bench, &["--bin", bench], args)
}

fn measure(bench: &str, built: &[&str], args: &[String]) -> Result {
    let workspace = Workspace::find()?;
    run::run(workspace.cargo(&["build", "--release", "--package", "mainspring-benches"]).args(built))?;
    run::run(Command::new(workspace.release(bench)).current_dir(workspace.root()).args(args))
}

fn check_valgrind() -> Result {
    if run::works("valgrind", &["--version"]) {
        return Ok(());
    }
    run::fail("this bench needs valgrind, which is not here: install the package `valgrind`")
}
