/// Counts the lines of one log since it was made.
///
/// What is in the buffer or being written just now is `lines - written - dropped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Lines that passed the filter, dropped ones included.
    pub lines: u64,
    /// Lines the output has taken.
    pub written: u64,
    /// Lines lost: the buffer was full, the line longer than the buffer, the output failed, or the
    /// [`Guard`](super::Guard) was gone.
    pub dropped: u64,
    /// Bytes the output has taken, the lines about dropped lines included.
    pub bytes_written: u64,
    /// Writes that failed for good. Interrupted writes and full non-blocking pipes are retried and do not count.
    pub write_errors: u64,
}
