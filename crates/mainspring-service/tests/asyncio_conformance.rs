//! The row of the list in `mainspring-task` that is about a whole process: `run()`.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mainspring_service::Entrypoint;
use mainspring_task::cancel::finally;
use mainspring_task::{spawn, task};
use tokio::task::yield_now;

#[test]
fn row_77_run_gives_the_output_of_its_future() {
    assert_eq!(Entrypoint::new("test").run_until(async { 7 }).unwrap(), 7);
}

#[tokio::test]
#[should_panic(expected = "runtime")]
async fn row_77_a_nested_run_is_refused() {
    let _ = Entrypoint::new("test").run_until(async {});
}

#[test]
fn row_77_leftover_tasks_are_cancelled_and_awaited() {
    let cleaned = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cleaned);
    let main = async move {
        let left_over = finally(pending::<()>(), async move {
            yield_now().await;
            flag.store(true, Ordering::Release);
        });
        task::Builder::new().name("left over").spawn(left_over).detach();
        spawn(yield_now()).await.is_ok()
    };
    assert!(Entrypoint::new("test").run_until(main).unwrap());
    assert!(cleaned.load(Ordering::Acquire), "the cleanup of what was left over has ended");
}
