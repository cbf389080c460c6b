use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::PATIENCE;

/// The lines of an output of a process, read by a thread of their own as they come.
#[derive(Debug, Clone)]
pub struct Lines {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    reader: Reader,
    /// The other side has closed the output, or we have.
    ended: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Reader {
    #[default]
    Reads,
    Holds,
    Leaves,
}

impl Lines {
    pub(crate) fn of(output: impl Read + Send + 'static) -> Self {
        let shared = Arc::<Shared>::default();
        let lines = Lines { shared: Arc::clone(&shared) };
        thread::spawn(move || {
            shared.collect(BufReader::new(output));
            shared.change(|state| state.ended = true);
        });
        lines
    }

    /// All lines so far.
    #[must_use]
    pub fn so_far(&self) -> Vec<String> {
        self.shared.lock().lines.clone()
    }

    /// All lines, joined; once there are no more to come.
    ///
    /// # Panics
    ///
    /// When the output is not closed within [`PATIENCE`].
    #[must_use]
    pub fn all(&self) -> String {
        assert!(self.end_within(PATIENCE), "the output is still open after\n{}", self.so_far().join("\n"));
        self.so_far().join("\n")
    }

    /// Waits for a line that contains the text, and gives the first.
    ///
    /// # Panics
    ///
    /// When none comes within [`PATIENCE`], or the output ends without one.
    #[track_caller]
    pub fn expect(&self, text: &str) -> String {
        match self.find(|line| line.contains(text)) {
            Some(line) => line,
            None => panic!("no line has `{text}`:\n{}", self.so_far().join("\n")),
        }
    }

    /// Stops reading, so that the pipe fills up, until [`release`](Lines::release).
    ///
    /// A reader that waits for bytes now still takes what comes first.
    pub fn hold(&self) {
        self.shared.change(|state| state.reader = Reader::Holds);
    }

    /// Reads again.
    pub fn release(&self) {
        self.shared.change(|state| state.reader = Reader::Reads);
    }

    /// Closes the pipe after the line that comes next; writing to it is an error from then on.
    pub fn leave(&self) {
        self.shared.change(|state| state.reader = Reader::Leaves);
    }

    /// Whether the output ends within the bound.
    pub(crate) fn end_within(&self, bound: Duration) -> bool {
        self.wait(bound, |state| state.ended).ended
    }

    pub(crate) fn is_held(&self) -> bool {
        self.shared.lock().reader == Reader::Holds
    }

    fn find(&self, accept: impl Fn(&str) -> bool) -> Option<String> {
        let mut seen = 0;
        let mut found = None;
        drop(self.wait(PATIENCE, |state| {
            found = state.lines[seen..].iter().find(|line| accept(line)).cloned();
            seen = state.lines.len();
            found.is_some() || state.ended
        }));
        found
    }

    fn wait(&self, bound: Duration, mut accept: impl FnMut(&State) -> bool) -> MutexGuard<'_, State> {
        let waited =
            self.shared.changed.wait_timeout_while(self.shared.lock(), bound, |state| !accept(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Shared {
    fn collect(&self, mut output: impl BufRead) {
        let mut bytes = Vec::new();
        // An output that cannot be read has ended.
        while self.goes_on() && output.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned();
            self.change(|state| state.lines.push(line));
            bytes.clear();
        }
    }

    /// Waits while the reader is held; `false` when it is to leave.
    fn goes_on(&self) -> bool {
        let waited = self.changed.wait_while(self.lock(), |state| state.reader == Reader::Holds);
        waited.unwrap_or_else(PoisonError::into_inner).reader != Reader::Leaves
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
