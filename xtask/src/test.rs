//! `cargo xtask test`: every check a change has to pass, in the order of what is cheapest to learn.

#![expect(clippy::disallowed_methods, reason = "the times printed are the ones the person waits")]

use std::process::Command;
use std::time::Instant;

use crate::run::{self, Result};
use crate::workspace::Workspace;
use crate::{demo, install, sizes};

/// Where the whole-program tests find the demo, and the folder of the examples.
const DEMO: &str = "MAINSPRING_DEMO";
const EXAMPLES: &str = "MAINSPRING_EXAMPLES";
/// Where they find an interpreter with the clients in Python.
const PYTHON: &str = "MAINSPRING_PYTHON";

/// Every order in which threads can meet in the task crate.
const MODELS: [&str; 7] = ["test", "--package", "mainspring-task", "--features", "__loom", "--lib", "models"];

/// One check and what it does.
struct Step<'a> {
    name: &'static str,
    action: Action<'a>,
}

enum Action<'a> {
    Command(Command),
    /// A chore, and how one would type it.
    Call(&'static str, Box<dyn Fn() -> Result + 'a>),
    Skip(&'static str),
}

pub(crate) fn test(args: &[String]) -> Result {
    if let Some(flag) = args.iter().find(|arg| arg.starts_with('-')) {
        return run::fail(format!("`cargo xtask test` takes names of tests, not the flag `{flag}`"));
    }
    let workspace = Workspace::find()?;
    let steps = if args.is_empty() { all(&workspace) } else { only_tests(&workspace, args) };
    walk(steps)
}

/// The steps of a plain `cargo xtask test`.
fn all(workspace: &Workspace) -> Vec<Step<'_>> {
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    let mut rustdoc = workspace.cargo(&["doc", "--workspace", "--no-deps"]);
    rustdoc.env("RUSTDOCFLAGS", "-D warnings");
    let mut steps = vec![
        Step::command("format", workspace.cargo(&["fmt", "--all", "--check"])),
        Step::command("lints", workspace.cargo(&lints)),
    ];
    steps.extend(only_tests(workspace, &[]));
    steps.extend([
        Step::command("models", workspace.cargo(&MODELS)),
        Step::command("documentation tests", workspace.cargo(&["test", "--workspace", "--doc"])),
        Step::command("documentation", rustdoc),
        Step::call("sizes", "cargo xtask sizes --check", || sizes::check(workspace)),
        Step { name: "dependencies", action: dependencies(workspace) },
    ]);
    steps
}

/// The tests themselves, and the program that some of them start.
fn only_tests<'a>(workspace: &'a Workspace, names: &[String]) -> Vec<Step<'a>> {
    let mut tests = if run::works("cargo", &["nextest", "--version"]) {
        workspace.cargo(&["nextest", "run", "--workspace"])
    } else {
        workspace.cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--examples", "--"])
    };
    tests.args(names).env(DEMO, workspace.release(demo::PROGRAM)).env(EXAMPLES, workspace.debug("examples"));
    tests.env(PYTHON, install::interpreter(workspace));
    vec![
        Step::call("install", "cargo xtask install", || install::install(workspace)),
        Step::command("demo", demo::build(workspace)),
        // As the tests are built, so that nothing is compiled twice.
        Step::command("examples", workspace.cargo(&["build", "--workspace", "--examples"])),
        Step::command("tests", tests),
    ]
}

fn dependencies(workspace: &Workspace) -> Action<'static> {
    if run::works("cargo", &["deny", "--version"]) {
        Action::Command(workspace.cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]))
    } else {
        Action::Skip("cargo-deny is not installed (cargo install --locked cargo-deny)")
    }
}

/// Takes the steps one after another, and stops at the first that fails.
fn walk(steps: Vec<Step<'_>>) -> Result {
    let count = steps.len();
    let start = Instant::now();
    let mut times = Vec::new();
    for (index, step) in steps.into_iter().enumerate() {
        let name = step.name;
        let begun = Instant::now();
        println!("[{}/{count}] {name}: {}", index + 1, step.line());
        if let Err(failure) = step.take() {
            return run::fail(format!("step {} of {count}, {name}: {failure}", index + 1));
        }
        let time = begun.elapsed().as_secs_f64();
        println!("[{}/{count}] {name}: {time:.1} s", index + 1);
        times.push(format!("{name} {time:.1}"));
    }
    println!("All {count} steps passed in {:.1} s ({}).", start.elapsed().as_secs_f64(), times.join(", "));
    Ok(())
}

impl<'a> Step<'a> {
    fn command(name: &'static str, command: Command) -> Self {
        Step { name, action: Action::Command(command) }
    }

    fn call(name: &'static str, line: &'static str, call: impl Fn() -> Result + 'a) -> Self {
        Step { name, action: Action::Call(line, Box::new(call)) }
    }

    /// What is about to happen.
    fn line(&self) -> String {
        match &self.action {
            Action::Command(command) => run::line(command),
            Action::Call(line, _) => (*line).to_owned(),
            Action::Skip(reason) => format!("skipped, {reason}"),
        }
    }

    fn take(self) -> Result {
        match self.action {
            Action::Command(mut command) => run::run(&mut command),
            Action::Call(_, call) => call(),
            Action::Skip(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_first_failure_ends_the_walk() {
        let taken = Cell::new(0);
        let take = || {
            taken.set(taken.get() + 1);
            Ok(())
        };
        let steps = vec![
            Step::call("first", "one", take),
            Step::call("second", "two", || run::fail("broken")),
            Step::call("third", "three", take),
        ];
        let failure = walk(steps).expect_err("the second step fails");
        assert_eq!(failure.to_string(), "step 2 of 3, second: broken");
        assert_eq!(taken.get(), 1);
    }

    #[test]
    fn a_skipped_step_says_why_and_passes() {
        let step = Step { name: "dependencies", action: Action::Skip("no tool") };
        assert_eq!(step.line(), "skipped, no tool");
        assert!(walk(vec![step]).is_ok());
    }
}
