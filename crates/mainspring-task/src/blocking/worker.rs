use std::io;
use std::sync::{Arc, PoisonError};

use super::core::Core;

/// Starts the thread with this number, which the line counts already.
pub(super) fn hire(core: &Arc<Core>, thread: usize) {
    let name = format!("{}-{thread}", core.name());
    let pool = Arc::clone(core);
    let started = std::thread::Builder::new().name(name).spawn(move || work(&pool, thread));
    if let Err(error) = started {
        not_hired(core, thread, &error);
    }
}

/// The other threads take the work; if there are none, the queue would never move again.
fn not_hired(core: &Core, thread: usize, error: &io::Error) {
    tracing::error!(pool = %core.name(), %error, "a pool could not start a thread");
    let mut line = core.lock();
    line.left(thread);
    if line.threads() > 0 {
        return;
    }
    let mut dropped = Vec::new();
    // Emptying the queue lets those in who wait, and they have no thread either.
    while line.queued() > 0 {
        dropped.push(line.empty_queue());
    }
    drop(line);
    for removed in dropped {
        removed.let_go();
    }
    core.look();
}

/// The life of one thread: work while there is some, wait for a while, end.
fn work(core: &Core, thread: usize) {
    let mut line = core.lock();
    loop {
        if let Some((number, work)) = line.take() {
            drop(line);
            work.run(&mut |ending| core.finish(number, ending));
            line = core.lock();
            continue;
        }
        if line.is_ending() {
            break;
        }
        let waited = core.work.wait_timeout(line, core.settings.idle);
        let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        line = woken;
        if timeout.timed_out() && line.queued() == 0 {
            break;
        }
    }
    line.left(thread);
    drop(line);
    core.look();
}
