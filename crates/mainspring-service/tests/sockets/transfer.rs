//! How a connection receives and sends: by the system's own calls, and with the manners of tokio's sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainspring_service::net::{Connection, TcpServer, UnixServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::support::{Duplex, Folder, echo, start};

const BOUND: Duration = Duration::from_secs(20);

/// Sends eight megabytes and reads them back, in parts that fit no buffer.
async fn there_and_back(client: impl Duplex) {
    let sent: Vec<u8> = (0..8_000_000_u32).map(|at| (at / 251) as u8).collect();
    let (mut reads, mut writes) = tokio::io::split(client);
    let writing = async {
        for part in sent.chunks(7_777) {
            writes.write_all(part).await.unwrap();
        }
    };
    let reading = async {
        let mut back = Vec::new();
        let mut part = vec![0; 5_555];
        while back.len() < sent.len() {
            let count = reads.read(&mut part).await.unwrap();
            assert_ne!(count, 0, "the stream ends early");
            back.extend_from_slice(&part[..count]);
        }
        back
    };
    let ((), back) = timeout(BOUND, async { tokio::join!(writing, reading) }).await.unwrap();
    assert!(back == sent, "the bytes came back otherwise");
}

#[tokio::test]
async fn all_bytes_come_back_over_tcp() {
    let running = start(TcpServer::bind("127.0.0.1:0", echo).name("there and back")).await;
    there_and_back(TcpStream::connect(running.address("there and back").unwrap()).await.unwrap()).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn all_bytes_come_back_over_a_unix_socket() {
    let folder = Folder::new();
    let running = start(UnixServer::bind(folder.file("socket"), echo)).await;
    there_and_back(UnixStream::connect(folder.file("socket")).await.unwrap()).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_comes_after_a_part_of_the_room_wakes_the_reader() {
    let running = start(TcpServer::bind("127.0.0.1:0", echo).name("parts")).await;
    let mut client = TcpStream::connect(running.address("parts").unwrap()).await.unwrap();
    for round in 0..200_u8 {
        client.write_all(&[round; 3]).await.unwrap();
        let mut back = [0; 3];
        timeout(BOUND, client.read_exact(&mut back)).await.unwrap().unwrap();
        assert_eq!(back, [round; 3]);
    }
    drop(client);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_always_has_bytes_lets_others_have_their_turn() {
    let gave_way = Arc::new(AtomicBool::new(false));
    let says = gave_way.clone();
    let server = TcpServer::bind("127.0.0.1:0", move |mut client: Connection| {
        let says = says.clone();
        async move {
            client.read_u8().await?;
            let turn = Arc::new(AtomicBool::new(false));
            let takes = turn.clone();
            let other = mainspring_task::spawn(async move { takes.store(true, Ordering::Relaxed) });
            // Bytes for ten thousand reads are there: none of these has to wait.
            for _ in 0..10_000 {
                client.read_u8().await?;
                if turn.load(Ordering::Relaxed) {
                    says.store(true, Ordering::Relaxed);
                }
            }
            other.await?;
            client.write_all(b"done").await?;
            Ok::<_, mainspring_service::BoxError>(())
        }
    });
    let running = start(server.name("greedy")).await;
    let mut client = TcpStream::connect(running.address("greedy").unwrap()).await.unwrap();
    client.write_all(&[1; 10_001]).await.unwrap();
    let mut done = [0; 4];
    timeout(BOUND, client.read_exact(&mut done)).await.unwrap().unwrap();
    assert!(gave_way.load(Ordering::Relaxed), "ten thousand reads went by without another task's turn");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_peer_that_resets_is_an_error_of_the_read() {
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let server = TcpServer::bind("127.0.0.1:0", move |mut client: Connection| {
        let told = told.clone();
        async move {
            client.write_all(b"in").await?;
            let read = client.read(&mut [0; 8]).await;
            told.send(read.map_err(|error| error.kind())).unwrap();
            Ok::<_, std::io::Error>(())
        }
    });
    let running = start(server.name("reset")).await;
    let mut client = TcpStream::connect(running.address("reset").unwrap()).await.unwrap();
    client.read_exact(&mut [0; 2]).await.unwrap();
    client.set_zero_linger().unwrap();
    drop(client);
    let read = timeout(BOUND, hears.recv()).await.unwrap().unwrap();
    assert_eq!(read, Err(std::io::ErrorKind::ConnectionReset));
    running.stop().await.unwrap();
}
