//! The syntax of multipart bodies (RFC 2046 §5.1.1), free of where the bytes come from.

use std::mem;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use memchr::memmem::Finder;

use super::head::PartHead;
use super::limits::MultipartLimits;
use crate::error::Error;

/// Eats the bytes of a body and yields what its parts are made of.
pub(super) struct Decoder {
    /// CRLF, two dashes and the boundary; what stands before every part and after the last.
    delimiter: Finder<'static>,
    buffer: Bytes,
    stage: Stage,
    limits: MultipartLimits,
    /// Parts begun so far.
    parts: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before the first part; there may be text for readers that know no multipart.
    Preamble,
    /// Right behind a delimiter: another part begins, or none.
    Delimiter,
    Head,
    Data,
    End,
}

/// What stands next in the body.
#[derive(Debug)]
pub(super) enum Event {
    Head(PartHead),
    Data(Bytes),
    /// The part is over.
    PartEnd,
    /// All parts are over.
    End,
}

impl Decoder {
    pub(super) fn new(boundary: &str, limits: MultipartLimits) -> Self {
        let delimiter = format!("\r\n--{boundary}");
        Self {
            delimiter: Finder::new(delimiter.as_bytes()).into_owned(),
            // The first delimiter may stand at the very start, where no line ends before it.
            buffer: Bytes::from_static(b"\r\n"),
            stage: Stage::Preamble,
            limits,
            parts: 0,
        }
    }

    /// Takes more of the body; copies it only behind what is left over.
    pub(super) fn feed(&mut self, piece: Bytes) {
        if self.buffer.is_empty() {
            self.buffer = piece;
            return;
        }
        let mut buffer = BytesMut::from(mem::take(&mut self.buffer));
        buffer.extend_from_slice(&piece);
        self.buffer = buffer.freeze();
    }

