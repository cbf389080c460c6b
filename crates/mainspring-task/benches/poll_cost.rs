//! What the registry adds to one poll: a task of ours beside a bare one of tokio.
//!
//! `cargo bench -p mainspring-task --bench poll_cost` prints medians of interleaved rounds. Under
//! callgrind, `POLLS` after the file name says how often one task is polled in one round.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::future::poll_fn;
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};

const ROUNDS: usize = 41;

/// Pending until it has been polled so often.
async fn spin(polls: u32) {
    let mut left = polls;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[expect(clippy::disallowed_methods, reason = "the bare task is what ours is measured against")]
fn bare(runtime: &Runtime, polls: u32) {
    runtime.block_on(async { drop(tokio::spawn(spin(polls)).await) });
}

fn ours(runtime: &Runtime, polls: u32) {
    runtime.block_on(async { drop(mainspring_task::spawn(spin(polls)).await) });
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn per_poll(run: impl Fn(), polls: u32) -> f64 {
    let start = std::time::Instant::now();
    run();
    start.elapsed().as_nanos() as f64 / f64::from(polls)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn main() {
    let polls = std::env::args().filter_map(|word| word.parse().ok()).next();
    let (polls, rounds) = polls.map_or((200_000, ROUNDS), |polls| (polls, 1));
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let (mut base, mut full) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        base.push(per_poll(|| bare(&runtime, polls), polls));
        full.push(per_poll(|| ours(&runtime, polls), polls));
    }
    let least = |figures: &[f64]| figures.iter().copied().fold(f64::MAX, f64::min);
    println!("tokio: least {:.1} ns, median {:.1} ns per poll", least(&base), median(base.clone()));
    println!("ours:  least {:.1} ns, median {:.1} ns per poll", least(&full), median(full.clone()));
}
