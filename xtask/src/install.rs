//! `cargo xtask install`: clients that others have written, for the tests that talk through them.
//!
//! Debian's packages where we are root and there is apt, Python's into a virtual environment in the target directory.
//! What cannot be installed is named and done without: the tests that need it skip themselves.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::run::{self, Result};
use crate::workspace::Workspace;

/// Programs that tests talk through, and Debian's packages that have them.
const PROGRAMS: [(&str, &str); 7] = [
    ("ab", "apache2-utils"),
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("h2load", "nghttp2-client"),
    ("nc", "netcat-openbsd"),
    ("python3", "python3-venv"),
    ("wrk", "wrk"),
];

/// Seconds that all of Debian's packages may take, and all of Python's.
const BOUND: &str = "100";

/// Programs of which there is no package to install here, or that come with a whole language.
const OTHERS: [&str; 1] = ["node"];

/// Installs what is missing, and says what could not be.
pub(crate) fn install(workspace: &Workspace) -> Result {
    let missing = PROGRAMS.iter().filter(|(program, _)| !is_found(program)).map(|(_, package)| *package);
    let missing: Vec<_> = missing.collect();
    if !missing.is_empty() && is_root() && is_found("apt-get") {
        install_packages(&missing);
    }
    install_modules(workspace);
    let programs = PROGRAMS.iter().map(|(program, _)| *program).chain(OTHERS);
    for program in programs.filter(|program| !is_found(program)) {
        println!("note: {program} is not here, so the tests that need it are skipped");
    }
    if !has_modules(workspace) {
        println!("note: Python's clients are not here, so the tests that need them are skipped");
    }
    Ok(())
}

/// Where the interpreter with Python's clients is once they are installed.
pub(crate) fn interpreter(workspace: &Workspace) -> PathBuf {
    folder(workspace).join("bin/python")
}

fn has_modules(workspace: &Workspace) -> bool {
    let read = |file: PathBuf| fs::read(file).ok();
    let installed = read(folder(workspace).join("installed.txt"));
    installed.is_some() && installed == read(requirements(workspace))
}

fn install_packages(packages: &[&str]) {
    println!("installing {} with apt-get", packages.join(", "));
    // The lists of packages may be older than the packages.
    let line = format!(
        "apt-get install --yes --quiet=2 --no-install-recommends {0} || \
         {{ apt-get update --quiet=2; for package in {0}; do \
         apt-get install --yes --quiet=2 --no-install-recommends $package; done; }}",
        packages.join(" ")
    );
    let mut command = Command::new("timeout");
    command.args([BOUND, "sh", "-c", &line]).env("DEBIAN_FRONTEND", "noninteractive");
    quietly(&mut command);
}

fn install_modules(workspace: &Workspace) {
    if has_modules(workspace) || !is_found("python3") {
        return;
    }
    let (folder, requirements) = (folder(workspace), requirements(workspace));
    println!("installing Python's clients into {}", folder.display());
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut fill = Command::new("timeout");
    fill.arg(BOUND).arg(interpreter(workspace)).args(["-m", "pip", "install", "--quiet"]);
    fill.args(["--disable-pip-version-check", "--requirement"]).arg(&requirements);
    if quietly(&mut make) && quietly(&mut fill) {
        // Written last: what was broken off is begun again.
        if let Err(error) = fs::copy(&requirements, folder.join("installed.txt")) {
            println!("note: {}: {error}", folder.display());
        }
    }
}

/// Runs it without its output, unless it fails.
fn quietly(command: &mut Command) -> bool {
    let line = run::line(command);
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            println!(
                "note: `{line}` ended with {}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
            false
        }
        Err(error) => {
            println!("note: `{line}` did not start: {error}");
            false
        }
    }
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("python")
}

fn requirements(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests/clients/requirements.txt")
}

fn is_found(program: &str) -> bool {
    run::works("sh", &["-c", &format!("command -v {program}")])
}

fn is_root() -> bool {
    run::works("sh", &["-c", "test \"$(id -u)\" = 0"])
}
