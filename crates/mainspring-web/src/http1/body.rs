//! Bodies: counted or chunked.

use bytes::{Buf, BytesMut};
use http::StatusCode;

use super::framing::TOO_LARGE;
use super::limits::Limits;
use super::refusal::Refusal;
use super::scan::{TOKEN, VALUE, is};
use super::trailers::Trailers;

/// A part of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of the body, cut out of the read buffer without a copy.
    Data(BytesMut),
    /// The body is complete.
    End,
}

/// Longest chunk extensions that are skipped, per chunk.
const EXTENSION_LIMIT: usize = 1024;
/// The same for all chunks of a body: they are no body, so its limit does not bound them.
const EXTENSIONS_LIMIT: usize = 16 * 1024;
/// Hexadecimal digits of a chunk size: 16 hold every 64-bit number.
const DIGIT_LIMIT: usize = 16;

/// A chunked body in the middle of its decoding.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    /// Bytes of the body in all chunks that were announced so far.
    announced: u64,
    limit: u64,
    /// Bytes of extensions that may still come.
    extensions: usize,
    trailers: Trailers,
    /// The trailer line at work.
    line: Vec<u8>,
    /// Bytes of trailers that may still come.
    trailer_bytes: usize,
    /// Trailers that may still come.
    trailer_count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size {
        size: u64,
        digits: usize,
    },
    /// White space after the size: only an extension may follow.
    Space {
        size: u64,
        seen: usize,
    },
    Extension {
        size: u64,
        seen: usize,
    },
    SizeEnd {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    Done,
}

impl Chunked {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            state: State::Size { size: 0, digits: 0 },
            announced: 0,
            limit: limits.body as u64,
            extensions: EXTENSIONS_LIMIT,
            trailers: Trailers::default(),
            line: Vec::new(),
            trailer_bytes: limits.head,
            trailer_count: limits.headers,
        }
    }

    /// Sets another limit, which also counts for what has come.
    pub(super) fn limit(&mut self, limit: u64) -> Result<(), Refusal> {
        self.limit = limit;
        if self.announced > limit { Err(TOO_LARGE) } else { Ok(()) }
    }

    /// The trailers; all of them only after the end.
    pub(super) fn trailers(&mut self) -> Trailers {
        std::mem::take(&mut self.trailers)
    }

    /// Takes the next piece out of `buffer`; `None` when it holds too little.
    pub(super) fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Piece>, Refusal> {
        loop {
            match self.state {
                State::Done => return Ok(Some(Piece::End)),
                State::Data { left } => {
                    if buffer.is_empty() {
                        return Ok(None);
                    }
                    let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let left = left - count as u64;
                    self.state = if left == 0 { State::DataCr } else { State::Data { left } };
                    return Ok(Some(Piece::Data(buffer.split_to(count))));
                }
                _ => self.skip_syntax(buffer)?,
            }
            if buffer.is_empty() && self.state != State::Done {
                return Ok(None);
            }
        }
    }

    /// Eats bytes up to the next data or the end.
    fn skip_syntax(&mut self, buffer: &mut BytesMut) -> Result<(), Refusal> {
        let mut eaten = 0;
        for byte in buffer.iter() {
            if matches!(self.state, State::Data { .. } | State::Done) {
                break;
            }
            self.state = self.step(*byte)?;
            eaten += 1;
        }
        buffer.advance(eaten);
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<State, Refusal> {
        match self.state {
            State::Size { size, digits } => Self::size(byte, size, digits),
            State::Space { size, seen } => match byte {
                b' ' | b'\t' => Ok(State::Space { size, seen: self.extended(seen)? }),
                b';' => Ok(State::Extension { size, seen }),
                _ => Err(Refusal::bad("a chunk size is not a number")),
            },
            State::Extension { size, seen } => match byte {
                b'\r' => Ok(State::SizeEnd { size }),
                byte if is(VALUE, byte) => Ok(State::Extension { size, seen: self.extended(seen)? }),
                _ => Err(Refusal::bad("a chunk extension holds a control byte")),
            },
            State::SizeEnd { size } => {
                line_feed(byte)?;
                self.announced = self.announced.checked_add(size).ok_or(TOO_LARGE)?;
                if self.announced > self.limit {
                    return Err(TOO_LARGE);
                }
                Ok(if size == 0 { State::TrailerStart } else { State::Data { left: size } })
            }
            State::DataCr if byte == b'\r' => Ok(State::DataLf),
            State::DataCr => Err(Refusal::bad("a chunk is longer than its size says")),
            State::DataLf => {
                line_feed(byte)?;
                Ok(State::Size { size: 0, digits: 0 })
            }
            State::Data { .. } | State::Done => Ok(self.state),
            _ => self.trailer(byte),
        }
    }

    fn size(byte: u8, size: u64, digits: usize) -> Result<State, Refusal> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b';' if digits > 0 => return Ok(State::Extension { size, seen: 0 }),
            b' ' | b'\t' if digits > 0 => return Ok(State::Space { size, seen: 0 }),
            b'\r' if digits > 0 => return Ok(State::SizeEnd { size }),
            _ => return Err(Refusal::bad("a chunk size is not a number")),
        };
        if digits == DIGIT_LIMIT {
            return Err(Refusal::bad("a chunk size is too large to be a number"));
        }
        // Sixteen digits fill 64 bits exactly, so the shift cannot lose any.
        Ok(State::Size { size: (size << 4) | u64::from(digit), digits: digits + 1 })
    }

    fn extended(&mut self, seen: usize) -> Result<usize, Refusal> {
        if seen == EXTENSION_LIMIT || self.extensions == 0 {
            return Err(Refusal::bad("a chunk extension is too long"));
        }
        self.extensions -= 1;
        Ok(seen + 1)
    }

    fn trailer(&mut self, byte: u8) -> Result<State, Refusal> {
        self.trailer_bytes = self.trailer_bytes.checked_sub(1).ok_or(TRAILERS_TOO_LONG)?;
        self.line.push(byte);
        match (self.state, byte) {
            (State::TrailerStart, b'\r') => Ok(State::LastLf),
            (State::TrailerStart, byte) if is(TOKEN, byte) => {
                self.trailer_count = self.trailer_count.checked_sub(1).ok_or(TOO_MANY_TRAILERS)?;
                Ok(State::TrailerName)
            }
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerName, byte) if is(TOKEN, byte) => Ok(State::TrailerName),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, byte) if is(VALUE, byte) => Ok(State::TrailerValue),
            (State::TrailerLf, byte) => {
                line_feed(byte)?;
                self.trailers.push(&self.line);
                self.line.clear();
                Ok(State::TrailerStart)
            }
            (State::LastLf, byte) => line_feed(byte).map(|()| State::Done),
            _ => Err(Refusal::bad("a trailer is malformed")),
        }
    }
}

