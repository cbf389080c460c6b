//! The log of all tests, kept in memory.

use std::io::{self, Write};
use std::sync::Mutex;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Pen;

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From here on the log goes to memory.
pub(crate) fn collect() {
    tracing_subscriber::fmt().with_writer(|| Pen).with_ansi(false).init();
}

/// The first line of the log that has all these words.
pub(crate) fn line_with(words: &[&str]) -> Option<String> {
    let log = String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned();
    log.lines().find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned)
}

/// Where in the log the first such line stands, once it is there.
pub(crate) async fn position(words: &[&str]) -> usize {
    crate::harness::eventually(|| {
        let log = String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned();
        log.lines().position(|line| words.iter().all(|word| line.contains(word)))
    })
    .await
}
