//! What a log does when its output stalls or fails.

mod support;

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use mainspring_observe::log::{Format, Guard, Log, Output};
use support::Memory;
use tracing::{Dispatch, dispatcher, error, info};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

/// Longer than any test may take: what is written within it was not written by the interval.
const NEVER: Duration = Duration::from_secs(3600);
const BOUND: Duration = Duration::from_secs(20);

fn open(log: Log, output: impl Write + Send + 'static) -> (Dispatch, Guard) {
    let (layer, guard) =
        log.output(Output::Writer(Box::new(output))).layer::<Registry>().expect("the log opens");
    (Dispatch::new(Registry::default().with(layer)), guard)
}

fn count(text: &str, needle: &str) -> u64 {
    text.lines().filter(|line| line.contains(needle)).count() as u64
}

/// The sum of all `dropped=N`.
fn reported(text: &str) -> u64 {
    text.lines().filter_map(|line| line.split("dropped=").nth(1)?.parse::<u64>().ok()).sum()
}

/// Asks `answer` what becomes of each write, and keeps what is taken.
struct Scripted<F> {
    memory: Memory,
    answer: F,
}

impl<F: FnMut(&[u8]) -> io::Result<usize>> Write for Scripted<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = (self.answer)(bytes)?;
        self.memory.write(&bytes[..taken])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The first of the defects that were measured in the stack this one learnt from: there each line stopped the loop
/// for 193 ms when nobody read, and for good when the pipe was full.
#[test]
fn defect_1_a_pipe_nobody_reads_stops_no_caller_and_loses_no_count() {
    let (mut reader, writer) = io::pipe().unwrap();
    let (dispatch, guard) = open(Log::new().buffer(64 << 10).exit_flush(BOUND), writer);
    let sent = 50_000;
    dispatcher::with_default(&dispatch, || (0..sent).for_each(|n| info!(n, "line")));
    // All calls have returned, with far more said than pipe and buffers hold.
    assert!(guard.stats().dropped > 0, "{:?}", guard.stats());

    let drain = thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    assert!(guard.flush(BOUND));
    let stats = guard.stats();
    drop((dispatch, guard));
    let text = drain.join().unwrap();
    let received = count(&text, "line n=");
    assert_eq!(received + reported(&text), sent);
    assert_eq!((stats.lines, stats.written, stats.dropped), (sent, received, reported(&text)));
    assert_eq!(stats.bytes_written, text.len() as u64);
    assert!(text.contains("  WARN mainspring::log: lines dropped dropped="));
}

#[test]
fn a_json_log_reports_dropped_lines_in_json() {
    let (mut reader, writer) = io::pipe().unwrap();
    let log = Log::new().format(Format::Json).buffer(16 << 10).exit_flush(BOUND);
    let (dispatch, guard) = open(log, writer);
    let sent = 10_000;
    dispatcher::with_default(&dispatch, || (0..sent).for_each(|n| info!(n, "line")));
    let drain = thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    drop((dispatch, guard));
    let text = drain.join().unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line));
    let (notices, lines): (Vec<_>, Vec<_>) = lines.partition(|line| line["message"] == "lines dropped");
    let dropped: u64 = notices.iter().map(|line| line["dropped"].as_u64().unwrap()).sum();
    assert!(dropped > 0);
    assert_eq!(lines.len() as u64 + dropped, sent);
}

#[test]
fn dropping_the_guard_returns_although_the_pipe_is_stuck() {
    let (reader, writer) = io::pipe().unwrap();
    let (dispatch, guard) = open(Log::new().exit_flush(Duration::from_millis(20)), writer);
    dispatcher::with_default(&dispatch, || (0..20_000).for_each(|n| info!(n, "line")));
    drop(guard);
    drop(reader);
}

