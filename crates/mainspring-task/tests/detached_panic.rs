//! A panic nobody awaits. Alone in its program: it counts process-wide reports.

use mainspring_task::inspect::detached_panics;
use mainspring_task::spawn;
use tokio::task::yield_now;

#[tokio::test]
async fn a_panic_is_reported_once_and_only_when_nobody_awaits_it() {
    let _ = spawn(async { panic!("awaited") }).await;
    assert_eq!(detached_panics(), 0);

    spawn(async { panic!("detached before it panics") }).detach();
    yield_now().await;
    assert_eq!(detached_panics(), 1);

    let task = spawn(async { panic!("dropped after it panicked") });
    while !task.is_finished() {
        yield_now().await;
    }
    drop(task);
    assert_eq!(detached_panics(), 2);
}
