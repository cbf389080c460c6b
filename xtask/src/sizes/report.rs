//! The table, and what stands out.

use std::fmt;
use std::path::Path;

use super::LIMITS;
use super::package::Package;
use super::source::{Function, Source};
use super::spread::Spread;
use crate::run::{self, Result};
use crate::workspace::Workspace;

pub(crate) fn sizes(args: &[String]) -> Result {
    let must_pass = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return run::fail(format!("`cargo xtask sizes` takes only --check, not `{}`", args.join(" "))),
    };
    let workspace = Workspace::find()?;
    let packages = Package::all(workspace.root())?;
    let findings = Findings::of(&packages);
    print!("{}{findings}", Table(&packages));
    if must_pass { findings.verdict() } else { Ok(()) }
}

/// What `cargo xtask test` asks: only the hard stops.
pub(crate) fn check(workspace: &Workspace) -> Result {
    let findings = Findings::of(&Package::all(workspace.root())?);
    for line in &findings.past_stop {
        println!("  {line}");
    }
    findings.verdict()
}

/// One row per crate, the targets below.
struct Table<'a>(&'a [Package]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<20}{:>6}{:>8}   {:^17}   {:^17}{:>10}{:>8}{:>11}{:>10}",
            "", "files", "code", "file length", "function length", "prose", "pub fn", "examples", "tests"
        )?;
        writeln!(
            f,
            "{:<20}{:>6}{:>8}   {:>5}{:>6}{:>6}   {:>5}{:>6}{:>6}{:>10}{:>8}{:>11}{:>10}",
            "crate",
            "",
            "lines",
            "med",
            "p90",
            "max",
            "med",
            "p90",
            "max",
            "per code",
            "docs",
            "per 1,000",
            "per code"
        )?;
        for package in self.0 {
            row(f, package)?;
        }
        writeln!(
            f,
            "{:<34}   {:>5}{:>6}{:>6}   {:>5}{:>6}{:>6}{:>10}{:>8}{:>11}{:>10}",
            "target",
            "≤ 150",
            "≤ 400",
            format!("≤ {}", LIMITS.file_stop),
            "",
            "≤ 20",
            format!("≤ {}", LIMITS.function_stop),
            "0.6–0.9",
            "100 %",
            "≥ 10",
            "≥ 1"
        )
    }
}

fn row(f: &mut fmt::Formatter<'_>, package: &Package) -> fmt::Result {
    let code = package.sum(|source| source.code);
    let prose = package.sum(|source| source.docs + source.comments);
    let tests = package.sum(|source| source.tests) + package.integration;
    let examples = package.sum(|source| source.examples) * 1000;
    let Spread { median, p90, max } = package.file_lengths();
    write!(f, "{:<20}{:>6}{code:>8}   {median:>5}{p90:>6}{max:>6}", package.name, package.files.len())?;
    let Spread { median, p90, max } = package.function_lengths();
    write!(f, "   {median:>5}{p90:>6}{max:>6}")?;
    let documented = share(package.sum(|source| source.documented), package.sum(|source| source.public));
    writeln!(
        f,
        "{:>10}{documented:>8}{:>11}{:>10}",
        ratio(prose, code, 2),
        ratio(examples, code, 1),
        ratio(tests, code, 2)
    )
}

fn ratio(part: usize, whole: usize, digits: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.digits$}", part as f64 / whole as f64) }
}

/// Rounded down, so that 100 % means all.
fn share(part: usize, whole: usize) -> String {
    (part * 100).checked_div(whole).map_or_else(|| "-".to_owned(), |percent| format!("{percent} %"))
}

/// Places worth a look, one line each.
#[derive(Debug, Default)]
struct Findings {
    past_stop: Vec<String>,
    argued: Vec<String>,
    long_files: Vec<String>,
    many_arguments: Vec<String>,
}

impl Findings {
    fn of(packages: &[Package]) -> Findings {
        let mut findings = Findings::default();
        for (path, source) in packages.iter().flat_map(|package| &package.files) {
            findings.file(path, source);
            for function in &source.functions {
                findings.function(path, function);
            }
        }
        findings
    }

