//! A clock for measuring polls: readings are counted in *ticks*, and turned into time when shown.
//!
//! Where the kernel itself keeps time by the processor's counter, that counter is read: 11 ns
//! instead of 28, and a poll takes two readings. There is no calibration to wait for: the length of
//! a tick is worked out when somebody asks, from the ticks and the time since the first reading.
//! Elsewhere a tick is a nanosecond of [`Instant`].

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::{Duration, Instant};

const UNKNOWN: u8 = 0;
const COUNTER: u8 = 1;
const INSTANT: u8 = 2;

/// Decided once: readings of two sources must never meet.
static SOURCE: AtomicU8 = AtomicU8::new(UNKNOWN);
static FIRST: OnceLock<First> = OnceLock::new();

/// Both clocks at the first reading.
struct First {
    instant: Instant,
    counter: u64,
}

/// The reading now.
#[inline]
pub(super) fn now() -> u64 {
    match SOURCE.load(Relaxed) {
        COUNTER => counter(),
        INSTANT => since_first(),
        _ => decide(),
    }
}

#[cold]
fn decide() -> u64 {
    first();
    let source = if counter_is_clock() { COUNTER } else { INSTANT };
    // Whoever comes first decides; a failure says that another has.
    let _ = SOURCE.compare_exchange(UNKNOWN, source, Relaxed, Relaxed);
    now()
}

fn first() -> &'static First {
    FIRST.get_or_init(|| First { instant: instant(), counter: counter() })
}

fn since_first() -> u64 {
    nanos(instant().saturating_duration_since(first().instant))
}

/// The length of a tick, as far as it is known now.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    nanos_per_tick: f64,
}

impl Scale {
    pub(super) fn now() -> Self {
        now();
        if SOURCE.load(Relaxed) == INSTANT {
            return Scale { nanos_per_tick: 1.0 };
        }
        let ticks = counter().saturating_sub(first().counter);
        let nanos = since_first();
        Scale { nanos_per_tick: if ticks == 0 { 1.0 } else { nanos as f64 / ticks as f64 } }
    }

    pub(super) fn duration(self, ticks: u64) -> Duration {
        Duration::from_nanos((ticks as f64 * self.nanos_per_tick) as u64)
    }

    /// As many ticks as a duration has, less one in a hundred: rather too few than too many.
    pub(super) fn ticks(self, duration: Duration) -> u64 {
        (nanos(duration) as f64 / self.nanos_per_tick * 0.99) as u64
    }
}

#[expect(clippy::disallowed_methods, reason = "processor time: a paused test clock must not reach it")]
pub(super) fn instant() -> Instant {
    Instant::now()
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The kernel trusts the counter only when it runs evenly and alike on all processors.
fn counter_is_clock() -> bool {
    const SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    cfg!(all(target_os = "linux", target_arch = "x86_64", not(miri)))
        && std::fs::read_to_string(SOURCE).is_ok_and(|name| name.trim() == "tsc")
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
#[expect(unsafe_code, reason = "reading the processor's counter is an intrinsic")]
fn counter() -> u64 {
    // SAFETY: the instruction exists on every x86_64 processor, and touches no memory. Where the
    // kernel forbids it to programs (PR_TSC_SIGSEGV) every reading of the clock by the vDSO fails too.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn counter() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_the_time_that_passed() {
        let (start, begin) = (now(), instant());
        while begin.elapsed() < Duration::from_millis(5) {
            std::hint::spin_loop();
        }
        let (ticks, truth) = (now() - start, begin.elapsed());
        let measured = Scale::now().duration(ticks);
        assert!(measured.abs_diff(truth) < truth / 10, "{measured:?} is not {truth:?}");
    }

    #[test]
    fn a_duration_fits_into_its_ticks() {
        let scale = Scale { nanos_per_tick: 0.4 };
        assert!(scale.duration(scale.ticks(Duration::from_millis(100))) <= Duration::from_millis(100));
    }
}
