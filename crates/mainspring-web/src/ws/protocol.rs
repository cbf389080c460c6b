//! The state machine of one connection: bytes in, messages out, answers to be written.

use bytes::BytesMut;

use super::close::{Close, CloseCode};
use super::deflate::Deflate;
use super::frame::{CONTROL_LIMIT, Frame, Kind, encode};
use super::message::Message;
use super::negotiation::Agreement;
use super::partial::Partial;
use super::violation::Violation;

/// One side of a connection.
pub(super) struct Protocol {
    limit: usize,
    deflate: Option<Deflate>,
    /// The frame whose payload is on its way.
    frame: Option<Frame>,
    /// What has come of the payload of a control frame.
    control: Vec<u8>,
    message: Option<Partial>,
    /// What we said when we began to close.
    closing: Option<Close>,
    closed: Option<Close>,
}

impl Protocol {
    pub(super) fn new(limit: usize, agreed: Option<Agreement>) -> Self {
        Self {
            limit,
            deflate: agreed.map(Deflate::new),
            frame: None,
            control: Vec::new(),
            message: None,
            closing: None,
            closed: None,
        }
    }

    /// Why and by whom the connection was closed, once it is.
    pub(super) fn closed(&self) -> Option<&Close> {
        self.closed.as_ref()
    }

    /// Whether a close was sent or received, after which nothing else may be sent.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_some() || self.closed.is_some()
    }

    /// What the close was or will be, as far as it is known.
    pub(super) fn farewell(&self) -> Option<&Close> {
        self.closed.as_ref().or(self.closing.as_ref())
    }

    /// Takes the next message out of the input; `None` when more bytes are needed or the connection is closed.
    /// Answers go into the output.
    pub(super) fn receive(&mut self, input: &mut BytesMut, output: &mut Vec<u8>) -> Option<Message> {
        while self.closed.is_none() {
            match self.step(input, output) {
                Ok(Step::More) => return None,
                Ok(Step::Frame) => {}
                Ok(Step::Message(message)) => {
                    // After a close was sent, what still comes is of no interest.
                    if self.closing.is_none() {
                        return Some(message);
                    }
                }
                Err(Violation { code, reason }) => {
                    self.close(code, reason, output);
                    self.closed = self.closing.clone();
                }
            }
        }
        None
    }

    /// Writes a message; the caller has checked that the connection is not closing.
    pub(super) fn send(&mut self, message: &Message, output: &mut Vec<u8>) {
        let kind = match message {
            Message::Text(_) => Kind::Text,
            Message::Binary(_) => Kind::Binary,
        };
        let bytes = message.as_bytes();
        match self.deflate.as_mut().and_then(|deflate| deflate.compress(bytes)) {
            Some(small) => encode(output, kind, true, &small),
            None => encode(output, kind, false, bytes),
        }
    }

    pub(super) fn ping(&mut self, payload: &[u8], output: &mut Vec<u8>) {
        encode(output, Kind::Ping, false, payload);
    }

    /// Begins to close; nothing when that has been done.
    pub(super) fn close(&mut self, code: CloseCode, reason: &str, output: &mut Vec<u8>) {
        if self.is_closing() {
            return;
        }
        let reason = within(reason, CONTROL_LIMIT - 2);
        let payload = [&code.0.to_be_bytes(), reason.as_bytes()].concat();
        encode(output, Kind::Close, false, &payload);
        self.closing = Some(Close::ours(code, reason));
    }

    /// The connection broke or the peer took too long.
    pub(super) fn lost(&mut self, reason: &str) {
        if self.closed.is_none() {
            let lost = Close { code: CloseCode::ABNORMAL, reason: reason.to_owned(), by_peer: true };
            self.closed = Some(self.closing.take().unwrap_or(lost));
        }
    }

    fn step(&mut self, input: &mut BytesMut, output: &mut Vec<u8>) -> Result<Step, Violation> {
        if self.frame.is_none() {
            let Some(frame) = Frame::decode(input)? else { return Ok(Step::More) };
            self.begin(&frame)?;
            self.frame = Some(frame);
        }
        let Some(frame) = &mut self.frame else { return Ok(Step::More) };
        let payload = frame.take(input);
        let (kind, last, rest) = (frame.kind, frame.last, frame.length);
        if kind.is_control() {
            self.control.extend_from_slice(&payload);
        } else {
            self.append(&payload, last && rest == 0)?;
        }
        if rest > 0 {
            return Ok(Step::More);
        }
        self.frame = None;
        match kind {
            Kind::Close => self.close_received(output),
            Kind::Ping if !self.is_closing() => {
                encode(output, Kind::Pong, false, &self.control);
                self.control.clear();
                Ok(Step::Frame)
            }
            Kind::Ping | Kind::Pong => {
                self.control.clear();
                Ok(Step::Frame)
            }
            _ if last => self.finish().map(Step::Message),
            _ => Ok(Step::Frame),
        }
    }

    /// Checks a header against what came before it.
    fn begin(&mut self, frame: &Frame) -> Result<(), Violation> {
        if frame.kind.is_control() {
            return Ok(());
        }
        let continues = frame.kind == Kind::Continuation;
        if continues != self.message.is_some() {
            return Err(Violation::protocol(
                "a message begins within another, or goes on without a beginning",
            ));
        }
        if frame.compressed && (continues || self.deflate.is_none()) {
            return Err(Violation::protocol("a frame is marked as compressed where none may be"));
        }
        self.message.get_or_insert_with(|| Partial::new(frame)).expect(frame.length, self.limit)
    }

    fn append(&mut self, payload: &[u8], end: bool) -> Result<(), Violation> {
        let Some(message) = &mut self.message else { return Ok(()) };
        message.append(payload, end, self.deflate.as_mut(), self.limit)
    }

    fn finish(&mut self) -> Result<Message, Violation> {
        self.message.take().ok_or(Violation::NOT_UTF8)?.finish()
    }

    fn close_received(&mut self, output: &mut Vec<u8>) -> Result<Step, Violation> {
        let payload = std::mem::take(&mut self.control);
        let theirs = match payload.split_first_chunk::<2>() {
            None if payload.is_empty() => Close::theirs(CloseCode::NONE, ""),
            None => return Err(Violation::protocol("the payload of a close is half a code")),
            Some((code, reason)) => {
                let code = CloseCode(u16::from_be_bytes(*code));
                if !code.is_sendable() {
                    return Err(Violation::protocol("a close has a code that must not be sent"));
                }
                Close::theirs(code, std::str::from_utf8(reason).map_err(|_| Violation::NOT_UTF8)?)
            }
        };
        if let Some(ours) = self.closing.take() {
            self.closed = Some(ours);
        } else {
            let code = payload.get(..2).unwrap_or_default();
            encode(output, Kind::Close, false, code);
            self.closed = Some(theirs);
        }
        Ok(Step::Frame)
    }
}

