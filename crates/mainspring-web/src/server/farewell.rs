//! The end of a connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::buffers::READ;
use super::stage::Ending;
use super::transport::Transport;

/// Most that is read and dropped at the end.
const LINGER: usize = 1024 * 1024;

/// Ends a connection.
///
/// A client that may still be sending would get a reset in place of the answer, so what it sends is read and
/// dropped for a while.
///
/// # Errors
///
/// What the system says.
pub(super) async fn farewell<S: Transport>(
    stream: &mut S,
    ending: Ending,
    linger: Duration,
) -> io::Result<()> {
    if ending == Ending::Spoilt {
        stream.spoil();
        return Ok(());
    }
    stream.shutdown().await?;
    if ending == Ending::Linger {
        // Boxed: only a few connections end so.
        let _ended_by_time = Box::pin(tokio::time::timeout(linger, read_on(stream))).await;
    }
    Ok(())
}

async fn read_on<S: Transport>(stream: &mut S) {
    let mut scratch = vec![0; READ];
    let mut left = LINGER;
    while left > 0 {
        match stream.read(&mut scratch).await {
            Ok(0) | Err(_) => break,
            Ok(count) => left = left.saturating_sub(count),
        }
    }
}
