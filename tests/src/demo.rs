use std::io::Read;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::ops::{Deref, DerefMut};
use std::process::Command;

use crate::{Answer, Connection, PATIENCE, Process, request};

/// The demo, up and running, each service on a free port.
#[derive(Debug)]
pub struct Demo {
    process: Process,
    /// Where the rate is told over TCP.
    pub tcp: SocketAddr,
    /// Where the pages are.
    pub http: SocketAddr,
    /// Where datagrams are printed.
    pub udp: SocketAddr,
}

impl Demo {
    /// Starts it with its defaults.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Starts it with arguments or an environment of the test's choice.
    #[must_use]
    pub fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        let mut command = crate::demo();
        for flag in ["--tcp", "--http", "--udp"] {
            command.args([flag, "127.0.0.1:0"]);
        }
        change(&mut command);
        Self::run(command)
    }

    /// Starts it as the command says, and waits until it runs.
    ///
    /// # Panics
    ///
    /// When it does not come to run.
    #[must_use]
    pub fn run(command: Command) -> Self {
        let process = Process::start(command);
        process.errors().expect("running");
        let address = |scheme| listening(&process, scheme);
        let (tcp, http, udp) = (address("tcp"), address("http"), address("udp"));
        Demo { process, tcp, http, udp }
    }

    /// Asks for a page on a connection of its own.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        let mut connection = self.connect();
        connection.send(request("GET", path));
        connection.answer()
    }

    /// Opens a connection to the pages.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(self.http)
    }

    /// What the TCP service says until it closes the connection.
    ///
    /// # Panics
    ///
    /// When it cannot be read to the end.
    #[must_use]
    pub fn rate_line(&self) -> String {
        let mut stream = TcpStream::connect(self.tcp).expect("the TCP service listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a bound can be set");
        let mut line = String::new();
        stream.read_to_string(&mut line).expect("the TCP service tells and closes");
        line
    }

    /// A socket whose datagrams go to the UDP service.
    ///
    /// # Panics
    ///
    /// When the system has no socket left.
    #[must_use]
    pub fn udp_socket(&self) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("there is a free port");
        socket.connect(self.udp).expect("a datagram socket connects to anything");
        socket
    }
}

/// The address in the line that says that a service listens.
fn listening(process: &Process, scheme: &str) -> SocketAddr {
    let mark = format!("address={scheme}://");
    let line = process.errors().expect(&mark);
    let address = line.split(&mark).nth(1).and_then(|rest| rest.split_whitespace().next());
    let address = address.and_then(|address| address.parse().ok());
    address.unwrap_or_else(|| panic!("there is no address after `{mark}`: {line}"))
}

impl Deref for Demo {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Demo {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}
