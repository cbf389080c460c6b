//! Counts user-space instructions per request with callgrind.
//!
//! `instructions [get|pipe16|json|echo]… [--keep] [--peers FOLDER [--server NAME]…] [-- COMMAND…]`
//!
//! The command is a server that takes its port as its first argument, or wherever `PORT` stands; the default is
//! the `plaintext` server beside this program, or the `echo` one for `echo`, which sends 1 KiB of plain bytes. It
//! runs twice under callgrind, with few and with many rounds of requests over 64 connections; the difference of the
//! totals divided by the difference of the requests is the figure, so that start and end cancel out. `--keep` leaves
//! the profiles for `callgrind_annotate`. With `--peers` the HTTP servers of all frameworks are counted, and a table in
//! Markdown is printed.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use mainspring_benches::load::Request;
use mainspring_benches::servers::choose;
use mainspring_benches::{pause, terminate};

const CONNECTIONS: u64 = 64;
/// The length of an echo.
const ECHO: usize = 1024;

#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    depth: u64,
    rounds: [u64; 2],
}

const LOADS: [Load; 4] = [
    Load { name: "get", depth: 1, rounds: [5, 45] },
    Load { name: "pipe16", depth: 16, rounds: [2, 10] },
    Load { name: "json", depth: 1, rounds: [5, 45] },
    Load { name: "echo", depth: 1, rounds: [20, 220] },
];

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _unheard = writeln!(io::stderr(), "instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> io::Result<()> {
    let options = Options::parse(std::env::args().skip(1))?;
    let Some(peers) = &options.peers else {
        for load in &options.loads {
            let command = if options.command.is_empty() { own(**load)? } else { options.command.clone() };
            writeln!(io::stdout(), "{}\t{}", load.name, figure(&command, **load, options.keep)?)?;
        }
        return Ok(());
    };
    let heads: Vec<_> = options.loads.iter().map(|load| load.name).collect();
    let rules = "---:|".repeat(heads.len());
    writeln!(io::stdout(), "| server | configuration | {} |\n|---|---|{rules}", heads.join(" | "))?;
    for server in choose(&options.servers)? {
        let command = server.command(peers, "PORT")?;
        let figures =
            options.loads.iter().map(|load| Ok(figure(&command, **load, options.keep)?.to_string()));
        let figures = figures.collect::<io::Result<Vec<_>>>()?.join(" | ");
        writeln!(io::stdout(), "| {} | {} | {figures} |", server.name, server.configuration)?;
    }
    Ok(())
}

/// What the command line asks for.
struct Options {
    loads: Vec<&'static Load>,
    keep: bool,
    peers: Option<PathBuf>,
    servers: Vec<String>,
    /// Of a server of somebody else's.
    command: Vec<String>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> io::Result<Self> {
        let (mut names, mut servers, mut peers, mut keep) = (Vec::new(), Vec::new(), None, false);
        let mut command = Vec::new();
        while let Some(arg) = args.next() {
            let wants = || io::Error::other(format!("`{arg}` wants a value"));
            match arg.as_str() {
                "--keep" => keep = true,
                "--peers" => peers = Some(PathBuf::from(args.next().ok_or_else(wants)?)),
                "--server" => servers.push(args.next().ok_or_else(wants)?),
                "--" => command.extend(args.by_ref()),
                _ => names.push(arg),
            }
        }
        if let Some(unknown) = names.iter().find(|name| LOADS.iter().all(|load| load.name != name.as_str())) {
            return Err(io::Error::other(format!(
                "no load is called `{unknown}`; there are get, pipe16, json and echo"
            )));
        }
        // A server of somebody else's speaks HTTP unless it is said that it echoes.
        let others = peers.is_some() || !command.is_empty();
        let all = |load: &Load| names.is_empty() && (load.name != "echo" || !others);
        let wanted = |load: &&Load| all(load) || names.iter().any(|name| name == load.name);
        Ok(Options { loads: LOADS.iter().filter(wanted).collect(), keep, peers, servers, command })
    }
}