#[test]
fn dropping_the_guard_gives_up_on_a_stuck_non_blocking_pipe() {
    let (reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let (dispatch, guard) = open(Log::new().exit_flush(Duration::from_millis(20)), writer);
    dispatcher::with_default(&dispatch, || (0..20_000).for_each(|n| info!(n, "line")));
    let handle = guard.handle();
    drop(guard);
    // The writer has ended and closed its end: reading comes to an end too.
    assert!(handle.flush(BOUND));
    let mut rest = Vec::new();
    (&reader).read_to_end(&mut rest).unwrap();
    let stats = handle.stats();
    assert_eq!(stats.bytes_written, rest.len() as u64);
    assert_eq!(stats.written + stats.dropped, stats.lines);
}

#[test]
fn a_full_non_blocking_pipe_is_waited_for_and_lines_stay_whole() {
    let (reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let (dispatch, guard) = open(Log::new().exit_flush(BOUND), writer);
    let sent = 10_000;
    dispatcher::with_default(&dispatch, || (0..sent).for_each(|n| info!(n, "line")));
    let drain = thread::spawn(move || {
        let lines = BufReader::new(reader).lines().map(Result::unwrap);
        lines.enumerate().map(|(n, line)| assert!(line.ends_with(&format!(": line n={n}")), "{line}")).count()
    });
    assert!(guard.flush(BOUND));
    assert_eq!(guard.stats().write_errors, 0);
    drop((dispatch, guard));
    assert_eq!(drain.join().unwrap(), sent);
}

#[test]
fn dropping_the_guard_writes_everything_out() {
    let memory = Memory::new();
    let (dispatch, guard) = open(Log::new().flush_every(NEVER).exit_flush(BOUND), memory.clone());
    dispatcher::with_default(&dispatch, || (0..100).for_each(|n| info!(n, "line")));
    drop(guard);
    assert_eq!(memory.text().lines().count(), 100);
}

#[test]
fn lines_after_the_guard_are_counted_as_dropped() {
    let (dispatch, guard) = open(Log::new(), Memory::new());
    let handle = guard.handle();
    drop(guard);
    dispatcher::with_default(&dispatch, || info!("too late"));
    assert_eq!(handle.stats().dropped, 1);
}

#[test]
fn a_line_is_written_after_the_interval_without_a_flush() {
    let (reader, writer) = io::pipe().unwrap();
    let (dispatch, _guard) = open(Log::new().flush_every(Duration::from_millis(5)), writer);
    let mut lines = BufReader::new(reader).lines();
    for n in 0..3 {
        dispatcher::with_default(&dispatch, || info!(n, "line"));
        assert!(lines.next().unwrap().unwrap().ends_with(&format!("line n={n}")));
    }
}

#[test]
fn an_error_is_written_at_once_with_what_came_before() {
    let (reader, writer) = io::pipe().unwrap();
    let (dispatch, _guard) = open(Log::new().flush_every(NEVER), writer);
    dispatcher::with_default(&dispatch, || {
        info!("before");
        error!("broken");
    });
    let mut lines = BufReader::new(reader).lines();
    assert!(lines.next().unwrap().unwrap().ends_with("before"));
    assert!(lines.next().unwrap().unwrap().ends_with("broken"));
}

#[test]
fn a_half_full_buffer_is_written_without_waiting_for_the_interval() {
    let (reader, writer) = io::pipe().unwrap();
    let (dispatch, _guard) = open(Log::new().buffer(4096).flush_every(NEVER), writer);
    dispatcher::with_default(&dispatch, || info!(padding = "x".repeat(2048), "line"));
    assert!(BufReader::new(reader).lines().next().unwrap().unwrap().contains(": line padding="));
}

#[test]
fn a_line_longer_than_the_buffer_is_dropped_and_the_next_is_not() {
    let memory = Memory::new();
    let (dispatch, guard) = open(Log::new().buffer(1024).exit_flush(BOUND), memory.clone());
    dispatcher::with_default(&dispatch, || {
        info!(padding = "x".repeat(2048), "huge");
        info!("small");
    });
    let stats = guard.handle();
    drop(guard);
    let text = memory.text();
    assert_eq!((count(&text, "huge"), count(&text, "small"), reported(&text)), (0, 1, 1), "{text}");
    assert_eq!(stats.stats().dropped, 1);
}

#[test]
fn a_line_longer_than_a_pipe_takes_at_once_arrives_whole() {
    let (mut reader, writer) = io::pipe().unwrap();
    let (dispatch, guard) = open(Log::new().exit_flush(BOUND), writer);
    let padding = "x".repeat(200_000);
    dispatcher::with_default(&dispatch, || info!(padding, "long"));
    let drain = thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).map(|_| text).unwrap()
    });
    drop((dispatch, guard));
    assert!(drain.join().unwrap().ends_with(&format!("long padding=\"{}\"\n", "x".repeat(200_000))));
}

