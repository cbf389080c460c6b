use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A command for a Python script of this package; `None`, with a note, when a module that it imports is missing.
///
/// The interpreter is the one that `MAINSPRING_PYTHON` names, where `cargo xtask test` has installed the modules, or
/// else `python3`.
#[must_use]
#[expect(clippy::print_stderr, reason = "the note is for who reads the output of the tests")]
pub fn python(script: &str, modules: &[&str]) -> Option<Command> {
    let imports = format!("import {}", modules.join(", "));
    let can_import = |interpreter: &PathBuf| {
        let mut check = Command::new(interpreter);
        let status = check.args(["-c", &imports]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let Some(interpreter) = named().into_iter().chain(["python3".into()]).find(can_import) else {
        eprintln!("note: no python3 here can `{imports}`, so this test is skipped");
        return None;
    };
    let mut command = Command::new(interpreter);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script));
    Some(command)
}

#[expect(clippy::disallowed_methods, reason = "the harness is told by the environment what to test with")]
fn named() -> Option<PathBuf> {
    std::env::var_os("MAINSPRING_PYTHON").map(PathBuf::from)
}
