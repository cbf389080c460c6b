//! Buffers that belong to no connection for the moment.

use std::cell::RefCell;
use std::mem::swap;

use bytes::BytesMut;

/// How much is read at once, and so how far pipelined requests are read ahead.
pub(super) const READ: usize = 8 * 1024;
/// Pipelined requests are read in smaller parts rather than that a buffer is renewed for each request.
const LEAST: usize = READ / 2;
/// Most pairs that a thread keeps.
const KEPT: usize = 16;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { pairs: Vec::new(), kept: 0 }) };
}

/// What connections read into and write from; an idle one has neither.
///
/// Pairs change hands by a swap: each call for idle connections' sake is made twice per request.
struct Pool {
    /// Behind those that are kept stand hollow ones, for the next to be given.
    pairs: Vec<(BytesMut, Vec<u8>)>,
    kept: usize,
}

/// Puts an empty buffer with room into `input`, and one into `output` if that has none.
#[inline]
pub(super) fn take(input: &mut BytesMut, output: &mut Vec<u8>) {
    // Fails only while the thread is being torn down.
    let taken = POOL.try_with(|pool| {
        let Pool { pairs, kept } = &mut *pool.borrow_mut();
        let last = kept.checked_sub(1)?;
        let (bytes, other) = pairs.get_mut(last)?;
        swap(input, bytes);
        if output.capacity() == 0 {
            swap(output, other);
        }
        *kept = last;
        Some(())
    });
    if !matches!(taken, Ok(Some(()))) {
        *input = BytesMut::with_capacity(READ);
    }
}

/// Takes two empty buffers back; both are without room afterwards.
#[inline]
pub(super) fn give(input: &mut BytesMut, output: &mut Vec<u8>) {
    // What somebody still has a part of is let go.
    let is_whole = input.capacity() >= LEAST || input.try_reclaim(READ);
    let kept = POOL.try_with(|pool| {
        let Pool { pairs, kept } = &mut *pool.borrow_mut();
        if !is_whole || *kept == KEPT {
            return None;
        }
        if *kept == pairs.len() {
            pairs.push((BytesMut::new(), Vec::new()));
        }
        let (bytes, other) = pairs.get_mut(*kept)?;
        swap(input, bytes);
        swap(output, other);
        *kept += 1;
        Some(())
    });
    if !matches!(kept, Ok(Some(()))) {
        (*input, *output) = (BytesMut::new(), Vec::new());
    }
}
