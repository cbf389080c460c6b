//! Clients that stay connected.

use std::time::Duration;

use mainspring_service::net::{Reconnect, TcpClient};
use mainspring_service::{Entrypoint, service};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::support::{dead, start};

/// Reads until the server ends the connection.
async fn read_all(mut server: TcpStream) -> std::io::Result<()> {
    server.read_to_end(&mut Vec::new()).await.map(|_| ())
}

/// There it was 1,672 connections in one second.
#[tokio::test(start_paused = true)]
async fn trap_1_4_a_clean_close_is_not_answered_by_a_storm() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pauses = Reconnect::new().pause(Duration::from_millis(100), Duration::from_secs(1));
    let client = TcpClient::connect(listener.local_addr().unwrap(), read_all).reconnect(pauses);
    let close = async { drop(listener.accept().await.unwrap()) };
    let (running, ()) = tokio::join!(start(client), close);
    let mut connections = 1;
    let end = sleep(Duration::from_secs(20));
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => {
                drop(accepted.unwrap());
                connections += 1;
            }
        }
    }
    // The pauses grow to half a second on average.
    assert!((10..120).contains(&connections), "{connections}");
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn trap_1_4_a_dead_address_fails_the_start_in_time() {
    let (address, began) = (dead().await, Instant::now());
    let reconnect = Reconnect::new().start_timeout(Duration::from_secs(5));
    let client = TcpClient::connect(address, read_all).reconnect(reconnect);
    let error = Entrypoint::new("test").service(client).start().await.unwrap_err().to_string();
    assert!(error.contains(&format!("cannot connect to {address}: ")), "{error}");
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn defect_4_a_client_of_a_dead_peer_holds_up_neither_the_start_nor_the_end() {
    let (address, began) = (dead().await, Instant::now());
    let reconnect = Reconnect::new().ready_after_first_connection(false);
    let client = TcpClient::connect(address, read_all).reconnect(reconnect);
    let other = service("other", |_: mainspring_service::Context| async {});
    let mut running = Entrypoint::new("test").service(client).service(other).start().await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);

    let failed = tokio::time::timeout(Duration::from_secs(600), running.failed()).await;
    assert!(failed.is_err(), "{failed:?}");
    let began = Instant::now();
    running.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
