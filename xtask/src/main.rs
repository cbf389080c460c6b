//! The chores of this repository, run as `cargo xtask CHORE`.
//!
//! One module per chore: [`mod@test`], [`install`], [`demo`], [`sizes`], [`mod@bench`]. [`run`] starts the commands
//! they are made of, [`workspace`] knows where things lie.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the terminal is where a chore reports")]

mod bench;
mod demo;
mod install;
mod run;
mod sizes;
mod test;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
The chores of this repository.

USAGE: cargo xtask CHORE [ARGS…]

  test                 every check, in order: format, lints, tests, documentation, sizes, dependencies;
                       stops at the first that fails
  test NAME…           only the tests whose names contain NAME, without the other checks
  install              the clients that some tests talk through, where they are missing; `test` does it, too
  demo [ARGS…]         build the demo and become it; ARGS go to the demo (try --help)
  sizes                table of file and function lengths and of documentation, per crate
  sizes --check        the same, failing past 800 lines per file or 60 per function
  bench instructions   instructions per HTTP request, and per echo over TCP, counted by valgrind
  bench peers          the same beside the servers of other frameworks, built for it (minutes)
  bench http           processor time, throughput, latency and idle memory beside the same servers;
                       `bench http --help` lists its loads, servers and options
  bench echo           echoes over TCP on each kind of runtime, against bare tokio
  bench services       start and stop of a process with 100 services
  bench routes         instructions per request with 10 routes and with 1,000
  help                 this text
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> run::Result {
    let Some((chore, rest)) = args.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    match chore.as_str() {
        "test" => test::test(rest),
        "install" => install::install(&workspace::Workspace::find()?),
        "demo" => demo::demo(rest),
        "sizes" => sizes::sizes(rest),
        "bench" => bench::bench(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => run::fail(format!("no chore is called `{unknown}`; `cargo xtask help` lists them")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(args: &[&str]) -> String {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        dispatch(&args).expect_err("the arguments are wrong").to_string()
    }

    #[test]
    fn an_unknown_chore_is_named() {
        assert!(refusal(&["tset"]).contains("`tset`"));
    }

    #[test]
    fn an_unknown_flag_of_sizes_is_named() {
        assert!(refusal(&["sizes", "--chekc"]).contains("`--chekc`"));
    }

    #[test]
    fn an_unknown_flag_of_test_is_named() {
        assert!(refusal(&["test", "--fast"]).contains("`--fast`"));
    }

    #[test]
    fn a_bench_without_a_name_lists_the_benches() {
        assert!(refusal(&["bench"]).contains("instructions"));
    }
}
