use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::JobError;
use super::builder::Settings;
use super::frame::{self, Answer};
use super::job_error::Kind;
use super::link::Link;
use super::serve::WORKER;
use super::stats::{Counted, Counters};
use crate::process::ChildError;
use crate::process::output::Output;
use crate::process::running::Process;

/// How long a worker that has nothing to do may take to end.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long what a worker had sent may take to arrive after its end.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// This program. The link leads to the file that runs, even if another lies at its path by now.
const SELF: &str = "/proc/self/exe";

/// A job on its way to a worker.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) name: String,
    /// The order, ready to be sent.
    pub(super) frame: Vec<u8>,
    /// It was on its way to a worker that did not live to take it.
    pub(super) again: bool,
    /// Closed when nobody waits any more.
    pub(super) reply: oneshot::Sender<Result<Vec<u8>, JobError>>,
}

/// A worker process that takes jobs.
pub(super) struct Hired {
    name: Arc<str>,
    process: Process,
    link: Link,
    grace: Duration,
    pub(super) jobs: u64,
    _counted: Counted,
}

/// What has become of the worker with a job.
#[derive(Debug)]
pub(super) enum Fate {
    Lives,
    /// It was killed, because the job did not end when it was cancelled.
    Killed,
    Died,
    /// It died before it had the whole of the order, so that the job may be given to another.
    Unreached(Job),
}

/// How the talk about one job has ended.
enum Talk {
    Answered(Result<Vec<u8>, Kind>),
    /// Nobody waits any more; with what the worker has answered, unless it did not in time.
    GivenUp(Option<Result<Vec<u8>, Kind>>),
    /// The order has not arrived as a whole.
    Unsent(io::Error),
    Broken(io::Error),
}

impl Talk {
    /// The system tells apart whether the worker had read all that it was sent before its socket was
    /// closed: only then may it have begun the job.
    fn broken(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::ConnectionReset { Talk::Unsent(error) } else { Talk::Broken(error) }
    }
}

impl Hired {
    /// Starts a process that is to be a worker.
    pub(super) fn spawn(
        settings: &Settings,
        service: &str,
        number: usize,
        counters: &Arc<Counters>,
    ) -> Result<Self, ChildError> {
        let name: Arc<str> = format!("{} worker {number}", settings.name).into();
        let (ours, theirs) = sockets().map_err(|error| ChildError::setup("the socket of a worker", error))?;
        let limit = settings.max_answer();
        let mut command = Command::new(SELF);
        command.arg0(WORKER).arg(&*settings.name).arg(number.to_string()).arg(limit.to_string());
        command.stdin(Stdio::from(theirs));
        let process = Process::spawn(service, &name, &mut command, Output::new(Arc::clone(&name), None))?;
        // It holds their end of the socket, whose end is to be theirs alone.
        drop(command);
        counters.started.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(service, worker = number, process = process.id(), "a worker was started");
        let (counted, grace) = (Counted::new(counters, |counters| &counters.workers), settings.cancel_grace);
        Ok(Hired { name, process, link: Link::new(ours, limit), grace, jobs: 0, _counted: counted })
    }

    /// Waits until the worker takes jobs; one that does not is killed. `None` when the pool ends.
    pub(super) async fn ready(
        mut self,
        within: Duration,
        ending: &CancellationToken,
    ) -> Option<Result<Self, ChildError>> {
        let greeted = tokio::select! {
            biased;
            () = ending.cancelled() => None,
            greeted = self.greet(within) => Some(greeted),
        };
        if let Some(Ok(())) = greeted {
            return Some(Ok(self));
        }
        self.process.kill().await;
        greeted.map(|greeted| greeted.map(|()| self))
    }

    async fn greet(&mut self, bound: Duration) -> Result<(), ChildError> {
        let answer = tokio::select! {
            biased;
            answer = self.link.answer() => answer,
            () = sleep(bound) => {
                return Err(ChildError::not_ready(Arc::clone(&self.name), "register its jobs".to_owned(), bound));
            }
        };
        match answer {
            Ok(Some(Answer::Ready)) => Ok(()),
            Ok(Some(Answer::Refused(why))) => Err(ChildError::refused(Arc::clone(&self.name), why)),
            Ok(Some(Answer::Done { .. })) | Err(_) => Err(ChildError::refused(
                Arc::clone(&self.name),
                "it does not speak as a worker does".to_owned(),
            )),
            Ok(None) => match timeout(FAREWELL, self.process.ended(false)).await {
                Ok(error) => Err(error),
                Err(_) => {
                    Err(ChildError::refused(Arc::clone(&self.name), "it has closed its socket".to_owned()))
                }
            },
        }
    }