/// Instructions per request.
fn figure(command: &[String], load: Load, keep: bool) -> io::Result<u64> {
    let [few, many] = load.rounds;
    let difference = total(command, load, many, keep)? - total(command, load, few, keep)?;
    Ok(difference / ((many - few) * CONNECTIONS * load.depth))
}

/// The command of the server beside this program that a load is for.
fn own(load: Load) -> io::Result<Vec<String>> {
    let words = if load.name == "echo" { "echo serve current PORT" } else { "plaintext PORT" };
    let mut command: Vec<String> = words.split(' ').map(str::to_owned).collect();
    command[0] = std::env::current_exe()?.with_file_name(&command[0]).display().to_string();
    Ok(command)
}

/// All instructions of a server that answered `rounds` rounds.
fn total(command: &[String], load: Load, rounds: u64, keep: bool) -> io::Result<u64> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let place = std::env::temp_dir().join(format!("callgrind.{}.{}.{rounds}", std::process::id(), load.name));
    let mut server = Command::new("valgrind")
        .args(["--tool=callgrind", &format!("--callgrind-out-file={}", place.display())])
        .args(command.iter().map(|arg| arg.replace("PORT", &port.to_string())))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let driven = wait_for(port).and_then(|()| drive(port, load, rounds));
    let text = end(&mut server)?;
    if keep {
        writeln!(io::stdout(), "profile: {}", place.display())?;
    } else {
        std::fs::remove_file(&place)?;
    }
    driven?;
    let collected = text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    collected.ok_or_else(|| io::Error::other(format!("callgrind gave no total:\n{text}")))
}

fn wait_for(port: u16) -> io::Result<()> {
    for _ in 0..300 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            pause(Duration::from_secs(1));
            return Ok(());
        }
        pause(Duration::from_millis(200));
    }
    Err(io::Error::other("the server does not listen"))
}

/// Sends one batch on every connection, then reads all answers; `rounds` times.
fn drive(port: u16, load: Load, rounds: u64) -> io::Result<()> {
    let request = match load.name {
        "echo" => vec![b'x'; ECHO],
        "json" => Request::Json.bytes((Ipv4Addr::LOCALHOST, port).into()),
        _ => Request::Get.bytes((Ipv4Addr::LOCALHOST, port).into()),
    };
    let batch = request.repeat(load.depth as usize);
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        streams.push(stream);
    }
    for _ in 0..rounds {
        for stream in &mut streams {
            stream.write_all(&batch)?;
        }
        for stream in &mut streams {
            match load.name {
                "echo" => stream.read_exact(&mut [0; ECHO])?,
                _ => read_answers(stream, load.depth)?,
            }
        }
    }
    streams.iter().try_for_each(|stream| stream.shutdown(Shutdown::Both))
}

fn read_answers(stream: &mut TcpStream, count: u64) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 65536];
    for _ in 0..count {
        loop {
            if let Some(end) = answer_end(&bytes)? {
                bytes.drain(..end);
                break;
            }
            match stream.read(&mut chunk)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => bytes.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            }
        }
    }
    Ok(())
}

/// Where the first answer ends, when it is whole.
fn answer_end(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else { return Ok(None) };
    let text = String::from_utf8_lossy(bytes.get(..head).unwrap_or_default()).to_lowercase();
    if !text.starts_with("http/1.1 200") {
        return Err(io::Error::other(format!("an answer is not 200: {text}")));
    }
    let length =
        text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let end = head + 4 + length.ok_or_else(|| io::Error::other("an answer has no length"))?;
    Ok((bytes.len() >= end).then_some(end))
}

/// Ends the server and gives what callgrind said.
fn end(server: &mut Child) -> io::Result<String> {
    terminate(server)?;
    let mut text = String::new();
    if let Some(mut stderr) = server.stderr.take() {
        stderr.read_to_string(&mut text)?;
    }
    server.wait()?;
    Ok(text)
}