const TRAILERS_TOO_LONG: Refusal =
    Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the trailers are longer than the limit");
const TOO_MANY_TRAILERS: Refusal =
    Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "there are more trailers than the limit");

fn line_feed(byte: u8) -> Result<(), Refusal> {
    if byte == b'\n' { Ok(()) } else { Err(Refusal::bad("a carriage return stands alone")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        let mut chunked = Chunked::new(Limits { head: 64, body: 64, headers: 4, ..Limits::default() });
        let mut buffer = BytesMut::from(body);
        let mut data = Vec::new();
        loop {
            match chunked.decode(&mut buffer)? {
                Some(Piece::Data(piece)) => data.extend_from_slice(&piece),
                Some(Piece::End) => return Ok(Some(data)),
                None => return Ok(None),
            }
        }
    }

    fn refused(body: &[u8]) -> StatusCode {
        decode(body).expect_err("it must be refused").status()
    }

    #[test]
    fn chunks_are_joined() {
        assert_eq!(decode(b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), Ok(Some(b"abc0123456789".to_vec())));
    }

    #[test]
    fn extensions_are_ignored() {
        assert_eq!(decode(b"3;a=b\r\nabc\r\n0 ; x=\"y\"\r\n\r\n"), Ok(Some(b"abc".to_vec())));
    }

    #[test]
    fn an_endless_extension_is_refused() {
        let body = [b"3;".as_slice(), &[b'a'; 2000]].concat();
        assert_eq!(refused(&body), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_bare_line_feed_in_an_extension_is_refused() {
        assert_eq!(refused(b"3;a\nabc"), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn trailers_are_ignored() {
        assert_eq!(decode(b"0\r\nExpires: never\r\nX:\r\n\r\n"), Ok(Some(Vec::new())));
    }

    #[test]
    fn trailers_beyond_the_limit_are_refused() {
        let body = [b"0\r\nX: ".as_slice(), &[b'a'; 100], b"\r\n\r\n"].concat();
        assert_eq!(refused(&body), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }

    #[test]
    fn a_malformed_trailer_is_refused() {
        assert_eq!(refused(b"0\r\nExpires\r\n\r\n"), StatusCode::BAD_REQUEST);
        assert_eq!(refused(b"0\r\nA: \0\r\n\r\n"), StatusCode::BAD_REQUEST);
        assert_eq!(refused(b"0\r\n: a\r\n\r\n"), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_size_that_overflows_is_refused() {
        assert_eq!(refused(b"10000000000000000\r\n"), StatusCode::BAD_REQUEST);
        assert_eq!(refused(b"ffffffffffffffff\r\n"), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn a_size_that_is_no_number_is_refused() {
        for body in [&b"\r\n"[..], b"x\r\n", b"-1\r\n", b"+1\r\n", b"0x1\r\n", b" 1\r\n", b"1 \r\n", b"1\n"] {
            assert_eq!(refused(body), StatusCode::BAD_REQUEST, "{}", body.escape_ascii());
        }
    }

    #[test]
    fn a_chunk_longer_than_its_size_is_refused() {
        assert_eq!(refused(b"3\r\nabcd\r\n"), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn the_sum_of_chunks_is_limited() {
        let chunk = [b"20\r\n".as_slice(), &[b'a'; 32], b"\r\n"].concat();
        assert_eq!(refused(&chunk.repeat(3)), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn a_body_that_stops_early_wants_more() {
        assert_eq!(decode(b"3\r\nab"), Ok(None));
        assert_eq!(decode(b"3\r\nabc\r\n0\r\n"), Ok(None));
    }
}
