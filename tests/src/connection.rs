use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::PATIENCE;

/// A connection of HTTP/1.1 whose every byte the test decides.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// One answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names, in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// As many bytes as `content-length` says.
    pub body: Vec<u8>,
}

/// The head of a request without a body.
#[must_use]
pub fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n")
}

impl Connection {
    /// Connects. Reading and writing are bounded by [`PATIENCE`].
    ///
    /// # Panics
    ///
    /// When nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the HTTP service listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a bound can be set");
        stream.set_write_timeout(Some(PATIENCE)).expect("a bound can be set");
        stream.set_nodelay(true).expect("a stream has this option");
        Connection { stream: BufReader::new(stream) }
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    ///
    /// When the other side does not take them.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).expect("the server reads what it is sent");
    }

    /// The same connection for another thread to send on; this one goes on reading.
    ///
    /// # Panics
    ///
    /// When the system has no descriptor left.
    #[must_use]
    pub fn writer(&self) -> Self {
        let stream = self.stream.get_ref().try_clone().expect("there are descriptors left");
        Connection { stream: BufReader::new(stream) }
    }

    /// Sends bytes to a server that may close the connection before it has read them all.
    pub fn offer(&mut self, bytes: impl AsRef<[u8]>) {
        // What the server makes of them shows in its answer.
        let _ = self.stream.get_mut().write_all(bytes.as_ref());
    }

    /// Closes our half: there will be no more requests.
    pub fn finish(&mut self) {
        // It fails when the other side has closed already.
        let _ = self.stream.get_mut().shutdown(Shutdown::Write);
    }

    /// Reads an answer.
    ///
    /// # Panics
    ///
    /// When what comes is none.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        answer.body.resize(length, 0);
        self.stream.read_exact(&mut answer.body).expect("the body is as long as announced");
        answer
    }

    /// Reads an answer that has no body, whatever its headers say.
    ///
    /// # Panics
    ///
    /// When what comes is none.
    #[track_caller]
    pub fn head(&mut self) -> Answer {
        let status_line = self.line();
        let status = status_line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {status_line:?}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return Answer { status, headers, body: Vec::new() };
            }
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header: {line:?}"));
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads so many bytes as they are.
    ///
    /// # Panics
    ///
    /// When fewer come.
    #[must_use]
    #[track_caller]
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("there is more to come");
        bytes
    }

    /// Everything up to the end of the connection; a reset is an end, too.
    ///
    /// # Panics
    ///
    /// When the connection stays open.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => {
                panic!("the connection is not closed: {error}; read {:?}", String::from_utf8_lossy(&rest))
            }
            _ => rest,
        }
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("an answer comes");
        let text = line.strip_suffix("\r\n");
        text.unwrap_or_else(|| panic!("the connection ended, or a line did not end well: {line:?}"))
            .to_owned()
    }
}

impl Answer {
    /// The value of the header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// When it is not UTF-8.
    #[must_use]
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }
}
