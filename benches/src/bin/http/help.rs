use std::io::{self, Write};

use mainspring_benches::servers::SERVERS;

use crate::load::LOADS;
use crate::options::{ROUNDS, SECONDS};
use crate::round::IDLE;

/// What can be asked for.
pub(crate) fn help(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Compares HTTP servers by the clock, all in the same run.\n")?;
    writeln!(out, "USAGE: cargo xtask bench http [LOAD]… [OPTIONS]\n")?;
    writeln!(out, "LOADS, all when none is named:")?;
    for load in &LOADS {
        writeln!(out, "  {:<18} {}", load.name, load.title)?;
    }
    writeln!(out, "  {:<18} memory of {IDLE} idle connections\n", "idle")?;
    writeln!(out, "SERVERS:")?;
    for server in &SERVERS {
        writeln!(out, "  {:<18} {}", server.name, server.configuration)?;
    }
    writeln!(out, "\nOPTIONS:")?;
    writeln!(out, "  --server NAME      a server to compare, several times for several, all without it;")?;
    writeln!(out, "                     takes each whose name begins so, whatever the case")?;
    writeln!(out, "  --rounds N         how often each server is loaded; default: {ROUNDS}")?;
    writeln!(out, "  --seconds N        how long each time; default: {SECONDS}")?;
    writeln!(
        out,
        "  --peers FOLDER     where the programs of the peers are; `cargo xtask bench http` says it"
    )
}