    fn file(&mut self, path: &Path, source: &Source) {
        let line = format!("{}: {} lines", path.display(), source.length);
        if source.length > LIMITS.file_stop {
            self.past_stop.push(format!("{line}, the stop is {}", LIMITS.file_stop));
        } else if source.length > LIMITS.file_reason {
            self.long_files.push(line);
        }
    }

    fn function(&mut self, path: &Path, function: &Function) {
        let Function { name, line, length, arguments, argued } = function;
        let place = format!("{}:{line}: `{name}`", path.display());
        if *length > LIMITS.function_stop {
            match argued {
                Some(reason) => self.argued.push(format!("{place} has {length} lines: {reason}")),
                None => self
                    .past_stop
                    .push(format!("{place} has {length} lines, the stop is {}", LIMITS.function_stop)),
            }
        }
        if *arguments > LIMITS.arguments {
            self.many_arguments.push(format!("{place} takes {arguments} arguments"));
        }
    }

    fn verdict(&self) -> Result {
        match self.past_stop.len() {
            0 => Ok(()),
            1 => run::fail(format!("one place is past its stop: {}", self.past_stop[0])),
            count => {
                run::fail(format!("{count} places are past their stops, the first is {}", self.past_stop[0]))
            }
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            ("Past the stop", &self.past_stop),
            ("Past the stop, argued", &self.argued),
            ("Files long enough to need a reason", &self.long_files),
            ("Functions with many arguments", &self.many_arguments),
        ];
        for (title, lines) in lists.into_iter().filter(|(_, lines)| !lines.is_empty()) {
            writeln!(f, "\n{title}:")?;
            for line in lines {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn package(text: &str) -> Package {
        let source = Source::parse(text).expect("the text is Rust");
        Package {
            name: "tick".to_owned(),
            files: vec![(PathBuf::from("src/lib.rs"), source)],
            integration: 0,
        }
    }

    fn function(above: &str, lines: usize) -> String {
        format!("{above}fn f() {{\n{}}}\n", "    g();\n".repeat(lines))
    }

    #[test]
    fn a_function_at_the_stop_passes_and_one_line_more_does_not() {
        assert!(Findings::of(&[package(&function("", 60))]).verdict().is_ok());
        let failure = Findings::of(&[package(&function("", 61))]).verdict().expect_err("it is too long");
        assert!(failure.to_string().contains("src/lib.rs:1: `f` has 61 lines"), "{failure}");
    }

    #[test]
    fn an_argued_function_passes_and_is_listed_with_its_reason() {
        let findings = Findings::of(&[package(&function("// sizes: a table of states\n", 61))]);
        assert!(findings.verdict().is_ok());
        assert!(findings.to_string().contains("src/lib.rs:2: `f` has 61 lines: a table of states"));
    }

    #[test]
    fn a_file_past_the_stop_fails_even_when_it_is_tests() {
        let text = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    // why\n".repeat(800));
        let failure = Findings::of(&[package(&text)]).verdict().expect_err("it is too long");
        assert!(failure.to_string().contains("803 lines"), "{failure}");
    }

    #[test]
    fn long_files_and_many_arguments_are_listed_but_pass() {
        let text = format!("fn f(a: A, b: A, c: A, d: A, e: A, g: A) {{}}\n{}", "// why\n".repeat(400));
        let findings = Findings::of(&[package(&text)]);
        assert!(findings.verdict().is_ok());
        assert_eq!((findings.long_files.len(), findings.many_arguments.len()), (1, 1));
    }

    #[test]
    fn the_table_has_a_row_per_crate_and_the_targets() {
        let table = Table(&[package("/// A.\npub fn a() {}\n")]).to_string();
        let row = table.lines().nth(2).expect("the first crate");
        assert_eq!(row.split_whitespace().take(3).collect::<Vec<_>>(), ["tick", "1", "1"]);
        assert!(row.contains("100 %") && row.contains("1.00"), "{row}");
        assert!(
            table.lines().last().is_some_and(|last| last.starts_with("target") && last.contains("≤ 800"))
        );
    }

    #[test]
    fn a_share_is_all_only_when_it_is_all() {
        assert_eq!(share(999, 1000), "99 %");
        assert_eq!(share(0, 0), "-");
    }
}
