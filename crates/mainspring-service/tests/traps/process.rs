//! Programs beside this one.

use std::process::Command;
use std::time::Duration;

use mainspring_service::process::Child;
use mainspring_service::service::{Backoff, Configure, Restart};

use crate::support::{start, within};

/// There it was looked at every 5 s and started again for ever. How the pauses grow is shown on a paused
/// clock, by the tests of supervision.
#[tokio::test]
async fn trap_1_8_a_child_that_keeps_dying_is_given_up() {
    let mut command = Command::new("sh");
    command.args(["-c", "exit 3"]);
    let pause = Duration::from_millis(1);
    let backoff = Backoff { first: pause, longest: pause, limit: 3, ..Backoff::default() };
    let child = Child::new("dying", command).restart(Restart::OnFailure).backoff(backoff);
    let mut running = start(child).await;
    let error = within(running.failed()).await.to_string();
    assert!(error.starts_with("service `dying` failed: it has failed 4 times in a row"), "{error}");
    assert_eq!(running.overview().list().remove(0).restarts, 3);
    running.stop().await.unwrap();
}
