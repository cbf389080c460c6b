use std::io::Write;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::{is_installed, python};

/// Opens a page in a real browser and runs a script in it; `None` when there is no browser.
///
/// The script is the body of an asynchronous function of the page's own origin, so it may `await` and call `fetch`,
/// `EventSource` or `WebSocket`; what it returns comes back as JSON.
///
/// # Panics
///
/// When the page does not load or the script throws.
#[must_use]
#[track_caller]
pub fn browse(url: &str, script: &str) -> Option<Value> {
    const BROWSER: &str = "chromium";
    let mut command = python("clients/browser.py", &["websockets"])?;
    if !is_installed(BROWSER, "--version") {
        return None;
    }
    // Two browsers cannot share their files, and one process may run several tests.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let files = std::env::temp_dir().join(format!("mainspring-browser-{process}-{count}"));
    command.arg(BROWSER).arg(&files).arg(url);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("python starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(script.as_bytes()).expect("python reads the script");
    drop(stdin);
    let output = child.wait_with_output().expect("it is ours to wait for");
    // Some of it may be gone already.
    let _ = std::fs::remove_dir_all(&files);
    assert!(output.status.success(), "{url}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("the script's value is JSON"))
}