#[test]
fn lines_of_a_failed_write_are_reported_when_the_output_works_again() {
    let memory = Memory::new();
    let failures = AtomicU32::new(2);
    let answer = move |bytes: &[u8]| {
        let failing = failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if failing.is_ok() { Err(ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
    };
    // Two failing writes: the lines of the first batch, and the notice after them.
    let (dispatch, guard) = open(Log::new().exit_flush(BOUND), Scripted { memory: memory.clone(), answer });
    dispatcher::with_default(&dispatch, || (0..3).for_each(|n| info!(n, "lost")));
    assert!(guard.flush(BOUND));
    assert_eq!((guard.stats().write_errors, guard.stats().dropped), (2, 3));
    dispatcher::with_default(&dispatch, || info!("kept"));
    drop(guard);
    let text = memory.text();
    assert_eq!((count(&text, "lost"), count(&text, "kept"), reported(&text)), (0, 1, 3), "{text}");
    assert!(text.lines().next().unwrap().ends_with("dropped=3"), "{text}");
}

#[test]
fn a_line_cut_by_a_failure_is_not_glued_to_the_next() {
    let memory = Memory::new();
    let mut writes = 0;
    let answer = move |bytes: &[u8]| {
        writes += 1;
        match writes {
            1 => Ok(10),
            2 | 3 => Err(ErrorKind::BrokenPipe.into()),
            _ => Ok(bytes.len()),
        }
    };
    let (dispatch, guard) = open(Log::new().exit_flush(BOUND), Scripted { memory: memory.clone(), answer });
    dispatcher::with_default(&dispatch, || info!("cut"));
    assert!(guard.flush(BOUND));
    dispatcher::with_default(&dispatch, || info!("kept"));
    drop(guard);
    let text = memory.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[0].len(), 10);
    assert!(lines[1].ends_with("dropped=1") && lines[2].ends_with("kept"), "{text}");
}

#[test]
fn interrupted_and_partial_writes_lose_nothing() {
    let memory = Memory::new();
    let mut writes = 0;
    let answer = move |bytes: &[u8]| {
        writes += 1;
        if writes % 2 == 0 { Err(ErrorKind::Interrupted.into()) } else { Ok(bytes.len().min(7)) }
    };
    let (dispatch, guard) = open(Log::new().exit_flush(BOUND), Scripted { memory: memory.clone(), answer });
    dispatcher::with_default(&dispatch, || (0..100).for_each(|n| info!(n, "line")));
    let handle = guard.handle();
    drop(guard);
    assert_eq!(count(&memory.text(), "line n="), 100);
    assert_eq!(handle.stats().write_errors, 0);
}

#[test]
fn an_output_whose_reader_is_gone_does_not_hurt() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let (dispatch, guard) = open(Log::new().exit_flush(BOUND), writer);
    dispatcher::with_default(&dispatch, || (0..100).for_each(|n| error!(n, "line")));
    assert!(guard.flush(BOUND));
    let stats = guard.stats();
    assert_eq!((stats.lines, stats.written, stats.dropped), (100, 0, 100));
    assert!(stats.write_errors > 0);
}

#[test]
fn an_output_that_panics_counts_as_failed_and_the_log_goes_on() {
    let memory = Memory::new();
    let mut writes = 0;
    let answer = move |bytes: &[u8]| {
        writes += 1;
        assert!(writes > 2, "the output's own bug");
        Ok(bytes.len())
    };
    let (dispatch, guard) = open(Log::new().exit_flush(BOUND), Scripted { memory: memory.clone(), answer });
    dispatcher::with_default(&dispatch, || info!("lost"));
    assert!(guard.flush(BOUND));
    dispatcher::with_default(&dispatch, || info!("kept"));
    drop(guard);
    assert_eq!((count(&memory.text(), "kept"), reported(&memory.text())), (1, 1));
}

#[test]
fn concurrent_threads_keep_their_order_and_their_lines_whole() {
    let memory = Memory::new();
    let (dispatch, guard) = open(Log::new().exit_flush(BOUND), memory.clone());
    let (threads, each) = (4, 2_000);
    thread::scope(|scope| {
        for thread in 0..threads {
            let dispatch = &dispatch;
            scope.spawn(move || {
                dispatcher::with_default(dispatch, || (0..each).for_each(|n| info!(thread, n, "line")));
            });
        }
    });
    assert!(guard.flush(BOUND));
    assert_eq!(guard.stats().dropped, 0);
    drop(guard);
    let mut next = vec![0; threads];
    for line in memory.text().lines() {
        let (_, fields) = line.split_once(": line thread=").expect(line);
        let (thread, n) = fields.split_once(" n=").expect(line);
        let thread: usize = thread.parse().expect(line);
        assert_eq!(n.parse::<u32>().expect(line), next[thread], "{line}");
        next[thread] += 1;
    }
    assert_eq!(next, vec![each; threads]);
}
