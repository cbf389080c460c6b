//! Messages on their way.

use bytes::Bytes;

use super::deflate::Deflate;
use super::frame::{Frame, Kind};
use super::message::{Message, Utf8Bytes};
use super::violation::Violation;

/// A message of which frames are missing.
pub(super) struct Partial {
    text: bool,
    compressed: bool,
    data: Vec<u8>,
    /// Bytes of `data` that are known to be UTF-8.
    checked: usize,
}

impl Partial {
    /// The message that begins with a frame.
    pub(super) fn new(frame: &Frame) -> Self {
        Self { text: frame.kind == Kind::Text, compressed: frame.compressed, data: Vec::new(), checked: 0 }
    }

    /// Refuses what a header says to be too much: not one byte of it must be read.
    pub(super) fn expect(&self, length: u64, limit: usize) -> Result<(), Violation> {
        let size = (self.data.len() as u64).saturating_add(length);
        if !self.compressed && size > limit as u64 { Err(Violation::TOO_BIG) } else { Ok(()) }
    }

    /// Takes a piece of a frame's payload; `end` with the last one of the last frame.
    pub(super) fn append(
        &mut self,
        payload: &[u8],
        end: bool,
        deflate: Option<&mut Deflate>,
        limit: usize,
    ) -> Result<(), Violation> {
        match deflate {
            Some(deflate) if self.compressed => {
                deflate.decompress(payload, end, &mut self.data, limit)?;
            }
            _ => self.data.extend_from_slice(payload),
        }
        if self.text { self.check(end) } else { Ok(()) }
    }

    /// The message, when its last frame has come.
    pub(super) fn finish(self) -> Result<Message, Violation> {
        if self.text {
            Utf8Bytes::new(self.data).map(Message::Text).ok_or(Violation::NOT_UTF8)
        } else {
            Ok(Message::Binary(Bytes::from(self.data)))
        }
    }

    /// Looks at the new bytes of a text, so that a bad one is refused where it goes wrong.
    fn check(&mut self, end: bool) -> Result<(), Violation> {
        match std::str::from_utf8(self.data.get(self.checked..).unwrap_or_default()) {
            Ok(_) => self.checked = self.data.len(),
            // A character is cut in two: the rest may come.
            Err(error) if error.error_len().is_none() && !end => self.checked += error.valid_up_to(),
            Err(_) => return Err(Violation::NOT_UTF8),
        }
        Ok(())
    }
}
