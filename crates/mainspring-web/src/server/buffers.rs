//! Buffers that belong to no connection for the moment.

use std::cell::RefCell;

use bytes::BytesMut;

/// How much is read at once, and so how far pipelined requests are read ahead.
pub(super) const READ: usize = 8 * 1024;
/// Pipelined requests are read in smaller parts rather than that a buffer is renewed for each request.
const LEAST: usize = READ / 2;
/// Most pairs that a thread keeps.
const KEPT: usize = 16;

thread_local! {
    static BUFFERS: RefCell<Vec<Buffers>> = const { RefCell::new(Vec::new()) };
}

/// What a connection reads into and writes from; an idle one has neither.
type Buffers = (BytesMut, Vec<u8>);

/// Two empty buffers, the first with room for bytes.
#[inline]
pub(super) fn take() -> Buffers {
    // Fails only while the thread is being torn down.
    let kept = BUFFERS.try_with(|buffers| buffers.borrow_mut().pop()).ok().flatten();
    kept.unwrap_or_else(|| (BytesMut::with_capacity(READ), Vec::new()))
}

/// Gives two empty buffers back.
#[inline]
pub(super) fn give(mut input: BytesMut, output: Vec<u8>) {
    // What somebody still has a part of is let go.
    if input.capacity() >= LEAST || input.try_reclaim(READ) {
        let _ = BUFFERS.try_with(|buffers| {
            let mut buffers = buffers.borrow_mut();
            if buffers.len() < KEPT {
                buffers.push((input, output));
            }
        });
    }
}
