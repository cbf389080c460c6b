//! Where the sources and the built programs lie.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run::{self, Failure, Result};

/// How the variables begin that describe a package.
const OF_PACKAGE: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// The workspace as cargo sees it, whatever `CARGO_TARGET_DIR` and the configuration say.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> Result<Workspace> {
        let mut metadata = Command::new("cargo");
        metadata.current_dir(env!("CARGO_MANIFEST_DIR"));
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        Workspace::parse(&run::output(&mut metadata)?)
    }

    fn parse(metadata: &[u8]) -> Result<Workspace> {
        let metadata: Value = serde_json::from_slice(metadata)
            .map_err(|error| Failure::new(format!("cargo metadata did not print JSON: {error}")))?;
        let path = |key: &str| match metadata[key].as_str() {
            Some(path) => Ok(PathBuf::from(path)),
            None => run::fail(format!("cargo metadata did not print `{key}`")),
        };
        Ok(Workspace { root: path("workspace_root")?, target: path("target_directory")? })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where everything is built.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// A program built with `--release`.
    pub(crate) fn release(&self, program: &str) -> PathBuf {
        self.target.join("release").join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
    }

    /// What a build without `--release` leaves.
    pub(crate) fn debug(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// A cargo command that runs at the root.
    ///
    /// It does not inherit what cargo has told this program of its own package: some build scripts look at it, and
    /// would run again, with all that depends on them, whenever a chore and a person's cargo take turns.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root).args(args);
        for (name, _) in std::env::vars_os() {
            if OF_PACKAGE.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                cargo.env_remove(name);
            }
        }
        cargo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_directory_is_what_cargo_says() {
        let workspace = Workspace::parse(br#"{"workspace_root":"/w","target_directory":"/elsewhere"}"#)
            .expect("both keys are there");
        assert_eq!(workspace.root(), Path::new("/w"));
        assert!(workspace.release("demo").starts_with("/elsewhere/release"));
    }

    #[test]
    fn a_missing_key_is_named() {
        let failure = Workspace::parse(br#"{"workspace_root":"/w"}"#).expect_err("one key is missing");
        assert!(failure.to_string().contains("`target_directory`"));
    }
}
