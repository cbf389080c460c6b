//! How long a test waits for what must happen.

use std::thread;
use std::time::Duration;

/// The bound of every wait. Far more than anything needs: it is only reached when something is broken.
pub const PATIENCE: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(5);

/// Asks until there is an answer. For what gives no sign of itself, such as a port that is closed.
///
/// # Panics
///
/// When there is none within [`PATIENCE`]; `what` says what was waited for.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let rounds = PATIENCE.as_millis() / PAUSE.as_millis();
    for _ in 0..rounds {
        if let Some(answer) = ask() {
            return answer;
        }
        thread::park_timeout(PAUSE);
    }
    panic!("this has not happened: {what}");
}
