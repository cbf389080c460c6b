use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::Lines;

/// A program that runs; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Its end is how we learn of the program's end without asking again and again.
    output: Lines,
    errors: Lines,
}

impl Process {
    /// Starts a program with both its outputs read.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let output = Lines::of(child.stdout.take().expect("it is piped"));
        let errors = Lines::of(child.stderr.take().expect("it is piped"));
        Process { child, output, errors }
    }

    /// What it writes to standard output.
    #[must_use]
    pub fn output(&self) -> &Lines {
        &self.output
    }

    /// What it writes to standard error: the log.
    #[must_use]
    pub fn errors(&self) -> &Lines {
        &self.errors
    }

    /// Sends a signal, by its short name: `TERM`.
    ///
    /// # Panics
    ///
    /// When the system refuses.
    pub fn signal(&self, name: &str) {
        // The shell's own kill, as not every machine has the program.
        let kill = format!("kill -s {name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("there is a shell");
        assert!(status.success(), "`{kill}` did not work");
    }

    /// How many bytes of memory it has.
    ///
    /// # Panics
    ///
    /// When the system does not tell, as only Linux does.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the program runs, on Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: Option<u64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        kilobytes.expect("Linux tells the resident memory") * 1024
    }

    /// Waits for the end.
    ///
    /// # Panics
    ///
    /// When it does not come within the bound.
    pub fn wait(&mut self, bound: Duration) -> ExitStatus {
        let ended = self.output.end_within(bound);
        assert!(ended, "it still runs after {bound:?}:\n{}", self.errors.so_far().join("\n"));
        let status = self.child.wait().expect("it is ours to wait for");
        if !self.errors.is_held() {
            let _ = self.errors.all();
        }
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Lets the reader's thread end.
        self.errors.release();
    }
}
