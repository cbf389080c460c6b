//! Polls that take long, and polls that do not come back.
//!
//! The log and the thresholds are the process's, so this file sets them once: 20 ms for a slow poll,
//! 60 ms for a stuck one. Nothing sleeps: threads are held until the report is there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, Once};
use std::time::Duration;

use mainspring_task::inspect;
use mainspring_task::task::Builder;
use tracing::field::{Field, Visit};
use tracing::span;
use tracing::subscriber::{Subscriber, set_global_default};

const SLOW: Duration = Duration::from_millis(20);
const STUCK: Duration = Duration::from_millis(60);
/// No report takes so long, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The lines of the log.
static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
static GREW: Condvar = Condvar::new();

struct Log;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("mainspring_task")
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(format!("{} ", event.metadata().level()));
        event.record(&mut line);
        LOG.lock().unwrap().push(line.0);
        GREW.notify_all();
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_global_default(Log).unwrap();
        inspect::set_slow_poll(SLOW);
        inspect::set_stuck_poll(STUCK);
    });
}

/// The lines that have all these words.
fn lines(log: &MutexGuard<'_, Vec<String>>, words: &[&str]) -> Vec<String> {
    log.iter().filter(|line| words.iter().all(|word| line.contains(word))).cloned().collect()
}

fn log(words: &[&str]) -> Vec<String> {
    lines(&LOG.lock().unwrap(), words)
}

/// Holds the calling thread until such a line is there.
#[inline(never)]
fn hold_until_logged(words: &[&str]) -> String {
    let mut log = LOG.lock().unwrap();
    loop {
        if let Some(line) = lines(&log, words).pop() {
            return line;
        }
        let (next, late) = GREW.wait_timeout(log, PATIENCE).unwrap();
        assert!(!late.timed_out(), "no line with {words:?} among {next:#?}");
        log = next;
    }
}

#[expect(clippy::disallowed_methods, reason = "a slow poll takes processor time")]
fn burn(time: Duration) {
    let start = std::time::Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[tokio::test]
async fn row_78_a_slow_poll_is_reported_with_what_ran_and_how_long() {
    set_up();
    let before = inspect::slow_polls();
    let task = Builder::new().name("slowpoke").spawn(async { burn(2 * SLOW) });
    let place = format!("({}:{}:", file!(), line!() - 1);
    task.await.unwrap();
    let found = log(&["`slowpoke`", "a poll was slow"]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("WARN") && found[0].contains(&place), "{found:#?}");
    assert!(found[0].contains("took=4") || found[0].contains("ms"), "{found:#?}");
    assert!(inspect::slow_polls() > before);
}

#[tokio::test]
async fn a_quick_poll_is_not_reported() {
    set_up();
    Builder::new().name("quick").spawn(tokio::task::yield_now()).await.unwrap();
    assert!(log(&["`quick`"]).is_empty());
}

#[tokio::test]
async fn a_task_that_is_slow_again_is_named_once_and_counted() {
    set_up();
    let before = inspect::slow_polls();
    let task = Builder::new().name("again").spawn(async {
        for _ in 0..3 {
            burn(2 * SLOW);
            tokio::task::yield_now().await;
        }
    });
    task.await.unwrap();
    assert_eq!(log(&["`again`", "a poll was slow"]).len(), 1);
    assert!(inspect::slow_polls() >= before + 3);
}

#[test]
fn row_78_a_poll_that_does_not_come_back_is_reported_with_its_stack() {
    set_up();
    let before = inspect::stuck_polls();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let task = Builder::new().name("stuck").on(runtime.handle()).spawn(async { step_inside() });
    let place = format!("({}:{}:", file!(), line!() - 1);
    let line = runtime.block_on(task).unwrap();
    assert!(line.starts_with("WARN") && line.contains(&place), "{line}");
    assert!(inspect::stuck_polls() > before);
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let order = ["inspect_slow::step_inside", "inspect_slow::hold_until_logged"];
        let places = order.map(|function| line.find(function).unwrap_or_else(|| panic!("{line}")));
        assert!(places.is_sorted(), "{line}");
        assert!(line.contains("inspect_slow.rs:"), "{line}");
    }
    assert_eq!(log(&["`stuck`", "does not come back"]).len(), 1);
}

#[inline(never)]
fn step_inside() -> String {
    let line = hold_until_logged(&["`stuck`", "does not come back"]);
    // Looked at here, so that the call above leaves a frame in an optimized program too.
    assert!(!line.is_empty());
    line
}

#[test]
fn threads_that_are_stuck_together_are_each_reported() {
    set_up();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let tasks = ["left", "right"].map(|name| {
        Builder::new()
            .name(name)
            .on(runtime.handle())
            .spawn(async move { hold_until_logged(&[&format!("`{name}`"), "does not come back"]) })
    });
    for task in tasks {
        assert!(runtime.block_on(task).unwrap().contains("stack="));
    }
}

#[test]
fn the_thread_that_blocks_its_runtime_is_seen_from_outside() {
    set_up();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let task = Builder::new().name("alone").on(runtime.handle()).spawn(async {
        hold_until_logged(&["`alone`", "does not come back"]);
    });
    runtime.block_on(task).unwrap();
    assert_eq!(log(&["`alone`", "does not come back"]).len(), 1);
}

#[tokio::test]
async fn a_blocking_job_may_take_as_long_as_it_likes() {
    set_up();
    let job = mainspring_task::blocking::Builder::new().name("patient").run(|| burn(3 * STUCK));
    job.await.unwrap();
    assert_eq!(log(&["patient"]), [""; 0]);
}
