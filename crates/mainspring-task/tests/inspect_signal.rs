//! The signal that takes the stack of a thread, beside a handler of the program for the same one.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![expect(clippy::disallowed_types, reason = "the test is about a thread that blocks")]

use std::process::Command;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use futures_util::FutureExt;
use mainspring_task::inspect::Standing;
use mainspring_task::spawn;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

const SIGURG: i32 = 23;
/// Nothing here takes so long, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Blocks until the other end is gone, also by a panic.
#[inline(never)]
fn held(until: &Receiver<()>) {
    assert!(until.recv().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_of_the_program_keeps_its_signals() {
    let mut urgent = signal(SignalKind::from_raw(SIGURG)).unwrap();
    let (end, until) = sync_channel(0);
    let task = spawn(async move { held(&until) });
    let stack = async {
        loop {
            let place = task.reference().await_place_within(Duration::from_millis(1)).await;
            if matches!(place.standing(), Standing::Running(_)) && place.to_string().contains("::held") {
                return place;
            }
        }
    };
    timeout(PATIENCE, stack).await.unwrap();
    assert!(urgent.recv().now_or_never().is_none(), "the program was handed a signal of the watchdog's");

    let send = format!("kill -URG {}", std::process::id());
    assert!(Command::new("sh").args(["-c", &send]).status().unwrap().success());
    timeout(PATIENCE, urgent.recv()).await.unwrap().unwrap();
    drop(end);
    task.await.unwrap();
}
