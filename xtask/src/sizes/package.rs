//! One crate, measured.

use std::fs;
use std::path::{Path, PathBuf};

use super::source::Source;
use super::spread::Spread;
use crate::run::{Failure, Result};

/// The files of one crate, tests in their own files told apart.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// Each file of `src`, its path relative to the workspace.
    pub(super) files: Vec<(PathBuf, Source)>,
    /// Lines of the crate's `tests/` that are not blank.
    pub(super) integration: usize,
}

impl Package {
    /// Every crate under `root/crates`, by name.
    pub(super) fn all(root: &Path) -> Result<Vec<Package>> {
        let mut folders: Vec<PathBuf> = list(&root.join("crates"))?
            .into_iter()
            .filter(|path| path.join("Cargo.toml").is_file())
            .collect();
        folders.sort();
        folders.iter().map(|folder| Package::read(root, folder)).collect()
    }

    fn read(root: &Path, folder: &Path) -> Result<Package> {
        let mut files = Vec::new();
        for path in rust_files(&folder.join("src"))? {
            let text = read(&path)?;
            let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
            let source = Source::parse(&text).map_err(|error| {
                Failure::new(format!("{}:{}: {error}", path.display(), error.span().start().line))
            })?;
            files.push((path, source));
        }
        let mut integration = 0;
        for path in rust_files(&folder.join("tests"))? {
            integration += read(&path)?.lines().filter(|line| !line.trim().is_empty()).count();
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Package { name, files: tests_apart(files), integration })
    }

    pub(super) fn sum(&self, count: impl Fn(&Source) -> usize) -> usize {
        self.files.iter().map(|(_, source)| count(source)).sum()
    }

    pub(super) fn file_lengths(&self) -> Spread {
        Spread::of(self.files.iter().map(|(_, source)| source.length))
    }

    pub(super) fn function_lengths(&self) -> Spread {
        Spread::of(self.files.iter().flat_map(|(_, source)| &source.functions).map(|one| one.length))
    }
}

/// Turns the files that a `#[cfg(test)] mod name;` names into tests.
fn tests_apart(files: Vec<(PathBuf, Source)>) -> Vec<(PathBuf, Source)> {
    let modules: Vec<PathBuf> = files
        .iter()
        .flat_map(|(path, source)| source.test_modules.iter().map(|name| children(path).join(name)))
        .collect();
    let is_test = |path: &Path| modules.iter().any(|module| path.with_extension("").starts_with(module));
    files
        .into_iter()
        .map(|(path, source)| if is_test(&path) { (path, source.into_tests()) } else { (path, source) })
        .collect()
}

/// The folder in which the modules declared in `path` lie.
fn children(path: &Path) -> PathBuf {
    let is_root = path.file_stem().is_some_and(|stem| stem == "mod" || stem == "lib" || stem == "main");
    if is_root { path.parent().unwrap_or(path).to_owned() } else { path.with_extension("") }
}

/// The Rust files under `folder`, sorted; none when it does not exist.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop().filter(|folder| folder.is_dir()) {
        for path in list(&folder)? {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|error| Failure::new(format!("{}: {error}", folder.display())))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> (PathBuf, Source) {
        (PathBuf::from(path), Source::parse(text).expect("the text is Rust"))
    }

    #[test]
    fn the_file_of_a_test_module_is_a_test() {
        let files = tests_apart(vec![
            file("src/lib.rs", "#[cfg(test)]\nmod tests;\n"),
            file("src/tests.rs", "fn a() {}\n"),
            file("src/tests/more.rs", "fn b() {}\n"),
            file("src/tests_of_others.rs", "fn c() {}\n"),
        ]);
        let tests: Vec<usize> = files.iter().map(|(_, source)| source.tests).collect();
        assert_eq!(tests, [2, 1, 1, 0]);
    }

    #[test]
    fn modules_lie_beside_a_root_and_below_any_other_file() {
        assert_eq!(children(Path::new("src/task/mod.rs")), Path::new("src/task"));
        assert_eq!(children(Path::new("src/task/handle.rs")), Path::new("src/task/handle"));
    }

    #[test]
    fn this_workspace_can_be_read() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let package = Package::read(here, here).expect("these files are Rust");
        assert_eq!(package.name, "xtask");
        assert!(package.sum(|source| source.code) > 0);
        assert!(package.files.iter().any(|(path, _)| path == Path::new("src/main.rs")));
    }
}
