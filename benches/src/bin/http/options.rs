use std::io;
use std::path::PathBuf;
use std::time::Duration;

use mainspring_benches::servers::{Server, choose};

use crate::load::{LOADS, Load};

/// How often each server is loaded, and how long, unless the command line says otherwise.
pub(crate) const ROUNDS: usize = 5;
pub(crate) const SECONDS: f64 = 2.0;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) servers: Vec<&'static Server>,
    pub(crate) loads: Vec<&'static Load>,
    /// Whether idle connections are weighed, too.
    pub(crate) idle: bool,
    pub(crate) peers: PathBuf,
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> io::Result<Self> {
        let (mut names, mut loads, mut peers) = (Vec::new(), Vec::new(), None);
        let (mut rounds, mut seconds) = (ROUNDS, SECONDS);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| io::Error::other(format!("`{arg}` wants a value")));
            match arg.as_str() {
                "--peers" => peers = Some(PathBuf::from(value()?)),
                "--server" => names.push(value()?),
                "--rounds" => rounds = value()?.parse().map_err(io::Error::other)?,
                "--seconds" => seconds = value()?.parse().map_err(io::Error::other)?,
                _ => loads.push(arg),
            }
        }
        if let Some(unknown) =
            loads.iter().find(|name| *name != "idle" && !LOADS.iter().any(|load| load.name == *name))
        {
            let known: Vec<_> = LOADS.iter().map(|load| load.name).collect();
            return Err(io::Error::other(format!(
                "no load is called `{unknown}`; there are: {}, idle",
                known.join(", ")
            )));
        }
        let wanted = |name: &str| loads.is_empty() || loads.iter().any(|load| load == name);
        Ok(Options {
            servers: choose(&names)?,
            loads: LOADS.iter().filter(|load| wanted(load.name)).collect(),
            idle: wanted("idle"),
            peers: peers
                .ok_or_else(|| io::Error::other("`--peers` must say where the peers' programs are"))?,
            rounds: usize::max(rounds, 1),
            time: Duration::try_from_secs_f64(seconds).map_err(io::Error::other)?,
        })
    }
}
