use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mainspring_task::cancel::catch_cancel;
use rustix::process::Signal;
use tokio::process::Command;
use tokio::signal::unix::SignalKind;
use tokio::time::sleep;

use super::notify::Notify;
use super::output::Output;
use super::running::Process;
use super::{ChildError, Ready};
use crate::{BoxError, Context, Result, Service};

/// A program that runs beside this one, as a service.
///
/// It starts in a process group of its own, with its standard input closed, and counts as started
/// when [`ready_when`](Child::ready_when) says so. Each line that it writes is an event in the log,
/// with the child's name and the stream; a line is cut at 8 KiB, and of more than 1,000 lines a
/// second and stream the rest is left out and counted, so that the program never waits for the log.
///
/// When the program ends well, so does the service; when it ends otherwise, the service fails with
/// its status and last words. Starting it again is up to the service's policy, and never happens
/// before what the program had started itself is gone.
///
/// It runs on while the process drains, as others may need it. In `stop` its group is sent the stop
/// signal; what is left of it after the bound is killed, and that is an error.
///
/// **When this process is killed** with SIGKILL, or crashes, it cannot stop anything, and the program
/// runs on. Linux can be asked to end a program with its parent (`PR_SET_PDEATHSIG`), but only by the
/// child itself, between `fork` and `exec`, where safe code cannot run. Where it matters, have the
/// command do it: `setpriv --pdeathsig TERM PROGRAM` of util-linux is such a wrapper; the signal comes
/// when the *thread* that started the program ends, so give the service a
/// [group](crate::service::Configure::group) of its own, whose thread lives as long as the services. A
/// manager such as systemd ends the whole control group. The workers of a
/// [`WorkerPool`](super::WorkerPool) end with their parent by themselves.
///
/// ```
/// use std::process::Command;
/// use mainspring_service::{Entrypoint, process::{Child, Ready}};
///
/// let mut command = Command::new("sh");
/// command.args(["-c", "echo listening; exec sleep 60"]);
/// let cache = Child::new("cache", command).ready_when(Ready::line("listening"));
/// Entrypoint::new("demo").service(cache).run_until(async { /* the cache is up here */ }).unwrap();
/// ```
#[must_use = "a child is a service: give it to an entrypoint"]
pub struct Child {
    name: Arc<str>,
    command: Command,
    ready: Ready,
    ready_within: Duration,
    stop_signal: Signal,
    stop_within: Duration,
    /// From `start` to `stop`, or to the end of the program.
    process: Option<Process>,
    /// Lives as long as the process, which may go on talking.
    notify: Option<Notify>,
}

impl Child {
    /// A child that runs a command: one of [`std::process`] or of [`tokio::process`].
    ///
    /// What the command says about standard input and output has no effect.
    pub fn new(name: impl Into<Arc<str>>, command: impl Into<Command>) -> Self {
        Child {
            name: name.into(),
            command: command.into(),
            ready: Ready::at_once(),
            ready_within: Duration::from_secs(30),
            stop_signal: Signal::TERM,
            stop_within: Duration::from_secs(10),
            process: None,
            notify: None,
        }
    }

    /// When it is ready. Default: [`Ready::at_once`].
    pub fn ready_when(mut self, ready: Ready) -> Self {
        self.ready = ready;
        self
    }

    /// How long it may take to be ready; then it is stopped, and the start fails. Default: 30 s.
    pub fn ready_within(mut self, bound: Duration) -> Self {
        self.ready_within = bound;
        self
    }

    /// The signal that asks it to stop. Default: SIGTERM.
    ///
    /// # Panics
    ///
    /// When the system has no signal of that number.
    #[track_caller]
    pub fn stop_signal(mut self, signal: SignalKind) -> Self {
        let number = signal.as_raw_value();
        self.stop_signal =
            Signal::from_named_raw(number).unwrap_or_else(|| panic!("there is no signal {number}"));
        self
    }

    /// How long it may take to stop; then it is killed. Default: 10 s.
    pub fn stop_within(mut self, bound: Duration) -> Self {
        self.stop_within = bound;
        self
    }

    /// Gives it none of this process's environment: only what the command sets itself.
    ///
    /// The program is looked for as usual, but better named by its full path.
    pub fn clean_env(mut self) -> Self {
        let own = self.command.as_std().get_envs();
        let own: Vec<_> =
            own.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        self.command.env_clear().envs(own);
        self
    }

    fn spawn(&mut self, cx: &Context) -> Result<(), ChildError> {
        if self.ready.needs_notify() {
            let notify = Notify::listen(cx.service(), &self.name)?;
            self.command.env("NOTIFY_SOCKET", notify.address());
            self.notify = Some(notify);
        }
        self.command.stdin(std::process::Stdio::null());
        let output = Output::new(Arc::clone(&self.name), self.ready.predicate());
        let process = Process::spawn(cx.service(), &self.name, &mut self.command, output)?;
        tracing::info!(service = cx.service(), process = process.id(), "the child runs");
        self.process = Some(process);
        Ok(())
    }

    async fn become_ready(&self, process: &Process) -> Result<(), ChildError> {
        let reached = async {
            self.ready.reached(process.output(), self.notify.as_ref()).await;
        };
        tokio::select! {
            biased;
            () = reached => Ok(()),
            error = process.ended(false) => Err(error),
            () = sleep(self.ready_within) => {
                let waits_for = self.ready.to_string();
                Err(ChildError::not_ready(Arc::clone(&self.name), waits_for, self.ready_within))
            }
        }
    }

    /// Ends what is left of the process; `false` when it took force.
    async fn end(&mut self) -> bool {
        let gently = match &self.process {
            Some(process) => process.end(self.stop_signal, self.stop_within).await,
            None => true,
        };
        self.process = None;
        self.notify = None;
        gently
    }
}

impl Service for Child {
    fn name(&self) -> String {
        self.name.to_string()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        // Of a start before this one something may be left.
        self.end().await;
        self.spawn(cx)?;
        let process = self.process.as_ref().expect("it was spawned");
        // Whoever is cut off here is not stopped, so it ends the process itself.
        let ready = catch_cancel(self.become_ready(process)).await;
        if !matches!(ready, Ok(Ok(()))) {
            self.end().await;
            return ready.unwrap_or(Ok(())).map_err(BoxError::from);
        }
        cx.ready();
        let (status, error) = (process.exited().await, process.ended(true).await);
        self.end().await;
        if status.success() {
            tracing::info!(service = cx.service(), "the child has ended");
            return Ok(());
        }
        Err(error.into())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        if self.end().await {
            return Ok(());
        }
        Err(ChildError::killed(Arc::clone(&self.name), self.stop_within).into())
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("name", &self.name)
            .field("program", &self.command.as_std().get_program())
            .field("ready", &self.ready)
            .field("process", &self.process.as_ref().map(Process::id))
            .finish_non_exhaustive()
    }
}
