use std::{
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, WaitTimeoutResult},
    time::Duration,
};

use super::Stats;

/// The bounded byte buffer between the callers and the writer's thread.
///
/// Callers hold the lock to copy one line, the writer to swap two vectors; nobody holds it across a system call
/// on the output. Both vectors get their full capacity at the start (the kernel gives pages when they are first
/// touched), so that no caller pays for a growing one.
pub(super) struct Buffer {
    capacity: usize,
    state: Mutex<State>,
    /// The writer waits here for work.
    work: Condvar,
    /// Those who flush wait here for the writer.
    progress: Condvar,
}

struct State {
    batch: Batch,
    writer: Writer,
    /// Somebody wants what is in the buffer written now.
    flush: bool,
    /// No more lines are taken; the writer ends when the buffer is empty.
    closed: bool,
    /// Nobody waits for the writer any more; it must not retry.
    abandoned: bool,
    /// The writer's thread has ended.
    ended: bool,
    /// Lines whose fate is known and reported: written, or dropped and counted in a written line.
    settled: u64,
    stats: Stats,
}

/// What the writer's thread is doing: tells the caller whether waking it is worth a system call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// Waits for the first line.
    Idle,
    /// Waits for more lines, at most the flush interval.
    Lingering,
    /// Is awake and looks at the buffer before it sleeps again.
    Awake,
}

/// Lines on their way to the output.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    /// Where each line ends in `bytes`. A line may hold line breaks, so they cannot be counted later.
    pub(super) ends: Vec<usize>,
    /// Lines that found the buffer full after these.
    pub(super) dropped: u64,
}

impl Batch {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(bytes / 64), dropped: 0 }
    }

    fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.dropped == 0
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.dropped = 0;
    }
}

/// What became of one batch.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) written: u64,
    pub(super) lost: u64,
    pub(super) bytes: u64,
    pub(super) errors: u64,
}

impl Buffer {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State {
            batch: Batch::with_capacity(capacity),
            writer: Writer::Awake,
            flush: false,
            closed: false,
            abandoned: false,
            ended: false,
            settled: 0,
            stats: Stats::default(),
        };
        Self { capacity, state: Mutex::new(state), work: Condvar::new(), progress: Condvar::new() }
    }

    /// Copies a line in, or drops and counts it. Never waits for the output.
    pub(super) fn push(&self, line: &[u8], urgent: bool) {
        let mut state = self.lock();
        let is_due = state.push(line, urgent, self.capacity);
        let wake = match state.writer {
            Writer::Idle => true,
            Writer::Lingering => is_due,
            Writer::Awake => false,
        };
        if wake {
            state.writer = Writer::Awake;
            // The lock goes first: the woken thread would run into it.
            drop(state);
            self.work.notify_one();
        }
    }

    /// Waits until every line pushed so far has been written or lost; `false` when `bound` was too short.
    pub(super) fn flush(&self, bound: Duration) -> bool {
        let mut state = self.lock();
        let target = state.stats.lines;
        state.flush |= !state.batch.is_empty();
        if state.writer == Writer::Lingering {
            state.writer = Writer::Awake;
            self.work.notify_one();
        }
        let wait = self.progress.wait_timeout_while(state, bound, |s| s.settled < target && !s.ended);
        !unpoisoned(wait).1.timed_out()
    }

    /// Takes no more lines and waits for the writer to finish; after `bound` it is left to itself.
    pub(super) fn close(&self, bound: Duration) {
        let mut state = self.lock();
        state.closed = true;
        self.work.notify_one();
        let wait = self.progress.wait_timeout_while(state, bound, |state| !state.ended);
        let (mut state, _) = unpoisoned(wait);
        state.abandoned = true;
        self.work.notify_one();
    }

    pub(super) fn stats(&self) -> Stats {
        self.lock().stats
    }

    // The writer's side.

    /// Swaps the emptied `batch` for the next one, waiting for it; `false` when there will be none.
    pub(super) fn take(&self, batch: &mut Batch, linger: Duration) -> bool {
        batch.clear();
        let mut state = self.lock();
        state.writer = Writer::Idle;
        let wait = self.work.wait_while(state, |s| s.batch.is_empty() && !s.closed);
        state = wait.unwrap_or_else(PoisonError::into_inner);
        if !state.is_due(self.capacity) {
            state.writer = Writer::Lingering;
            let wait = self.work.wait_timeout_while(state, linger, |s| !s.is_due(self.capacity));
            state = unpoisoned(wait).0;
        }
        state.writer = Writer::Awake;
        state.flush = false;
        mem::swap(&mut state.batch, batch);
        !batch.is_empty()
    }

    /// Books what became of `batch`.
    pub(super) fn settle(&self, batch: &Batch, outcome: &Outcome) {
        let mut state = self.lock();
        state.settled += batch.ends.len() as u64 + batch.dropped;
        state.stats.written += outcome.written;
        state.stats.dropped += outcome.lost;
        state.stats.bytes_written += outcome.bytes;
        state.stats.write_errors += outcome.errors;
        drop(state);
        self.progress.notify_all();
    }

    /// Lets a full non-blocking pipe drain; `false` when nobody waits for the writer any more.
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let wait = self.work.wait_timeout_while(self.lock(), pause, |state| !state.abandoned);
        !unpoisoned(wait).0.abandoned
    }

    /// The writer's thread is over: whatever comes is dropped, and nobody waits for it.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.ended = true;
        drop(state);
        self.progress.notify_all();
    }

    /// No code that can panic runs under the lock, so what a poisoned one holds is sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, line: &[u8], urgent: bool, capacity: usize) -> bool {
        self.stats.lines += 1;
        if self.closed {
            // Not work for the writer: it could not end while others log.
            self.stats.dropped += 1;
        } else if line.len() > capacity - self.batch.bytes.len() {
            self.stats.dropped += 1;
            self.batch.dropped += 1;
        } else {
            self.batch.bytes.extend_from_slice(line);
            self.batch.ends.push(self.batch.bytes.len());
        }
        self.flush |= urgent;
        self.is_due(capacity)
    }

    fn is_due(&self, capacity: usize) -> bool {
        self.flush || self.closed || self.batch.bytes.len() >= capacity / 2
    }
}

type Waited<'a> = (MutexGuard<'a, State>, WaitTimeoutResult);

fn unpoisoned<'a>(wait: Result<Waited<'a>, PoisonError<Waited<'a>>>) -> Waited<'a> {
    wait.unwrap_or_else(PoisonError::into_inner)
}