    /// The next event; `None` when more of the body is needed.
    ///
    /// # Errors
    ///
    /// 400 when the body is malformed, 413 when it is beyond a limit.
    pub(super) fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            match self.stage {
                Stage::Preamble => match self.delimiter.find(&self.buffer) {
                    Some(at) => self.pass(at),
                    None => {
                        self.buffer = self.buffer.split_off(self.undecided());
                        return Ok(None);
                    }
                },
                Stage::Delimiter => {
                    if !self.delimiter()? {
                        return Ok(None);
                    }
                }
                Stage::Head => return self.head(),
                Stage::Data => return Ok(self.data()),
                Stage::End => return Ok(Some(Event::End)),
            }
        }
    }

    /// Passes a delimiter and all before it.
    fn pass(&mut self, at: usize) {
        drop(self.buffer.split_to(at + self.delimiter.needle().len()));
        self.stage = Stage::Delimiter;
    }

    /// Where in the buffer a delimiter may have begun that is not whole yet.
    fn undecided(&self) -> usize {
        let delimiter = self.delimiter.needle();
        let from = self.buffer.len().saturating_sub(delimiter.len() - 1);
        let tail = self.buffer.get(from..).unwrap_or_default();
        let begun = memchr::memchr_iter(b'\r', tail)
            .find(|at| tail.get(*at..).is_some_and(|rest| delimiter.starts_with(rest)));
        from + begun.unwrap_or(tail.len())
    }

    /// Decides what follows a delimiter; `false` when more is needed.
    fn delimiter(&mut self) -> Result<bool, Error> {
        if self.buffer.starts_with(b"--") {
            self.stage = Stage::End;
            return Ok(true);
        }
        let padding = self.buffer.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match self.buffer.get(padding..).unwrap_or_default() {
            [b'\r', b'\n', ..] => {
                // The line end stays: if no header follows, it begins the empty line.
                drop(self.buffer.split_to(padding));
                self.stage = Stage::Head;
                Ok(true)
            }
            [] | [b'\r'] | [b'-'] if padding <= self.limits.head => Ok(false),
            _ => Err(malformed("a delimiter is not followed by the end of its line")),
        }
    }

    fn head(&mut self) -> Result<Option<Event>, Error> {
        let end = memchr::memmem::find(&self.buffer, b"\r\n\r\n");
        if end.unwrap_or(self.buffer.len()) > self.limits.head {
            let message = format!("the headers of a part are longer than {} bytes", self.limits.head);
            return Err(Error::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        let Some(end) = end else { return Ok(None) };
        self.parts += 1;
        if self.parts > self.limits.parts {
            let message = format!("the form has more than {} parts", self.limits.parts);
            return Err(Error::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        let lines = self.buffer.split_to(end + 4);
        self.stage = Stage::Data;
        // An empty part's delimiter may use the line end of the empty line.
        PartHead::parse(lines.get(2..).unwrap_or_default()).map(|head| Some(Event::Head(head)))
    }

    fn data(&mut self) -> Option<Event> {
        let end = match self.delimiter.find(&self.buffer) {
            Some(0) => {
                self.pass(0);
                return Some(Event::PartEnd);
            }
            Some(at) => at,
            None => self.undecided(),
        };
        if end == 0 { None } else { Some(Event::Data(self.buffer.split_to(end))) }
    }
}

#[cold]
pub(super) fn malformed(what: &str) -> Error {
    Error::bad_request(format!("bad multipart body: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--X\r\n\
                        --XX  \r\ncontent-disposition: form-data; name=b; filename=\"f\"\r\n\
                        Content-Type: text/csv\r\n\r\n\r\n--XX--\r\nepilogue";

    fn read(pieces: &[&[u8]], limits: MultipartLimits) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let mut decoder = Decoder::new("XX", limits);
        let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
        for piece in pieces {
            decoder.feed(Bytes::copy_from_slice(piece));
            while let Some(event) = decoder.next()? {
                match event {
                    Event::Head(head) => parts.push((head.name, Vec::new())),
                    Event::Data(data) => parts.last_mut().expect("a head first").1.extend_from_slice(&data),
                    Event::PartEnd => {}
                    Event::End => return Ok(parts),
                }
            }
        }
        Err(malformed("it ends early"))
    }

    fn expected() -> Vec<(String, Vec<u8>)> {
        vec![("a".into(), b"one\r\n--X".to_vec()), ("b".into(), Vec::new())]
    }

    #[test]
    fn parts_are_read_whole() {
        assert_eq!(read(&[BODY.as_bytes()], MultipartLimits::default()).unwrap(), expected());
    }

    #[test]
    fn it_does_not_matter_how_the_body_is_cut() {
        for size in 1..BODY.len() {
            let pieces: Vec<&[u8]> = BODY.as_bytes().chunks(size).collect();
            assert_eq!(read(&pieces, MultipartLimits::default()).unwrap(), expected(), "{size}");
        }
    }

    #[test]
    fn a_body_without_parts_is_an_empty_form() {
        assert_eq!(read(&[b"--XX--"], MultipartLimits::default()).unwrap(), []);
    }

    #[test]
    fn data_is_a_slice_of_the_body() {
        let mut decoder = Decoder::new("XX", MultipartLimits::default());
        let body = Bytes::from("\r\n--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nMeow.\r\n--XX--");
        decoder.buffer = Bytes::new();
        decoder.feed(body.clone());
        assert!(matches!(decoder.next(), Ok(Some(Event::Head(_)))));
        let Ok(Some(Event::Data(data))) = decoder.next() else { panic!("data follows") };
        assert_eq!(data, "Meow.");
        assert!(body.as_ptr_range().contains(&data.as_ptr()));
    }

    #[test]
    fn what_follows_a_delimiter_is_checked() {
        let error = read(&[b"--XXY\r\n\r\n"], MultipartLimits::default()).unwrap_err();
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_long_head_is_a_413() {
        let limits = MultipartLimits { head: 60, ..MultipartLimits::default() };
        let long = format!("--XX\r\nContent-Disposition: form-data; name={}", "a".repeat(60));
        assert_eq!(read(&[long.as_bytes()], limits).unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
        let padded = format!("--XX{}", " ".repeat(100));
        assert!(read(&[padded.as_bytes()], limits).is_err());
    }

    #[test]
    fn too_many_parts_are_a_413() {
        let limits = MultipartLimits { parts: 1, ..MultipartLimits::default() };
        let error = read(&[BODY.as_bytes()], limits).unwrap_err();
        assert_eq!(error.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(error.to_string(), "the form has more than 1 parts");
    }
}
