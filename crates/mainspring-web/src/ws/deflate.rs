//! Compressed messages (RFC 7692 §7.2).

use std::cell::RefCell;

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};

use super::negotiation::Agreement;
use super::violation::Violation;

/// Smaller messages are sent as they are: compression would make them longer.
const LEAST: usize = 64;
/// What both sides leave away at the end of a message.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// How much room the output of the codec is given at a time.
const STEP: usize = 8 * 1024;
/// Codecs that a thread keeps for the next message.
const KEPT: usize = 4;

thread_local! {
    /// Codecs without a context, of the largest window: any connection may use them for one message. They hold
    /// 300 KiB, too much for every connection that says nothing.
    static COMPRESSORS: RefCell<Vec<Compress>> = const { RefCell::new(Vec::new()) };
    static DECOMPRESSORS: RefCell<Vec<Decompress>> = const { RefCell::new(Vec::new()) };
}

/// Both codecs of a connection.
pub(super) struct Deflate {
    agreed: Agreement,
    compress: Option<Compress>,
    decompress: Option<Decompress>,
}

impl Deflate {
    pub(super) fn new(agreed: Agreement) -> Self {
        Self { agreed, compress: None, decompress: None }
    }

    /// Compresses a message; `None` when it is better sent as it is.
    pub(super) fn compress(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        if message.len() < LEAST {
            return None;
        }
        let mut codec = self.compressor();
        let mut output = Vec::with_capacity(message.len() / 2 + 64);
        let start = codec.total_in();
        loop {
            let rest = message.get((codec.total_in() - start) as usize..).unwrap_or_default();
            let status = codec.compress_vec(rest, &mut output, FlushCompress::Sync);
            let done = codec.total_in() - start == message.len() as u64 && output.len() < output.capacity();
            match status {
                Ok(Status::Ok | Status::BufError) if done => break,
                Ok(_) => output.reserve(STEP),
                // The codec is at odds with itself: it is thrown away.
                Err(_) => return None,
            }
        }
        if output.ends_with(&TAIL) {
            output.truncate(output.len() - TAIL.len());
        }
        self.keep_compressor(codec);
        Some(output)
    }

    /// Inflates a piece of a message to the end of `output`, which must not grow beyond `limit`.
    pub(super) fn decompress(
        &mut self,
        piece: &[u8],
        last: bool,
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), Violation> {
        let mut codec = self.decompressor();
        inflate(&mut codec, piece, output, limit)?;
        if last {
            inflate(&mut codec, &TAIL, output, limit)?;
        }
        if last && self.agreed.client_resets {
            codec.reset(false);
            keep(&DECOMPRESSORS, codec);
        } else {
            self.decompress = Some(codec);
        }
        Ok(())
    }

    fn compressor(&mut self) -> Compress {
        let pools = self.pools_compressor();
        let pooled = || if pools { COMPRESSORS.with_borrow_mut(Vec::pop) } else { None };
        self.compress.take().or_else(pooled).unwrap_or_else(|| {
            Compress::new_with_window_bits(flate2::Compression::fast(), false, self.agreed.server_bits())
        })
    }

    fn keep_compressor(&mut self, mut codec: Compress) {
        if !self.agreed.server_resets {
            self.compress = Some(codec);
        } else if self.pools_compressor() {
            codec.reset();
            keep(&COMPRESSORS, codec);
        }
    }

    fn pools_compressor(&self) -> bool {
        self.agreed.server_resets && self.agreed.server_bits() == 15
    }

    /// Always of the largest window, which reads every smaller one.
    fn decompressor(&mut self) -> Decompress {
        let pooled = || DECOMPRESSORS.with_borrow_mut(Vec::pop);
        self.decompress.take().or_else(pooled).unwrap_or_else(|| Decompress::new(false))
    }
}

fn keep<T>(pool: &'static std::thread::LocalKey<RefCell<Vec<T>>>, codec: T) {
    pool.with_borrow_mut(|pool| {
        if pool.len() < KEPT {
            pool.push(codec);
        }
    });
}

