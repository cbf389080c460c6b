//! Processes as the system lists them.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process that has not ended, not even as a zombie.
pub(crate) fn runs(id: u32) -> bool {
    stat(id).is_some_and(|(state, _)| !matches!(&*state, "Z" | "X"))
}

/// The children of a process, with their state: `Z` for a zombie.
pub(crate) fn children_of(parent: u32) -> Vec<(u32, String)> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let child = |id: u32| stat(id).filter(|(_, of)| *of == parent).map(|(state, _)| (id, state));
    ids.filter_map(child).collect()
}

pub(crate) fn my_children() -> Vec<(u32, String)> {
    children_of(std::process::id())
}

pub(crate) fn signal(id: u32, signal: Signal) {
    kill_process(Pid::from_raw(id.try_into().unwrap()).unwrap(), signal).unwrap();
}

pub(crate) fn kill(id: u32) {
    signal(id, Signal::KILL);
}

/// The state of a process, and its parent.
fn stat(id: u32) -> Option<(String, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
