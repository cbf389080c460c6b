//! A connection in use: its protocol, its socket and its clock.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep};
use tokio_util::io::poll_read_buf;

use super::close::{Close, CloseCode, Closed};
use super::message::Message;
use super::protocol::Protocol;
use crate::payload::Upgraded;

/// How much is read at once.
const READ: usize = 8 * 1024;
/// Beyond this much unsent output a sink is not ready.
const FULL: usize = 64 * 1024;

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) heartbeat: Option<Duration>,
    pub(super) close: Duration,
    pub(super) write: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            heartbeat: Some(Duration::from_secs(30)),
            close: Duration::from_secs(10),
            write: Duration::from_secs(30),
        }
    }
}

/// The protocol, its socket and its clock.
pub(super) struct Connection {
    io: Upgraded,
    protocol: Protocol,
    patience: Patience,
    input: BytesMut,
    output: Vec<u8>,
    /// Bytes of the output that the system has taken.
    written: usize,
    /// When the peer was last heard, and whether it was pinged since.
    heard: Instant,
    pinged: bool,
    /// Since when the peer has taken nothing.
    stalled: Option<Instant>,
    /// When this side began to close.
    closing: Option<Instant>,
    /// The server's stop was noticed.
    stopped: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    pub(super) fn new(io: Upgraded, protocol: Protocol, patience: Patience) -> Self {
        Self {
            io,
            protocol,
            patience,
            input: BytesMut::new(),
            output: Vec::new(),
            written: 0,
            heard: Instant::now(),
            pinged: false,
            stalled: None,
            closing: None,
            stopped: false,
            timer: None,
        }
    }

    /// Why and by whom it was closed, once it is.
    pub(super) fn closed(&self) -> Option<&Close> {
        self.protocol.closed()
    }

    /// Closes in order: says farewell, waits for the answer, lets the peer hang up. Bounded by the close time-out.
    pub(super) async fn end(&mut self, code: CloseCode, reason: &str) {
        self.begin_close(code, reason);
        while poll_fn(|cx| self.poll_receive(cx)).await.is_some() {}
        let hanging_up = async {
            let _gone = self.io.shutdown().await;
            // A socket that is closed with unread input resets the connection, and the farewell may be lost.
            loop {
                self.input.clear();
                let Self { io, input, .. } = self;
                input.reserve(READ);
                match poll_fn(|cx| poll_read_buf(Pin::new(&mut *io), cx, input)).await {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
        };
        let _ended_by_time = tokio::time::timeout(self.patience.close, hanging_up).await;
    }

    pub(super) fn begin_close(&mut self, code: CloseCode, reason: &str) {
        self.protocol.close(code, reason, &mut self.output);
        self.closing.get_or_insert_with(Instant::now);
    }

    fn open(&self) -> Result<(), Closed> {
        if !self.protocol.is_closing() {
            return Ok(());
        }
        let farewell = self.protocol.farewell().cloned();
        Err(Closed(farewell.unwrap_or_else(|| Close::ours(CloseCode::NORMAL, ""))))
    }

    pub(super) fn start_send(&mut self, message: &Message) -> Result<(), Closed> {
        self.open()?;
        self.protocol.send(message, &mut self.output);
        Ok(())
    }

    pub(super) fn start_ping(&mut self) -> Result<(), Closed> {
        self.open()?;
        self.protocol.ping(b"", &mut self.output);
        Ok(())
    }

    /// Whether so much is unsent that no more should be added.
    pub(super) fn is_full(&self) -> bool {
        self.output.len() - self.written > FULL
    }

    /// Begins to close when the server stops.
    pub(super) fn notice_stop(&mut self, cx: &mut Context<'_>) {
        if !self.stopped && self.io.poll_stopping(cx).is_ready() {
            self.stopped = true;
            self.begin_close(CloseCode::AWAY, "the server stops");
        }
    }

    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.notice_stop(cx);
        loop {
            let message = self.protocol.receive(&mut self.input, &mut self.output);
            let flushed = self.poll_flush(cx);
            if let Some(message) = message {
                return Poll::Ready(Some(message));
            }
            if self.protocol.closed().is_some() && flushed.is_ready() {
                return Poll::Ready(None);
            }
            if self.poll_patience(cx) {
                continue;
            }
            // Who does not take answers is not read from: nothing piles up.
            ready!(flushed);
            self.input.reserve(READ);
            match ready!(poll_read_buf(Pin::new(&mut self.io), cx, &mut self.input)) {
                Ok(0) => self.protocol.lost("the connection ended"),
                Err(error) => self.protocol.lost(&error.to_string()),
                Ok(_) => {
                    self.heard = Instant::now();
                    self.pinged = false;
                }
            }
        }
    }

    /// Ready when everything is sent.
    pub(super) fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        loop {
            if self.poll_flush(cx).is_ready() {
                // Lost on the way, or closed by a stop.
                return Poll::Ready(self.open());
            }
            if !self.poll_patience(cx) {
                return Poll::Pending;
            }
        }
    }

    /// Writes what there is; ready when nothing is left, also because nobody takes it any more.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(rest) = self.output.get(self.written..)
            && !rest.is_empty()
        {
            match Pin::new(&mut self.io).poll_write(cx, rest) {
                Poll::Pending => {
                    self.stalled.get_or_insert_with(Instant::now);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.written += count;
                    self.stalled = None;
                }
                Poll::Ready(outcome) => {
                    let error = outcome.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into());
                    self.protocol.lost(&error.to_string());
                    break;
                }
            }
        }
        self.give_back_output();
        Poll::Ready(())
    }

    fn give_back_output(&mut self) {
        self.written = 0;
        self.stalled = None;
        self.output.clear();
        self.output.shrink_to(FULL);
    }

    /// Looks at the clock; whether it changed something.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline() else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        // A timer that fires too early is set anew; only one that would be late is moved at once.
        if deadline < timer.deadline() || timer.is_elapsed() {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now < deadline {
                timer.as_mut().reset(deadline);
                continue;
            }
            self.out_of_patience();
            return true;
        }
        false
    }

    fn deadline(&self) -> Option<Instant> {
        let closing = self.closing.map(|since| since + self.patience.close);
        let stalled = self.stalled.map(|since| since + self.patience.write);
        let silent = self.patience.heartbeat.map(|pause| {
            let half = if self.pinged { pause / 2 } else { Duration::ZERO };
            self.heard + pause + half
        });
        [closing, stalled, silent.filter(|_| closing.is_none())].into_iter().flatten().min()
    }

    fn out_of_patience(&mut self) {
        let now = Instant::now();
        if self.stalled.is_some_and(|since| since + self.patience.write <= now) {
            self.protocol.lost("the peer takes nothing");
            self.give_back_output();
        } else if self.closing.is_some() {
            self.protocol.lost("the peer does not answer the close");
            self.give_back_output();
        } else if self.pinged {
            self.protocol.lost("the peer does not answer a ping");
            self.give_back_output();
        } else {
            self.pinged = true;
            self.protocol.ping(b"", &mut self.output);
        }
    }
}
