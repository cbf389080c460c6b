use std::fs;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// A process and all that it has started: the processes of one group, named after its leader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    leader: Pid,
}

impl Group {
    /// The group of a process that was started as a leader.
    pub(super) fn of(id: u32) -> Option<Self> {
        let leader = Pid::from_raw(i32::try_from(id).ok()?)?;
        Some(Group { leader })
    }

    /// Sends a signal to every process of the group. No process being left is not an error.
    pub(super) fn signal(self, signal: Signal) {
        if let Err(error) = kill_process_group(self.leader, signal)
            && error != rustix::io::Errno::SRCH
        {
            tracing::warn!(group = self.leader.as_raw_pid(), %error, "a process group did not take a signal");
        }
    }

    /// Whether a process of the group still runs.
    ///
    /// One that has ended and that its parent has not looked after does not count.
    pub(super) fn is_alive(self) -> bool {
        test_kill_process_group(self.leader).is_ok() && self.runs_by_proc().unwrap_or(true)
    }

    /// Looks the members up; `None` when the system does not list processes.
    fn runs_by_proc(self) -> Option<bool> {
        let processes = fs::read_dir("/proc").ok()?;
        let is_ours = |entry: fs::DirEntry| {
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (state, group) = state_and_group(&stat)?;
            (group == self.leader.as_raw_pid() && !matches!(state, "Z" | "X")).then_some(())
        };
        Some(processes.flatten().any(|entry| is_ours(entry).is_some()))
    }
}

/// Of a line like `17 (a name) S 1 17 …`: the state, and the group, which stands after the parent.
fn state_and_group(stat: &str) -> Option<(&str, i32)> {
    // The name is anything, so only its last bracket can be relied on.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    Some((state, group))
}

#[cfg(test)]
mod tests {
    use super::state_and_group;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        assert_eq!(state_and_group("17 (a) Z (b) S 1 42 0 0"), Some(("S", 42)));
    }

    #[test]
    fn a_cut_line_is_nobody() {
        assert_eq!(state_and_group("17 (a"), None);
        assert_eq!(state_and_group("17 (a) S 1"), None);
    }
}
