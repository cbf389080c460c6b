//! Read buffers that belong to no connection for the moment.

use std::cell::RefCell;

use bytes::BytesMut;

/// How much is read at once, and so how far pipelined requests are read ahead.
pub(super) const READ: usize = 8 * 1024;
/// Most buffers that a thread keeps.
const KEPT: usize = 16;

thread_local! {
    static BUFFERS: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer with room for [`READ`] bytes: an idle connection has none.
#[inline]
pub(super) fn take() -> BytesMut {
    // Fails only while the thread is being torn down.
    let kept = BUFFERS.try_with(|buffers| buffers.borrow_mut().pop()).ok().flatten();
    kept.unwrap_or_else(|| BytesMut::with_capacity(READ))
}

/// Gives a buffer back that nothing was read into. One that somebody still has a part of is let go.
#[inline]
pub(super) fn give(mut buffer: BytesMut) {
    if buffer.is_empty() && buffer.try_reclaim(READ) {
        let _ = BUFFERS.try_with(|buffers| {
            let mut buffers = buffers.borrow_mut();
            if buffers.len() < KEPT {
                buffers.push(buffer);
            }
        });
    }
}