enum Step {
    /// The input is used up.
    More,
    Frame,
    Message(Message),
}

/// The longest beginning of a text that has at most `limit` bytes.
fn within(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a client sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x12, 0x34, 0x56, 0x78];
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..=125 => bytes.push(0x80 | length as u8),
            length @ 126..=65_535 => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                bytes.push(0x80 | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    struct Side {
        protocol: Protocol,
        output: Vec<u8>,
    }

    impl Side {
        fn new() -> Self {
            Self { protocol: Protocol::new(1000, None), output: Vec::new() }
        }

        /// Everything that comes out of the bytes, however they are cut.
        fn feed(&mut self, bytes: &[u8], cut: usize) -> Vec<Message> {
            let mut input = BytesMut::new();
            let mut messages = Vec::new();
            for piece in bytes.chunks(cut) {
                input.extend_from_slice(piece);
                while let Some(message) = self.protocol.receive(&mut input, &mut self.output) {
                    messages.push(message);
                }
            }
            messages
        }

        fn code(&self) -> Option<u16> {
            self.protocol.closed().map(|close| close.code.0)
        }
    }

    fn ended_by(bytes: &[u8]) -> Option<u16> {
        let codes: Vec<_> = [1, 2, 7, usize::MAX]
            .into_iter()
            .map(|cut| {
                let mut side = Side::new();
                side.feed(bytes, cut.min(bytes.len().max(1)));
                side.code()
            })
            .collect();
        assert!(codes.windows(2).all(|pair| pair[0] == pair[1]), "the cut matters: {codes:?}");
        codes[0]
    }

    #[test]
    fn messages_come_out_however_the_bytes_are_cut() {
        let bytes = [frame(0x81, b"Meow."), frame(0x82, &[7; 300]), frame(0x81, b"")].concat();
        for cut in 1..bytes.len() {
            let messages = Side::new().feed(&bytes, cut);
            let expected: [Message; 3] = ["Meow.".into(), vec![7; 300].into(), "".into()];
            assert_eq!(messages, expected, "{cut}");
        }
    }

    #[test]
    fn fragments_are_joined_around_control_frames() {
        let bytes = [frame(0x01, b"Me"), frame(0x89, b"?"), frame(0x00, b"o"), frame(0x80, b"w")].concat();
        let mut side = Side::new();
        assert_eq!(side.feed(&bytes, 3), ["Meow".into()]);
        assert_eq!(side.output, [0x8a, 1, b'?']);
    }

    #[test]
    fn a_character_may_be_cut_by_a_frame() {
        let bytes = [frame(0x01, &[0xc3]), frame(0x80, &[0xa9])].concat();
        assert_eq!(Side::new().feed(&bytes, 1), ["é".into()]);
    }

    #[test]
    fn broken_rules_are_told() {
        let rules: [(&str, Vec<u8>, u16); 14] = [
            ("not masked", vec![0x81, 1, b'a'], 1002),
            ("reserved bit", frame(0xa1, b"a"), 1002),
            ("compressed without agreement", frame(0xc1, b"a"), 1002),
            ("reserved data opcode", frame(0x83, b"a"), 1002),
            ("reserved control opcode", frame(0x8b, b"a"), 1002),
            ("fragmented ping", frame(0x09, b"a"), 1002),
            ("long ping", frame(0x89, &[0; 126]), 1002),
            ("continuation of nothing", frame(0x80, b"a"), 1002),
            ("text within text", [frame(0x01, b"a"), frame(0x81, b"b")].concat(), 1002),
            ("text that is none", frame(0x81, &[0xff]), 1007),
            ("text that ends within a character", frame(0x81, &[0xc3]), 1007),
            ("too big", frame(0x82, &[0; 1001]), 1009),
            ("too big in fragments", [frame(0x02, &[0; 600]), frame(0x80, &[0; 600])].concat(), 1009),
            ("half a code", frame(0x88, &[3]), 1002),
        ];
        for (name, bytes, code) in rules {
            assert_eq!(ended_by(&bytes), Some(code), "{name}");
        }
    }

    #[test]
    fn bad_text_is_refused_before_its_message_ends() {
        assert_eq!(ended_by(&frame(0x01, &[b'a', 0xff])), Some(1007));
    }

    #[test]
    fn codes_that_must_not_be_sent_are_refused() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535_u16] {
            assert_eq!(ended_by(&frame(0x88, &code.to_be_bytes())), Some(1002), "{code}");
        }
        for code in [1000, 1003, 1007, 1014, 3000, 4999_u16] {
            assert_eq!(ended_by(&frame(0x88, &code.to_be_bytes())), Some(code), "{code}");
        }
    }

    #[test]
    fn a_close_is_answered_with_its_code_and_ends_everything() {
        let mut side = Side::new();
        let bytes = [frame(0x88, b"\x03\xe8bye"), frame(0x81, b"late")].concat();
        assert_eq!(side.feed(&bytes, 100), []);
        assert_eq!(side.output, [0x88, 2, 0x03, 0xe8]);
        assert_eq!(side.protocol.closed(), Some(&Close::theirs(CloseCode::NORMAL, "bye")));
    }

    #[test]
    fn our_close_waits_for_theirs_and_drops_what_comes_between() {
        let mut side = Side::new();
        side.protocol.close(CloseCode::AWAY, "", &mut side.output);
        assert_eq!(side.feed(&frame(0x81, b"late"), 100), []);
        assert_eq!(side.code(), None);
        side.feed(&frame(0x88, b"\x03\xe9"), 100);
        assert_eq!(side.protocol.closed(), Some(&Close::ours(CloseCode::AWAY, "")));
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let mut side = Side::new();
        side.protocol.close(CloseCode::NORMAL, &"é".repeat(100), &mut side.output);
        assert_eq!(side.output.get(1), Some(&124));
    }
}
