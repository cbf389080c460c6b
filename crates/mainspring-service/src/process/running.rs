use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainspring_task::{Shared, Task, task};
use rustix::process::Signal;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::ChildError;
use super::group::Group;
use super::output::Output;

/// How long a killed group may take to be gone, and closed pipes to be read to their end.
const AFTERMATH: Duration = Duration::from_secs(1);

/// Between two looks at a group whose leader has ended.
const LOOK: Duration = Duration::from_millis(10);

/// What a service manager, or a process that is to be replaced, tells one process, and that one alone.
const MANAGER: [&str; 7] = [
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "MAINSPRING_READY",
];

/// A process that runs, with all that it starts. Killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: Arc<str>,
    id: u32,
    group: Group,
    /// Set by the task that waits for the process, so that it never stays as a zombie.
    exit: Shared<Option<ExitStatus>>,
    output: Output,
    readers: [Task<()>; 2],
    /// Nothing of the group is left, so that its number may be another's by now.
    gone: AtomicBool,
}

impl Process {
    /// Starts a process as the leader of a group, with its output read.
    pub(super) fn spawn(
        service: &str,
        name: &Arc<str>,
        command: &mut Command,
        output: Output,
    ) -> Result<Self, ChildError> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        forget_manager(command);
        let mut child = command.spawn().map_err(|error| explain(command, error))?;
        let id = child.id().expect("it has not been waited for");
        let group = Group::of(id).expect("the system gives positive ids");
        let builder = |what: &str| task::Builder::new().name(format!("{name} {what}")).service(service);
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        let readers = [
            builder("stdout").spawn(output.clone().read("stdout", stdout)),
            builder("stderr").spawn(output.clone().read("stderr", stderr)),
        ];
        let exit = Shared::new(None);
        let tell = exit.clone();
        builder("exit")
            .spawn(async move {
                let status = child.wait().await.unwrap_or_else(|error| {
                    tracing::error!(process = id, %error, "cannot learn how a process has ended");
                    ExitStatus::from_raw(255 << 8)
                });
                tell.set(Some(status));
            })
            .detach();
        let gone = AtomicBool::new(false);
        Ok(Process { name: Arc::clone(name), id, group, exit, output, readers, gone })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn output(&self) -> &Output {
        &self.output
    }

    pub(super) fn has_exited(&self) -> bool {
        self.exit.get().is_some()
    }

    /// Waits for the end of the process itself.
    pub(super) async fn exited(&self) -> ExitStatus {
        let status = self.exit.until(Option::is_some).await;
        status.expect("it was waited for")
    }

    /// The end of the process as an error, with its last words.
    pub(super) async fn ended(&self, ready: bool) -> ChildError {
        let status = self.exited().await;
        // What it has written is in the pipe; a grandchild may hold the pipe open, though.
        let _ = timeout(AFTERMATH / 4, self.read_out()).await;
        ChildError::ended(Arc::clone(&self.name), status, ready, self.output.last_words())
    }

    /// Ends the whole group: by a signal, and after the bound by force; `false` when it took force.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the processes as they are.
    pub(super) async fn end(&self, signal: Signal, bound: Duration) -> bool {
        if self.gone.load(Ordering::Acquire) {
            return true;
        }
        self.group.signal(signal);
        // One that stands still does not hear the signal before it goes on.
        self.group.signal(Signal::CONT);
        let gently = timeout(bound, self.gone()).await.is_ok();
        if !gently {
            tracing::warn!(
                child = &*self.name,
                process = self.id,
                ?bound,
                "it has not stopped in time and is killed"
            );
            self.kill().await;
        }
        let _ = timeout(AFTERMATH, self.read_out()).await;
        gently
    }

    /// Kills the whole group, and waits until it is gone.
    pub(super) async fn kill(&self) {
        self.group.signal(Signal::KILL);
        if timeout(AFTERMATH, self.gone()).await.is_err() {
            tracing::error!(child = &*self.name, process = self.id, "it was killed and is still there");
        }
    }

    async fn gone(&self) {
        self.exited().await;
        while self.group.is_alive() {
            sleep(LOOK).await;
        }
        self.gone.store(true, Ordering::Release);
    }

    /// Waits until both streams have been read to their end.
    async fn read_out(&self) {
        while !self.readers.iter().all(Task::is_finished) {
            sleep(LOOK).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.gone.load(Ordering::Acquire) {
            self.group.signal(Signal::KILL);
        }
        for reader in &self.readers {
            reader.cancel();
        }
    }
}

/// Takes out of the environment what is meant for the parent, unless the caller has set it.
fn forget_manager(command: &mut Command) {
    for name in MANAGER {
        let set = command.as_std().get_envs().any(|(known, _)| known == name);
        if !set {
            command.env_remove(name);
        }
    }
}

/// The system says "not found" for a missing folder just as it does for a missing program.
fn explain(command: &Command, error: io::Error) -> ChildError {
    let command = command.as_std();
    let folder = command.get_current_dir();
    let hint = match error.kind() {
        io::ErrorKind::NotFound if folder.is_some_and(|folder| !Path::is_dir(folder)) => {
            "the folder it is to run in is not there"
        }
        io::ErrorKind::NotFound => "there is no such program",
        io::ErrorKind::PermissionDenied => "the file may not be executed",
        _ => "",
    };
    ChildError::spawn(command.get_program().to_string_lossy().into_owned(), hint, error)
}
