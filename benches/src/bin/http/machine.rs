//! The cores, and what else they do.

use std::fs;
use std::io;

use rustix::thread::{CpuSet, sched_setaffinity};

/// The core of the server.
pub(crate) const SERVER: usize = 0;
/// The core of the load.
pub(crate) const LOAD: usize = 1;

/// Keeps this thread, and what it starts from now on, on one core.
pub(crate) fn stay_on(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// The processor, the cores and the kernel, in a line.
pub(crate) fn describe() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores of {model}, Linux {}", kernel.trim())
}

/// How long all cores have been at work since the start of the system, in ticks.
pub(crate) fn busy() -> io::Result<u64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let numbers = stat.lines().next().unwrap_or_default().split_whitespace().skip(1).map(str::parse::<u64>);
    let numbers = numbers.collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    // user nice system idle iowait irq softirq steal; what guests take is in user.
    Ok([0, 1, 2, 5, 6, 7].iter().filter_map(|place| numbers.get(*place)).sum())
}
