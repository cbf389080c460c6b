//! A server that echoes, and a client that says exactly what a case wants.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use mainspring_service::{Entrypoint, Running};
use mainspring_web::ws::{Compression, WebSocket, WebSocketUpgrade};
use mainspring_web::{App, Error, HttpServer};
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader, FrameSocket};

pub(crate) const BOUND: Duration = Duration::from_secs(20);
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;

pub(crate) async fn echo(mut socket: WebSocket) -> Result<(), Error> {
    while let Some(message) = socket.receive().await {
        socket.send(message).await?;
    }
    Ok(())
}

pub(crate) fn app() -> App {
    let open = |compression| {
        move |upgrade: WebSocketUpgrade| async move {
            upgrade.max_message(LIMIT).compression(compression).protocols(["b", "c"]).on_upgrade(echo)
        }
    };
    App::new()
        .get("/", open(Compression::PerMessage))
        .get("/shared", open(Compression::SharedContext))
        .get("/off", open(Compression::Off))
        .get("/small", |upgrade: WebSocketUpgrade| async { upgrade.max_message(1000).on_upgrade(echo) })
}

pub(crate) async fn start(app: App) -> (Running, SocketAddr) {
    let server = HttpServer::bind("127.0.0.1:0", app).name("ws");
    let running = Entrypoint::new("test").service(server).start().await.expect("the server starts");
    let address = running.address("ws").expect("the server listens");
    (running, address)
}

/// Runs a blocking client against a server of [`app`].
pub(crate) async fn with_client(client: impl FnOnce(SocketAddr) + Send + 'static) {
    let (running, address) = start(app()).await;
    mainspring_task::threaded(move || client(address)).await.expect("the case holds");
    running.stop().await.expect("the server stops in order");
}

/// A client that knows frames, and no rules.
pub(crate) struct Client {
    pub(crate) frames: FrameSocket<TcpStream>,
    pub(crate) head: String,
}

impl Client {
    pub(crate) fn open(address: SocketAddr, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_read_timeout(Some(BOUND)).expect("it is not zero");
        stream.set_nodelay(true).expect("the socket is open");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).expect("the server reads");
        let head = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        Self { frames: FrameSocket::new(stream), head }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        self.frames.get_mut()
    }

    /// Sends bytes as they are, all at once or in pieces.
    pub(crate) fn bytes(&mut self, bytes: &[u8], piece: usize) {
        for piece in bytes.chunks(piece.max(1)) {
            // A server that has had enough may have hung up.
            if self.stream().write_all(piece).is_err() {
                return;
            }
        }
    }

    pub(crate) fn read(&mut self) -> Option<(FrameHeader, Vec<u8>)> {
        let frame = self.frames.read(None).ok()??;
        let header = frame.header().clone();
        Some((header, frame.into_payload().to_vec()))
    }

    /// The next frame must be this one.
    pub(crate) fn expect(&mut self, opcode: OpCode, payload: &[u8]) {
        let (header, found) = self.read().expect("a frame comes");
        assert_eq!(header.opcode, opcode);
        assert!(header.is_final && !header.rsv1 && header.mask.is_none());
        assert!(found == payload, "{} bytes came, {} were awaited", found.len(), payload.len());
    }

    /// The server must close with this code, and hang up.
    pub(crate) fn expect_close(&mut self, code: u16) {
        loop {
            let Some((header, payload)) = self.read() else { panic!("it hung up without a close") };
            if header.opcode == CLOSE {
                let found = payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
                assert_eq!(found, Some(code).filter(|code| *code != 1005));
                break;
            }
        }
        self.expect_end();
    }

    pub(crate) fn expect_end(&mut self) {
        // Half of it, so that the server sees the end too.
        let _gone = self.stream().shutdown(Shutdown::Write);
        assert!(self.read().is_none(), "something comes after the close");
    }

    /// Closes in order.
    pub(crate) fn close(mut self) {
        self.bytes(&frame(CLOSE, &1000_u16.to_be_bytes()), usize::MAX);
        self.expect_close(1000);
    }
}

pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    use std::io::Read;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("the head is whole");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("the head is text")
}

pub(crate) const TEXT: OpCode = OpCode::Data(Data::Text);
pub(crate) const BINARY: OpCode = OpCode::Data(Data::Binary);
pub(crate) const CONTINUE: OpCode = OpCode::Data(Data::Continue);
pub(crate) const CLOSE: OpCode = OpCode::Control(Control::Close);
pub(crate) const PING: OpCode = OpCode::Control(Control::Ping);
pub(crate) const PONG: OpCode = OpCode::Control(Control::Pong);

/// A whole message in one frame.
pub(crate) fn frame(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    with(FrameHeader { opcode, ..header() }, payload)
}

/// A frame that another follows.
pub(crate) fn part(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    with(FrameHeader { opcode, is_final: false, ..header() }, payload)
}

pub(crate) fn header() -> FrameHeader {
    FrameHeader { mask: Some([0x12, 0x34, 0x56, 0x78]), ..FrameHeader::default() }
}

pub(crate) fn with(header: FrameHeader, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Frame::from_payload(header, payload.to_vec().into()).format(&mut bytes).expect("memory takes it");
    bytes
}

/// How a case ends.
pub(crate) enum End {
    /// The client closes in order.
    Clean,
    /// The server closes with this code.
    Code(u16),
}

/// Sends the frames, awaits the answers, and the end.
pub(crate) async fn case(sent: Vec<Vec<u8>>, piece: usize, awaited: Vec<(OpCode, Vec<u8>)>, end: End) {
    with_client(move |address| {
        let mut client = Client::open(address, "/", "");
        // Answers may be larger than what both sides keep: who only writes would wait for ever.
        let mut writer = Client {
            frames: FrameSocket::new(client.stream().try_clone().expect("it is open")),
            head: String::new(),
        };
        let writing = std::thread::spawn(move || writer.bytes(&sent.concat(), piece));
        for (opcode, payload) in &awaited {
            client.expect(*opcode, payload);
        }
        writing.join().expect("it writes");
        match end {
            End::Clean => client.close(),
            End::Code(code) => client.expect_close(code),
        }
    })
    .await;
}

/// One test for each case: what is sent, what comes back, how it ends.
#[macro_export]
macro_rules! cases {
    ($($(#[$doc:meta])* $name:ident: $sent:expr, $piece:expr => $awaited:expr, $end:expr;)*) => {$(
        $(#[$doc])*
        #[tokio::test]
        async fn $name() {
            let case = $crate::support::case($sent.to_vec(), $piece, $awaited.to_vec(), $end);
            tokio::time::timeout($crate::support::BOUND * 2, case).await.expect("it does not hang");
        }
    )*};
}
