//! Compares HTTP servers by the clock: all in the same run, interleaved, the server on core 0, the load on core 1.
//!
//! `http --help` lists its loads, servers and options. Prints tables in Markdown.

mod help;
mod load;
mod machine;
mod options;
mod process;
mod round;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use mainspring_benches::load::raise_file_limit;

use options::Options;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _unheard = writeln!(io::stderr(), "http: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| matches!(arg.as_str(), "--help" | "-h")) {
        return help::help(&mut io::stdout());
    }
    let options = Options::parse(args.into_iter())?;
    raise_file_limit();
    machine::stay_on(machine::LOAD)?;
    let mut out = io::stdout();
    writeln!(out, "{}\n", machine::describe())?;
    table::configurations(&mut out, &options.servers)?;
    for load in &options.loads {
        let samples = round::rounds(&options, load)?;
        table::figures(&mut out, load, &options, &samples)?;
    }
    if options.idle {
        let figures = round::idle(&options)?;
        table::idle(&mut out, &options, &figures)?;
    }
    Ok(())
}
