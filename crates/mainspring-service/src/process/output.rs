use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mainspring_task::Shared;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout};

use super::lines::Lines;

/// How many lines of one stream go to the log in a second; the others are counted.
const LINES_PER_SECOND: u32 = 1000;

const SECOND: Duration = Duration::from_secs(1);

/// What is looked for in a line.
pub(super) type Predicate = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Where the lines of a process go: to the log, and to whoever waits for one.
#[derive(Clone)]
pub(super) struct Output {
    inner: Arc<Inner>,
}

struct Inner {
    /// Whose lines they are.
    child: Arc<str>,
    wanted: Option<Predicate>,
    /// The line that is wanted has come.
    found: Shared<bool>,
    /// The last line on standard error that is not blank: usually why the process has ended.
    last_words: Mutex<String>,
}

impl Output {
    pub(super) fn new(child: Arc<str>, wanted: Option<Predicate>) -> Self {
        let (found, last_words) = (Shared::new(false), Mutex::default());
        Output { inner: Arc::new(Inner { child, wanted, found, last_words }) }
    }

    /// Waits for the line that is wanted.
    pub(super) async fn found(&self) {
        self.inner.found.until(|found| *found).await;
    }

    pub(super) fn last_words(&self) -> String {
        self.inner.last_words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads a stream to its end. It is always read, so that the process never waits for the log.
    pub(super) async fn read(self, stream: &'static str, mut pipe: impl AsyncRead + Unpin) {
        let (mut lines, mut meter) = (Lines::default(), Meter::new());
        let mut chunk = vec![0; 16 * 1024];
        loop {
            // After a flood it may be silent, and then nothing but the time says to report it.
            let silence = if meter.left_out > 0 { SECOND } else { Duration::MAX };
            match timeout(silence, pipe.read(&mut chunk)).await {
                Err(_) => self.report(stream, std::mem::take(&mut meter.left_out)),
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(count)) => lines.feed(&chunk[..count], |line| self.take(stream, line, &mut meter)),
            }
        }
        lines.finish(|line| self.take(stream, line, &mut meter));
        self.report(stream, meter.left_out);
    }

    fn take(&self, stream: &'static str, line: &str, meter: &mut Meter) {
        let inner = &*self.inner;
        if inner.wanted.as_ref().is_some_and(|wanted| !inner.found.get() && wanted(line)) {
            inner.found.set(true);
        }
        if stream == "stderr" && !line.trim().is_empty() {
            line.clone_into(&mut inner.last_words.lock().unwrap_or_else(PoisonError::into_inner));
        }
        let (pass, left_out) = meter.pass(Instant::now());
        self.report(stream, left_out);
        if pass {
            tracing::info!(child = &*inner.child, stream, "{line}");
        }
    }

    fn report(&self, stream: &'static str, lines: u64) {
        if lines > 0 {
            tracing::warn!(child = &*self.inner.child, stream, lines, "lines of its output were left out");
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("child", &self.inner.child).finish_non_exhaustive()
    }
}

/// Lets so many lines a second through, and counts the others.
struct Meter {
    second: Instant,
    passed: u32,
    left_out: u64,
}

impl Meter {
    fn new() -> Self {
        Meter { second: Instant::now(), passed: 0, left_out: 0 }
    }

    /// Whether this line passes, and how many did not in a second that is over.
    fn pass(&mut self, now: Instant) -> (bool, u64) {
        let mut left_out = 0;
        if now.duration_since(self.second) >= SECOND {
            left_out = std::mem::take(&mut self.left_out);
            (self.second, self.passed) = (now, 0);
        }
        let pass = self.passed < LINES_PER_SECOND;
        if pass {
            self.passed += 1;
        } else {
            self.left_out += 1;
        }
        (pass, left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_lines_is_cut_and_counted() {
        let (mut meter, start) = (Meter::new(), Instant::now());
        let passed = (0..5000).filter(|_| meter.pass(start).0).count();
        assert_eq!(passed, 1000);
        assert_eq!(meter.pass(start + Duration::from_secs(1)), (true, 4000));
        assert_eq!(meter.pass(start + Duration::from_secs(1)), (true, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_wanted_line_and_the_last_words_are_kept() {
        let wanted: Predicate = Arc::new(|line| line.contains("ready"));
        let output = Output::new("test".into(), Some(wanted));
        output.clone().read("stderr", &b"starting\nI am ready\nbye\n\n"[..]).await;
        output.found().await;
        assert_eq!(output.last_words(), "bye");
    }
}
