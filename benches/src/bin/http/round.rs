use std::io::{self, Write};
use std::time::Duration;

use mainspring_benches::load::{Generator, Idle};

use crate::load::Load;
use crate::machine;
use crate::options::Options;
use crate::process::Process;

const WARM_UP: Duration = Duration::from_millis(500);
/// How many connections are weighed.
pub(crate) const IDLE: usize = 10_000;
/// A round in which anything else took more than this part of a core is left out where enough others remain.
const DISTURBED: f64 = 0.04;
/// Rounds that suffice for a median.
const ENOUGH: usize = 3;

/// What one round says of one server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// The server's processor time for a request in microseconds: its own, and the kernel's for it.
    pub(crate) user: f64,
    pub(crate) system: f64,
    /// Requests per second.
    pub(crate) rate: f64,
    /// Microseconds.
    pub(crate) median: f64,
    pub(crate) late: f64,
    /// What the rest of the system took meanwhile, in cores.
    others: f64,
}

/// Loads each server in turn, round after round; the samples stand in the order of the servers.
pub(crate) fn rounds(options: &Options, load: &Load) -> io::Result<Vec<Vec<Sample>>> {
    let mut samples = vec![Vec::new(); options.servers.len()];
    for round in 1..=options.rounds {
        for (server, samples) in options.servers.iter().zip(&mut samples) {
            write!(
                io::stderr(),
                "\r\x1b[K{}: round {round} of {}, {}",
                load.name,
                options.rounds,
                server.name
            )?;
            let named = |error| io::Error::other(format!("{} under {}: {error}", server.name, load.name));
            let process = Process::start(server, &options.peers)?;
            samples.push(sample(&process, load, options.time).map_err(named)?);
        }
    }
    write!(io::stderr(), "\r\x1b[K")?;
    Ok(samples)
}

fn sample(process: &Process, load: &Load, time: Duration) -> io::Result<Sample> {
    let tick = 1e6 / rustix::param::clock_ticks_per_second() as f64;
    let mut generator = Generator::connect(load.plan(process.address))?;
    generator.run(WARM_UP)?;
    let before = Moment::now(process)?;
    let report = generator.run(time)?;
    let after = Moment::now(process)?;
    let [user, system] = after.since(&before);
    let requests = report.requests.max(1) as f64;
    let others =
        (after.busy - before.busy) as f64 * tick - user - system - (after.own - before.own) as f64 * tick;
    Ok(Sample {
        user: user / requests,
        system: system / requests,
        rate: report.rate(),
        median: report.latency.value_at_percentile(50.0) as f64,
        late: report.latency.value_at_percentile(99.0) as f64,
        others: others.max(0.0) / report.elapsed.as_micros() as f64,
    })
}

/// What the system has counted so far.
struct Moment {
    /// Of the server: nanoseconds, and the ticks that tell which part was the kernel's.
    time: u64,
    ticks: [u64; 2],
    /// Of this program and of all, in ticks.
    own: u64,
    busy: u64,
}

impl Moment {
    fn now(process: &Process) -> io::Result<Self> {
        Ok(Moment {
            time: process.time()?,
            ticks: process.ticks()?,
            own: own_time()?,
            busy: machine::busy()?,
        })
    }

    /// The server's time in microseconds: its own, and the kernel's. The ticks alone would be too coarse.
    fn since(&self, before: &Moment) -> [f64; 2] {
        let micros = (self.time - before.time) as f64 / 1e3;
        let [user, system] = [0, 1].map(|half: usize| {
            self.ticks.get(half).zip(before.ticks.get(half)).map_or(0, |(after, before)| after - before)
                as f64
        });
        let own = user / (user + system).max(1.0);
        [micros * own, micros * (1.0 - own)]
    }
}

/// The processor time of this program, in ticks.
fn own_time() -> io::Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().skip(11).take(2));
    let numbers = fields.into_iter().flatten().map(|field| field.parse::<u64>().map_err(io::Error::other));
    numbers.sum()
}

/// The undisturbed samples; all, when those are too few.
pub(crate) fn undisturbed(samples: &[Sample]) -> (Vec<Sample>, bool) {
    let calm: Vec<_> = samples.iter().copied().filter(|sample| sample.others <= DISTURBED).collect();
    if calm.len() >= ENOUGH.min(samples.len()) { (calm, true) } else { (samples.to_vec(), false) }
}

/// The value in the middle.
pub(crate) fn median(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> f64 {
    let mut figures: Vec<f64> = samples.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Bytes of the server's memory for each idle connection, in the order of the servers.
pub(crate) fn idle(options: &Options) -> io::Result<Vec<f64>> {
    let weigh = |server: &&mainspring_benches::servers::Server| {
        write!(io::stderr(), "\r\x1b[Kidle: {}", server.name)?;
        let process = Process::start(server, &options.peers)?;
        // What the first connection makes it allocate is not a connection's share.
        drop(Idle::open(process.address, 1)?);
        let before = process.settled_memory()?;
        let idle = Idle::open(process.address, IDLE)?;
        let after = process.settled_memory()?;
        Ok(after.saturating_sub(before) as f64 / idle.count() as f64)
    };
    let figures = options.servers.iter().map(weigh).collect();
    write!(io::stderr(), "\r\x1b[K")?;
    figures
}