fn inflate(
    codec: &mut Decompress,
    piece: &[u8],
    output: &mut Vec<u8>,
    limit: usize,
) -> Result<(), Violation> {
    let start = codec.total_in();
    loop {
        if output.len() == output.capacity() {
            output.reserve(STEP.max(output.len()).min(limit.saturating_sub(output.len()) + 1));
        }
        let rest = piece.get((codec.total_in() - start) as usize..).unwrap_or_default();
        let status = codec.decompress_vec(rest, output, FlushDecompress::Sync);
        if output.len() > limit {
            return Err(Violation::TOO_BIG);
        }
        let eaten = codec.total_in() - start == piece.len() as u64;
        match status {
            Ok(Status::Ok | Status::BufError) if eaten && output.len() < output.capacity() => return Ok(()),
            Ok(Status::Ok) => {}
            Ok(Status::BufError) if output.len() == output.capacity() => {}
            // A final block ends the stream; what follows begins a new one (RFC 7692 §7.2.3.4).
            Ok(Status::StreamEnd) => {
                let eaten = (codec.total_in() - start) as usize;
                codec.reset(false);
                let rest = piece.get(eaten..).unwrap_or_default();
                return if rest.is_empty() { Ok(()) } else { inflate(codec, rest, output, limit) };
            }
            Ok(Status::BufError) | Err(_) => return Err(Violation::invalid("a message cannot be inflated")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deflate(resets: bool) -> Deflate {
        Deflate::new(Agreement {
            server_resets: resets,
            client_resets: resets,
            server_bits: None,
            client_bits: None,
        })
    }

    fn back(deflate: &mut Deflate, bytes: &[u8], limit: usize) -> Result<Vec<u8>, Violation> {
        let mut output = Vec::new();
        deflate.decompress(bytes, true, &mut output, limit)?;
        Ok(output)
    }

    #[test]
    fn messages_come_back_with_and_without_a_context() {
        for resets in [true, false] {
            let mut deflate = deflate(resets);
            for size in [64, 1000, 100_000, 64, 1_000_000] {
                let message: Vec<u8> = (0..size).map(|n: usize| (n / 7) as u8).collect();
                let small = deflate.compress(&message).expect("it is long enough");
                assert!(small.len() < message.len());
                assert_eq!(back(&mut deflate, &small, size).expect("it is whole"), message);
            }
        }
    }

    #[test]
    fn incompressible_messages_come_back() {
        let mut state = 1_u64;
        let message: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(300_000)
        .collect();
        let mut deflate = deflate(true);
        let small = deflate.compress(&message).expect("it is long enough");
        assert_eq!(back(&mut deflate, &small, 300_000).expect("it is whole"), message);
    }

    #[test]
    fn a_shared_context_makes_the_second_message_shorter() {
        let mut deflate = deflate(false);
        let message: Vec<u8> = (0..200).map(|n: u32| (n * n % 251) as u8).collect();
        let first = deflate.compress(&message).expect("it is long enough").len();
        let second = deflate.compress(&message).expect("it is long enough").len();
        assert!(second * 4 < first, "{first} {second}");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = deflate(true).compress(&vec![0; 10_000_000]).expect("it is long enough");
        assert!(bomb.len() < 100_000);
        assert_eq!(back(&mut deflate(true), &bomb, 1_000_000), Err(Violation::TOO_BIG));
    }

    #[test]
    fn garbage_is_refused() {
        assert!(back(&mut deflate(true), &[0xff; 50], 1000).is_err());
    }

    #[test]
    fn the_example_of_the_rfc_is_read() {
        // RFC 7692 §7.2.3.1, and §7.2.3.4 with a final block.
        let mut deflate = deflate(true);
        let plain = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(back(&mut deflate, &plain, 100).expect("it is whole"), b"Hello");
        let last_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(back(&mut deflate, &last_block, 100).expect("it is whole"), b"Hello");
    }
}
