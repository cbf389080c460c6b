//! The servers that are compared.

use std::io;
use std::path::{Path, PathBuf};

/// A server that answers `GET /` with a line of text and `POST /json` with the document it got.
#[derive(Debug)]
pub struct Server {
    /// How it is called in the tables.
    pub name: &'static str,
    /// What makes it fast, for the tables.
    pub configuration: &'static str,
    program: &'static str,
    /// The second argument; the first is the port.
    mode: Option<&'static str>,
    ours: bool,
}

/// All of them, ours first; the peers in the fastest configuration that they document.
pub const SERVERS: [Server; 10] = [
    Server::ours("Mainspring", "current", "`Runtime::Current`; routing, limits, time-outs, task registry on"),
    Server::ours("Mainspring, shared", "shared", "`Runtime::Shared` with one worker"),
    Server::peer("hyper", "hyper", None, "no routing; current-thread, `LocalSet`, `pipeline_flush`"),
    Server::peer("xitca-web", "xitca", None, "one worker"),
    Server::peer("axum", "axum", None, "multi-thread runtime with one worker, its usual form"),
    Server::peer("axum, current", "axum", Some("current"), "current-thread runtime"),
    Server::peer("actix-web", "actix", None, "one worker, no default features"),
    Server::peer("ntex", "ntex", None, "one worker, its own runtime neon (epoll)"),
    Server::peer("poem", "poem", None, "current-thread runtime"),
    Server::peer("salvo", "salvo", None, "current-thread runtime"),
];

impl Server {
    const fn ours(name: &'static str, mode: &'static str, configuration: &'static str) -> Self {
        Server { name, configuration, program: "plaintext", mode: Some(mode), ours: true }
    }

    const fn peer(
        name: &'static str,
        program: &'static str,
        mode: Option<&'static str>,
        configuration: &'static str,
    ) -> Self {
        Server { name, configuration, program, mode, ours: false }
    }

    /// The command line that starts it on a port. `peers` is where the peers' programs are.
    ///
    /// # Errors
    ///
    /// When the place of this program is unknown, beside which our own server is.
    pub fn command(&self, peers: &Path, port: &str) -> io::Result<Vec<String>> {
        let program = if self.ours {
            std::env::current_exe()?.with_file_name(self.program)
        } else {
            PathBuf::from(peers).join(self.program)
        };
        let words =
            [Some(program.display().to_string()), Some(port.to_owned()), self.mode.map(str::to_owned)];
        Ok(words.into_iter().flatten().collect())
    }
}

/// Those whose names begin with one of the given ones; all when none is given.
///
/// # Errors
///
/// When a name fits none of them; the error lists them.
pub fn choose(names: &[String]) -> io::Result<Vec<&'static Server>> {
    let fits = |server: &Server, name: &str| server.name.to_lowercase().starts_with(&name.to_lowercase());
    if let Some(unknown) = names.iter().find(|name| !SERVERS.iter().any(|server| fits(server, name))) {
        let known: Vec<_> = SERVERS.iter().map(|server| server.name).collect();
        return Err(io::Error::other(format!(
            "no server is called `{unknown}`; there are: {}",
            known.join("; ")
        )));
    }
    let chosen = |server: &&Server| names.is_empty() || names.iter().any(|name| fits(server, name));
    Ok(SERVERS.iter().filter(chosen).collect())
}
