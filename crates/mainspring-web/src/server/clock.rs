//! The coarse clock of a server and the `date` line.

use std::future::Future;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::http1::DateLine;

/// How often the clock ticks, and thus how exact deadlines are.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// The time in milliseconds since the server's start, and the `date` line of the present second.
///
/// Reading it is one atomic load; a task of the server writes it. It ticks for as long as anybody holds it.
pub(crate) struct Clock {
    start: Instant,
    millis: AtomicU64,
    /// Changes with every new line, so that readers copy it once a second.
    version: AtomicU64,
    /// Where the next age falls.
    spread: AtomicU32,
    /// Held for one copy.
    line: Mutex<DateLine>,
    /// Dropped with the clock, which ends the ticking.
    _alive: oneshot::Sender<()>,
}

/// A connection's copy of the `date` line.
pub(super) struct Date {
    version: u64,
    line: DateLine,
}

impl Clock {
    /// Makes a clock and the future that ticks it; the future ends when the clock is dropped.
    pub(super) fn new() -> (Arc<Self>, impl Future<Output = ()> + Send + 'static) {
        let (alive, mut dropped) = oneshot::channel();
        let clock = Arc::new(Self {
            start: Instant::now(),
            millis: AtomicU64::new(0),
            version: AtomicU64::new(1),
            spread: AtomicU32::new(0),
            line: Mutex::new(render()),
            _alive: alive,
        });
        let weak = Arc::downgrade(&clock);
        let ticking = async move {
            loop {
                tokio::select! {
                    _ = &mut dropped => return,
                    () = tokio::time::sleep(TICK) => {}
                }
                match weak.upgrade() {
                    Some(clock) => clock.tick(),
                    None => return,
                }
            }
        };
        (clock, ticking)
    }

    /// Milliseconds since the start, at most a tick old.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.millis.load(Ordering::Relaxed)
    }

    /// The time that is surely not before `timeout` from now.
    #[inline]
    pub(super) fn after(&self, timeout: Duration) -> u64 {
        self.now() + millis(timeout.saturating_add(TICK))
    }

    /// A time of life after `born`, give or take a tenth: what was born together does not end together.
    pub(crate) fn jittered(&self, born: u64, age: u64) -> u64 {
        /// The golden ratio in 32 bits: its multiples spread evenly, whatever their number.
        const STEP: u32 = 0x9e37_79b9;
        let spread = u64::from(self.spread.fetch_add(STEP, Ordering::Relaxed));
        born.saturating_add(age - age / 10).saturating_add(((age / 5) * spread) >> 32)
    }

    /// The instant of a time on this clock.
    pub(crate) fn instant(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    /// The value of `date`, for who does not write lines.
    pub(crate) fn date(&self) -> [u8; 29] {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        *line.last_chunk::<31>().and_then(|end| end.first_chunk()).unwrap_or(&[b' '; 29])
    }

    fn tick(&self) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.millis.store(elapsed, Ordering::Relaxed);
        let fresh = render();
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if *line != fresh {
            *line = fresh;
            self.version.fetch_add(1, Ordering::Release);
        }
    }
}

impl Date {
    pub(super) fn new() -> Self {
        Self { version: 0, line: [b' '; 39] }
    }

    /// The line of the present second.
    #[inline]
    pub(super) fn refresh(&mut self, clock: &Clock) -> &DateLine {
        let version = clock.version.load(Ordering::Acquire);
        if version != self.version {
            self.version = version;
            self.line = *clock.line.lock().unwrap_or_else(PoisonError::into_inner);
        }
        &self.line
    }
}

/// The milliseconds of a duration, at most those of a year: no deadline may leave the range of the timers.
pub(super) fn millis(duration: Duration) -> u64 {
    const YEAR: Duration = Duration::from_hours(365 * 24);
    u64::try_from(duration.min(YEAR).as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the one place of the crate that reads the calendar")]
fn render() -> DateLine {
    let mut line = [b' '; 39];
    let text = format!("\r\ndate: {}\r\n", httpdate::fmt_http_date(SystemTime::now()));
    if let Some(place) = line.get_mut(..text.len()) {
        place.copy_from_slice(text.as_bytes());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_ticks_until_it_is_dropped() {
        let (clock, ticking) = Clock::new();
        let ticking = mainspring_task::spawn(ticking);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!((2_750..=3_000).contains(&clock.now()), "{}", clock.now());
        drop(clock);
        ticking.await.expect("the ticking ends");
    }

    #[tokio::test(start_paused = true)]
    async fn the_date_line_is_a_whole_header_line() {
        let (clock, _ticking) = Clock::new();
        let mut line = Date::new();
        let text = std::str::from_utf8(line.refresh(&clock)).expect("it is text");
        assert!(text.starts_with("\r\ndate: ") && text.ends_with(" GMT\r\n"), "{text:?}");
    }
}
