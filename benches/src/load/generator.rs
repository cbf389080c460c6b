#![expect(clippy::disallowed_methods, reason = "the wall clock is what is measured")]

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use super::answers::Answers;
use super::connection::Connection;
use super::pace::Pace;
use super::plan::Plan;

/// Events taken at once.
const EVENTS: usize = 256;
/// Longest wait for events: whether the time is over is looked at this often.
const LOOK: Duration = Duration::from_millis(20);
/// A server that answers nothing for so long is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends requests and reads answers on one thread.
#[derive(Debug)]
pub struct Generator {
    plan: Plan,
    batch: Vec<u8>,
    connections: Vec<Connection>,
    /// The connections on which nothing is under way.
    free: Vec<usize>,
    epoll: OwnedFd,
    answers: Answers,
}

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// Answers that came.
    pub requests: u64,
    /// In which time.
    pub elapsed: Duration,
    /// From when a request was due to its answer, in microseconds. In a batch all are due at once, and the latency is
    /// that of the last.
    pub latency: Histogram<u64>,
}

impl Report {
    /// Answers per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }
}

impl Generator {
    /// Opens the connections.
    ///
    /// # Errors
    ///
    /// When the server refuses one, or there are not enough descriptors; see
    /// [`raise_file_limit`](super::raise_file_limit).
    pub fn connect(plan: Plan) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let now = Instant::now();
        let mut connections = Vec::new();
        for number in 0..plan.connections {
            let connection = Connection::open(plan.address, now)?;
            epoll::add(&epoll, &connection.stream, EventData::new_u64(number as u64), EventFlags::IN)?;
            connections.push(connection);
        }
        let batch = plan.request.bytes(plan.address).repeat(plan.depth);
        let free = (0..plan.connections).collect();
        Ok(Generator { plan, batch, connections, free, epoll, answers: Answers::default() })
    }

    /// Loads the server for so long. What is under way at the end goes on in the next run.
    ///
    /// # Errors
    ///
    /// When an answer is not 200, or the server closes a connection or falls silent.
    pub fn run(&mut self, duration: Duration) -> io::Result<Report> {
        let start = Instant::now();
        let mut now = start;
        let mut pace = Pace::new(self.plan.rate, now);
        let mut heard = now;
        let mut report = Report { requests: 0, elapsed: Duration::ZERO, latency: histogram()? };
        let mut events = Vec::with_capacity(EVENTS);
        while now - start < duration {
            self.send(&mut pace, now)?;
            wait(&self.epoll, &mut events, pace.pause(now))?;
            now = Instant::now();
            if !events.is_empty() {
                heard = now;
            } else if now - heard > PATIENCE && self.free.len() < self.connections.len() {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the server has fallen silent"));
            }
            for event in events.drain(..) {
                self.take(event, now, &mut report)?;
            }
        }
        report.elapsed = now - start;
        Ok(report)
    }

    /// Sends what is due on the connections that are free.
    fn send(&mut self, pace: &mut Pace, now: Instant) -> io::Result<()> {
        while !self.free.is_empty() {
            let Some(due) = pace.take(now) else { break };
            let Some(number) = self.free.pop() else { break };
            let Some(connection) = self.connections.get_mut(number) else { break };
            if !connection.begin(&self.batch, self.plan.depth, due)? {
                self.listen(number, EventFlags::IN | EventFlags::OUT)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event, now: Instant, report: &mut Report) -> io::Result<()> {
        // Copied out: the struct is packed.
        let (number, flags) = (event.data.u64() as usize, event.flags);
        let Some(connection) = self.connections.get_mut(number) else { return Ok(()) };
        if flags.contains(EventFlags::OUT) && connection.send(&self.batch)? {
            self.listen(number, EventFlags::IN)?;
        }
        let Some(connection) = self.connections.get_mut(number) else { return Ok(()) };
        if connection.missing == 0 {
            return Err(io::Error::other("the server has said something unasked, or closed a connection"));
        }
        let count = connection.receive(&mut self.answers)?;
        report.requests += count as u64;
        if connection.missing == 0 {
            let micros = u64::try_from((now - connection.since).as_micros()).unwrap_or(u64::MAX);
            report.latency.saturating_record_n(micros.max(1), self.plan.depth as u64);
            self.free.push(number);
        }
        Ok(())
    }

    fn listen(&self, number: usize, flags: EventFlags) -> io::Result<()> {
        let Some(connection) = self.connections.get(number) else { return Ok(()) };
        Ok(epoll::modify(&self.epoll, &connection.stream, EventData::new_u64(number as u64), flags)?)
    }
}

/// From a microsecond to a minute, to three digits.
fn histogram() -> io::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, 60_000_000, 3).map_err(io::Error::other)
}

/// Waits for events, at most as long as nothing is due. A short wait is spent awake: the timer would come too late.
fn wait(epoll: &OwnedFd, events: &mut Vec<Event>, pause: Option<Duration>) -> io::Result<()> {
    let pause = pause.unwrap_or(LOOK).min(LOOK);
    let pause =
        if pause < Duration::from_millis(2) { Duration::ZERO } else { pause - Duration::from_millis(1) };
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(pause.subsec_nanos()) };
    match epoll::wait(epoll, spare_capacity(events), Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
