//! Running commands, and saying what failed.

use std::ffi::OsStr;
use std::fmt;
use std::process::{Command, Stdio};

/// What a chore gives back.
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// Why a chore stopped: one line for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Failure {
        Failure(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Ends a chore with `text`.
pub(crate) fn fail<T>(text: impl Into<String>) -> Result<T> {
    Err(Failure::new(text))
}

/// Runs `command` to its end, with the terminal as its output.
pub(crate) fn run(command: &mut Command) -> Result {
    let line = line(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => fail(format!("`{line}` ended with {status}")),
        Err(error) => fail(format!("`{line}` did not start: {error}")),
    }
}

/// Runs `command` and returns what it printed to standard output.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let line = line(command);
    match command.stderr(Stdio::inherit()).output() {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => fail(format!("`{line}` ended with {}", output.status)),
        Err(error) => fail(format!("`{line}` did not start: {error}")),
    }
}

/// Whether `program` with `args` runs and succeeds, quietly.
pub(crate) fn works(program: &str, args: &[&str]) -> bool {
    let status = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        let value = quoted(value?);
        Some(format!("{}={value}", name.to_string_lossy()))
    });
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty() || word.contains(char::is_whitespace) {
        format!("'{word}'")
    } else {
        word.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_typed_again() {
        let mut command = Command::new("cargo");
        command.args(["doc", "a b"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(line(&command), "RUSTDOCFLAGS='-D warnings' cargo doc 'a b'");
    }

    #[test]
    fn a_failure_names_the_command_and_its_exit() {
        let failure = run(&mut Command::new("false")).expect_err("false fails");
        assert!(failure.to_string().starts_with("`false` ended with exit status: 1"), "{failure}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let failure = run(&mut Command::new("no-such-program")).expect_err("it does not exist");
        assert!(failure.to_string().starts_with("`no-such-program` did not start"), "{failure}");
        assert!(!works("no-such-program", &[]));
    }

    #[test]
    fn output_is_what_was_printed() {
        let printed = output(Command::new("echo").arg("tick")).expect("echo works");
        assert_eq!(printed, b"tick\n");
    }
}
