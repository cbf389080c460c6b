use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::frame::{self, Answer, LENGTH};

/// The parent's end of the socket to one worker.
#[derive(Debug)]
pub(super) struct Link {
    answers: OwnedReadHalf,
    orders: OwnedWriteHalf,
    /// What was read of answers that are not complete.
    buffer: BytesMut,
    limit: u32,
}

impl Link {
    pub(super) fn new(socket: UnixStream, limit: u32) -> Self {
        let (answers, orders) = socket.into_split();
        Link { answers, orders, buffer: BytesMut::new(), limit }
    }

    /// Sends a whole frame. Dropped half-way, the link is of no more use.
    pub(super) async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.orders.write_all(frame).await
    }

    /// The next answer; `None` when the worker has closed the socket. Cancel safe.
    pub(super) async fn answer(&mut self) -> io::Result<Option<Answer>> {
        loop {
            if let Some(answer) = self.take()? {
                return Ok(Some(answer));
            }
            if self.answers.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Tells the worker that nothing more comes.
    pub(super) async fn close(&mut self) {
        // It fails when the worker has ended, which is what it is for.
        let _ = self.orders.shutdown().await;
    }

    /// An answer that is complete in the buffer.
    fn take(&mut self) -> io::Result<Option<Answer>> {
        let Some(length) = self.buffer.first_chunk::<LENGTH>() else { return Ok(None) };
        let length = frame::length(*length, self.limit)?;
        if self.buffer.len() < LENGTH + length {
            self.buffer.reserve(LENGTH + length - self.buffer.len());
            return Ok(None);
        }
        self.buffer.advance(LENGTH);
        let body = self.buffer.split_to(length);
        frame::answer(&body, self.limit).map(Some)
    }
}
