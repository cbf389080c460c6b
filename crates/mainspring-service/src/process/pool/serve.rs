use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mainspring_task::task::panic_message;
use tokio::runtime::Runtime;
use tokio::signal::unix::SignalKind;
use tokio::sync::mpsc;

use super::Jobs;
use super::frame::{self, Order};
use crate::Outcome;

/// `argv[0]` of a worker. After it come the pool's name, the worker's number and the frame limit.
pub(super) const WORKER: &str = "mainspring-worker";

/// The job that runs now; 0 when there is none.
static RUNNING: AtomicU64 = AtomicU64::new(0);

/// The last job that was cancelled.
static CANCELLED: AtomicU64 = AtomicU64::new(0);

/// This process has passed [`worker`] and is not one, so a copy of it would be.
static PASSED: AtomicBool = AtomicBool::new(false);

/// The place in `main` where a worker of a [`WorkerPool`](super::WorkerPool) turns off.
///
/// Call it before anything else: before arguments are read, threads started or a log set up. In the
/// process that a user started it returns at once, and `register` is not called. In a worker it
/// calls `register`, serves jobs until the pool ends it, and exits; nothing after it is reached.
///
/// `register` adds the jobs, and sets up what they share, such as a model that takes long to load: it
/// runs once per worker. It may return an error, which then fails the start of the pool.
///
/// Jobs run one after the other, on the main thread. What they print goes to the log of the parent.
/// A worker does not heed SIGTERM, as a service manager sends it to parent and workers alike; the
/// parent ends it when its work is done.
///
/// ```standalone_crate
/// use mainspring_service::{Entrypoint, process::{self, WorkerPool}};
///
/// process::worker(|jobs| jobs.add("sum", |numbers: Vec<u64>| Ok(numbers.iter().sum::<u64>())));
/// let pool = WorkerPool::new(4);
/// let sum = Entrypoint::new("sums").service(pool.clone()).run_until(async move {
///     pool.run::<_, u64>("sum", &[1, 2, 3]).await
/// });
/// assert_eq!(sum.unwrap().unwrap(), 6);
/// ```
pub fn worker<O: Outcome>(register: impl FnOnce(&mut Jobs) -> O) {
    let mut arguments = std::env::args_os();
    if arguments.next().is_none_or(|program| program != WORKER) {
        PASSED.store(true, Ordering::Release);
        return;
    }
    let limit = arguments.nth(2).and_then(|limit| limit.to_str()?.parse().ok());
    let served = match limit {
        Some(limit) => serve(register, limit),
        None => Err(io::Error::other("its arguments are not those of a worker")),
    };
    exit(served)
}

/// True in a job that nobody waits for any more: its future was dropped, or the pool stops.
///
/// A job with a long loop looks here and returns; what it returns then is thrown away. After the
/// pool's grace the worker is killed. The same on every thread of the worker; false outside of a job.
#[must_use]
pub fn is_cancelled() -> bool {
    let running = RUNNING.load(Ordering::Acquire);
    running != 0 && running == CANCELLED.load(Ordering::Acquire)
}

pub(super) fn is_passed() -> bool {
    PASSED.load(Ordering::Acquire)
}

fn serve<O: Outcome>(register: impl FnOnce(&mut Jobs) -> O, limit: u32) -> io::Result<()> {
    let mut socket = take_socket()?;
    let _deaf = ignore_terminate()?;
    let orders = listen(socket.try_clone()?, limit);
    let jobs = match prepare(register) {
        Ok(jobs) => jobs,
        Err(why) => {
            socket.write_all(&frame::refused(&why))?;
            return socket.shutdown(Shutdown::Write);
        }
    };
    socket.write_all(&frame::ready())?;
    work(&jobs, orders, &mut socket, limit)
}

/// Moves the socket away from standard input, which is then empty for the jobs.
fn take_socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.peer_addr().map_err(|_| io::Error::other("its standard input is not the socket of a pool"))?;
    let nothing = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    Ok(socket)
}

/// Catches SIGTERM and does nothing about it, for as long as the runtime lives.
fn ignore_terminate() -> io::Result<(Runtime, tokio::signal::unix::Signal)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let entered = runtime.enter();
    let caught = tokio::signal::unix::signal(SignalKind::terminate())?;
    drop(entered);
    Ok((runtime, caught))
}

fn prepare<O: Outcome>(register: impl FnOnce(&mut Jobs) -> O) -> Result<Jobs, String> {
    let mut jobs = Jobs::default();
    let registered = catch_unwind(AssertUnwindSafe(|| register(&mut jobs).into_result()));
    match registered {
        Ok(Ok(())) => jobs.check().map(|()| jobs),
        Ok(Err(error)) => Err(error.to_string()),
        Err(payload) => {
            Err(format!("it panicked while it registered its jobs: {}", panic_message(&*payload)))
        }
    }
}

/// Reads orders on a thread of its own, so that a running job can be told that it is cancelled, and
/// so that the worker never outlives its parent: the end of the socket is the end of the process.
fn listen(mut socket: UnixStream, limit: u32) -> mpsc::Receiver<(u64, String, Vec<u8>)> {
    // The parent gives one job at a time.
    let (give, take) = mpsc::channel(1);
    std::thread::spawn(move || {
        let ended = loop {
            match next_order(&mut socket, limit) {
                Ok(Some(Order::Run { id, job, arguments })) => {
                    if give.blocking_send((id, job, arguments)).is_err() {
                        break Ok(());
                    }
                }
                Ok(Some(Order::Cancel { id })) => CANCELLED.store(id, Ordering::Release),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        exit(ended)
    });
    take
}

/// `None` when the parent has closed the socket.
fn next_order(socket: &mut UnixStream, limit: u32) -> io::Result<Option<Order>> {
    let mut length = [0; frame::LENGTH];
    match socket.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        // The parent was killed with something unread in its socket.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        read => read?,
    }
    let mut body = vec![0; frame::length(length, limit)?];
    socket.read_exact(&mut body)?;
    frame::order(&body).map(Some)
}

fn work(
    jobs: &Jobs,
    mut orders: mpsc::Receiver<(u64, String, Vec<u8>)>,
    socket: &mut UnixStream,
    limit: u32,
) -> io::Result<()> {
    while let Some((id, job, arguments)) = orders.blocking_recv() {
        RUNNING.store(id, Ordering::Release);
        let answer = jobs.run(id, &job, &arguments, limit);
        RUNNING.store(0, Ordering::Release);
        socket.write_all(&answer)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a worker has no log to flush, and `main` is not to go on")]
#[expect(clippy::print_stderr, reason = "standard error is the parent's log")]
fn exit(ended: io::Result<()>) -> ! {
    if let Err(error) = &ended {
        eprintln!("the worker ends: {error}");
    }
    std::process::exit(i32::from(ended.is_err()))
}