    /// Runs one job, and sees to it that its caller learns what has become of it.
    pub(super) async fn run(
        &mut self,
        mut job: Job,
        counters: &Arc<Counters>,
        ending: &CancellationToken,
    ) -> Fate {
        self.jobs += 1;
        // Who has the answer finds the worker free.
        let busy = Counted::new(counters, |counters| &counters.busy);
        let talk = self.talk(&mut job, ending).await;
        drop(busy);
        match talk {
            Talk::Answered(answer) | Talk::GivenUp(Some(answer)) => {
                let counter = match &answer {
                    _ if job.reply.is_closed() => &counters.cancelled,
                    Ok(_) => &counters.done,
                    Err(_) => &counters.failed,
                };
                counter.fetch_add(1, Ordering::Relaxed);
                let answer = answer.map_err(|kind| JobError::new(&job.name, kind));
                let _ = job.reply.send(answer);
                Fate::Lives
            }
            Talk::GivenUp(None) => {
                tracing::warn!(
                    worker = &*self.name,
                    job = job.name,
                    grace = ?self.grace,
                    "a cancelled job has not ended in time, so its worker is killed"
                );
                self.process.kill().await;
                counters.cancelled.fetch_add(1, Ordering::Relaxed);
                let _ = job.reply.send(Err(JobError::new(&job.name, Kind::Stopped)));
                Fate::Killed
            }
            Talk::Unsent(error) if !job.again => {
                let why = self.autopsy(&error).await;
                tracing::warn!(worker = &*self.name, job = job.name, why, "a job goes to another worker");
                job.again = true;
                Fate::Unreached(job)
            }
            Talk::Unsent(error) | Talk::Broken(error) => {
                let why = self.autopsy(&error).await;
                tracing::warn!(worker = &*self.name, job = job.name, why, "a job was lost with its worker");
                counters.lost.fetch_add(1, Ordering::Relaxed);
                let lost = Kind::Lost { worker: self.name.to_string(), why };
                let _ = job.reply.send(Err(JobError::new(&job.name, lost)));
                Fate::Died
            }
        }
    }

    async fn talk(&mut self, job: &mut Job, ending: &CancellationToken) -> Talk {
        let grace = self.grace;
        let mut given_up = false;
        {
            let mut sent = std::pin::pin!(self.link.send(&job.frame));
            let mut sent_in_time = tokio::select! {
                biased;
                sent = &mut sent => Some(sent),
                () = given_up_on(&mut job.reply, ending) => None,
            };
            if sent_in_time.is_none() {
                // Half an order would leave the worker waiting for the rest.
                given_up = true;
                sent_in_time = timeout(grace, sent).await.ok();
            }
            match sent_in_time {
                None => return Talk::GivenUp(None),
                Some(Err(error)) => return Talk::Unsent(error),
                Some(Ok(())) => {}
            }
        }
        if !given_up {
            tokio::select! {
                biased;
                answer = self.answer(job.id) => return answer.map_or_else(Talk::broken, Talk::Answered),
                () = given_up_on(&mut job.reply, ending) => {}
            }
        }
        let quit = async {
            self.link.send(&frame::cancel(job.id)).await?;
            self.answer(job.id).await
        };
        match timeout(grace, quit).await {
            Ok(Ok(answer)) => Talk::GivenUp(Some(answer)),
            Ok(Err(error)) => Talk::Broken(error),
            Err(_) => Talk::GivenUp(None),
        }
    }

    /// The answer to a job; an error when the worker has ended, or talks nonsense.
    async fn answer(&mut self, id: u64) -> io::Result<Result<Vec<u8>, Kind>> {
        let answer = tokio::select! {
            biased;
            answer = self.link.answer() => answer?,
            // A process that a job has forked may hold the socket open after the worker's end.
            _ = self.process.exited() => timeout(LAST_WORDS, self.link.answer()).await.unwrap_or(Ok(None))?,
        };
        match answer {
            Some(Answer::Done { id: of, result }) if of == id => Ok(result),
            Some(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "an answer that was not asked for")),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Waits until the worker ends while it has no job. Cancel safe.
    pub(super) async fn lost(&mut self) -> io::Error {
        tokio::select! {
            answer = self.link.answer() => match answer {
                Ok(Some(_)) => io::Error::new(io::ErrorKind::InvalidData, "an answer that was not asked for"),
                Ok(None) => io::ErrorKind::UnexpectedEof.into(),
                Err(error) => error,
            },
            _ = self.process.exited() => io::ErrorKind::UnexpectedEof.into(),
        }
    }

    pub(super) fn has_exited(&self) -> bool {
        self.process.has_exited()
    }

    /// Why the worker is of no more use, once nothing of it is left.
    pub(super) async fn autopsy(&mut self, error: &io::Error) -> String {
        let why = match timeout(FAREWELL, self.process.ended(true)).await {
            Ok(ended) => ended.to_string(),
            Err(_) => format!("it does not speak as a worker does: {error}"),
        };
        self.process.kill().await;
        why
    }

    /// Lets the worker end, with all that it has started.
    pub(super) async fn dismiss(mut self) {
        self.link.close().await;
        let _ = timeout(FAREWELL, self.process.exited()).await;
        self.process.kill().await;
    }
}

/// Waits until the caller is gone, or the pool ends.
async fn given_up_on<T>(reply: &mut oneshot::Sender<T>, ending: &CancellationToken) {
    tokio::select! {
        () = reply.closed() => {}
        () = ending.cancelled() => {}
    }
}

/// Both ends are closed when another program is executed, but for the one that becomes its input.
fn sockets() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = StdStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, theirs.into()))
}
