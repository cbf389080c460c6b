//! Frames: headers by the codec of tungstenite, payloads by ourselves.

use std::io::Cursor;

use bytes::{Buf, BytesMut};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::violation::Violation;

/// The header of a frame that came from a client, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) last: bool,
    pub(super) compressed: bool,
    pub(super) length: u64,
    mask: [u8; 4],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Kind {
    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    fn of(code: OpCode) -> Result<Self, Violation> {
        match code {
            OpCode::Data(Data::Continue) => Ok(Self::Continuation),
            OpCode::Data(Data::Text) => Ok(Self::Text),
            OpCode::Data(Data::Binary) => Ok(Self::Binary),
            OpCode::Control(Control::Close) => Ok(Self::Close),
            OpCode::Control(Control::Ping) => Ok(Self::Ping),
            OpCode::Control(Control::Pong) => Ok(Self::Pong),
            OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
                Err(Violation::protocol("a frame has a reserved opcode"))
            }
        }
    }

    fn code(self) -> OpCode {
        match self {
            Self::Continuation => OpCode::Data(Data::Continue),
            Self::Text => OpCode::Data(Data::Text),
            Self::Binary => OpCode::Data(Data::Binary),
            Self::Close => OpCode::Control(Control::Close),
            Self::Ping => OpCode::Control(Control::Ping),
            Self::Pong => OpCode::Control(Control::Pong),
        }
    }
}

/// Longest payload of a control frame (RFC 6455 §5.5).
pub(super) const CONTROL_LIMIT: usize = 125;

impl Frame {
    /// Takes a header from the front of the input; `None` when it is not complete.
    pub(super) fn decode(input: &mut BytesMut) -> Result<Option<Self>, Violation> {
        let mut cursor = Cursor::new(&input[..]);
        let parsed = FrameHeader::parse(&mut cursor)
            .map_err(|_| Violation::protocol("the header of a frame is malformed"))?;
        let Some((header, length)) = parsed else { return Ok(None) };
        let size = cursor.position() as usize;
        input.advance(size);
        let kind = Kind::of(header.opcode)?;
        if header.rsv2 || header.rsv3 {
            return Err(Violation::protocol("a frame has a reserved bit"));
        }
        let Some(mask) = header.mask else {
            return Err(Violation::protocol("a frame of a client is not masked"));
        };
        if length >> 63 != 0 {
            return Err(Violation::protocol("the length of a frame has its highest bit set"));
        }
        if kind.is_control() && (!header.is_final || length > CONTROL_LIMIT as u64 || header.rsv1) {
            return Err(Violation::protocol("a control frame is fragmented, compressed or too long"));
        }
        Ok(Some(Self { kind, last: header.is_final, compressed: header.rsv1, length, mask }))
    }

    /// Takes what there is of the payload out of the input and unmasks it.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> BytesMut {
        let count = usize::try_from(self.length).unwrap_or(usize::MAX).min(input.len());
        let mut payload = input.split_to(count);
        unmask(&mut payload, self.mask);
        self.mask.rotate_left(count % 4);
        self.length -= count as u64;
        payload
    }
}

/// Appends a frame of the server: not masked.
pub(super) fn encode(output: &mut Vec<u8>, kind: Kind, compressed: bool, payload: &[u8]) {
    let header = FrameHeader { opcode: kind.code(), rsv1: compressed, ..FrameHeader::default() };
    output.reserve(header.len(payload.len() as u64) + payload.len());
    // Writing to memory cannot fail.
    let _infallible = header.format(payload.len() as u64, output);
    output.extend_from_slice(payload);
}

/// Eight bytes at a time: the compiler makes the widest moves of them that the machine has.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (blocks, rest) = payload.as_chunks_mut::<8>();
    for block in blocks {
        *block = (u64::from_ne_bytes(*block) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_unmasked_whatever_its_pieces() {
        let mask = [1, 2, 3, 4];
        let plain: Vec<u8> = (0..100).collect();
        let mut masked = plain.clone();
        for (index, byte) in masked.iter_mut().enumerate() {
            *byte ^= mask[index % 4];
        }
        for cut in 0..=plain.len() {
            let mut frame = Frame { kind: Kind::Binary, last: true, compressed: false, length: 100, mask };
            let mut first = BytesMut::from(&masked[..cut]);
            let mut second = BytesMut::from(&masked[cut..]);
            let mut whole = frame.take(&mut first);
            whole.extend_from_slice(&frame.take(&mut second));
            assert_eq!(whole, plain, "{cut}");
        }
    }

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, size) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut output = Vec::new();
            encode(&mut output, Kind::Binary, false, &vec![0; length]);
            assert_eq!(output.len() - length, size);
        }
    }
}
