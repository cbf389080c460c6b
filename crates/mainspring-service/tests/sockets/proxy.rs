use std::net::SocketAddr;
use std::time::Duration;

use mainspring_service::Running;
use mainspring_service::net::{
    Options, ProxyProtocol, TcpServer, TlsServer, UnixServer, peer, tls::ServerTls,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::support::{Authority, Folder, counted, start};

/// Tells who the client is, and then what else it said up to a full stop.
async fn tell<S: AsyncReadExt + AsyncWriteExt + Unpin>(mut client: S) -> std::io::Result<()> {
    // A task that the handler spawns knows it too.
    let known = mainspring_task::spawn(async { peer().unwrap() }).await.unwrap();
    let mut said = Vec::new();
    loop {
        match client.read_u8().await? {
            b'.' => break,
            byte => said.push(byte),
        }
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    client
        .write_all(format!("{known} {:?} {} {said}", known.destination(), known.is_proxied()).as_bytes())
        .await
}

fn trusting(networks: &[&str]) -> Options {
    Options::new().proxy_protocol(ProxyProtocol::from_networks(networks.iter().copied()).unwrap())
}

async fn serve(name: &str, options: Options) -> Running {
    start(TcpServer::bind("127.0.0.1:0", tell::<TcpStream>).name(name).options(options)).await
}

/// Sends pieces, each on its own, and gives the whole answer.
async fn ask(address: SocketAddr, pieces: impl IntoIterator<Item = &[u8]>) -> String {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.set_nodelay(true).unwrap();
    for piece in pieces {
        if client.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    // A server that does not like what it has read resets the connection.
    let _ = client.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn v2() -> Vec<u8> {
    let addresses = [192, 0, 2, 1, 192, 0, 2, 2, 0x04, 0xd2, 0x00, 0x50];
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".as_slice(), &addresses].concat()
}

const V1: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n";
const TOLD: &str = "192.0.2.1:1234 Some(192.0.2.2:80) true hi";

#[tokio::test]
async fn a_header_of_either_version_names_the_client() {
    let running = serve("proxy", trusting(&["127.0.0.0/8"])).await;
    let address = running.address("proxy").unwrap();
    assert_eq!(ask(address, [V1, b"hi."]).await, TOLD);
    assert_eq!(ask(address, [&v2()[..], b"hi."]).await, TOLD);
    let all = [&v2()[..], b"hi."].concat();
    assert_eq!(ask(address, [&all[..]]).await, TOLD, "in one piece");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_header_in_single_bytes_is_read() {
    let running = serve("proxy-split", trusting(&["127.0.0.1"])).await;
    let address = running.address("proxy-split").unwrap();
    for header in [V1, &v2()] {
        let all = [header, b"hi."].concat();
        assert_eq!(ask(address, all.chunks(1)).await, TOLD);
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_speaks_for_itself_leaves_the_peer() {
    let running = serve("proxy-local", trusting(&["127.0.0.1"])).await;
    let address = running.address("proxy-local").unwrap();
    for header in [b"PROXY UNKNOWN\r\n".as_slice(), b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let answer = ask(address, [header, b"hi."]).await;
        assert!(answer.starts_with("127.0.0.1:") && answer.ends_with(" None false hi"), "{answer}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_trusted_peer_without_a_good_header_is_not_served() {
    let running = serve("proxy-bad", trusting(&["127.0.0.1"])).await;
    let address = running.address("proxy-bad").unwrap();
    let endless = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
    let oversized = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".as_slice();
    for bad in
        [b"GET / HTTP/1.1\r\n\r\n.".as_slice(), b"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n", &endless, oversized]
    {
        assert_eq!(ask(address, [bad]).await, "");
    }
    counted("proxy-bad", |counts| counts.failed == 4 && counts.active == 0).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_peer_that_is_not_trusted_cannot_pass_for_another() {
    let running = serve("proxy-alien", trusting(&["10.0.0.0/8", "::1"])).await;
    let answer = ask(running.address("proxy-alien").unwrap(), [b"PROXY UNKNOWN\r\nhi.".as_slice()]).await;
    assert!(answer.starts_with("127.0.0.1:"), "{answer}");
    assert!(answer.ends_with(" None false PROXY UNKNOWN\r\nhi"), "{answer}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_header_that_does_not_come_ends_the_connection_and_holds_up_nobody() {
    let protocol = ProxyProtocol::from_networks(["127.0.0.1"]).unwrap().timeout(Duration::from_millis(200));
    let running = serve("proxy-slow", Options::new().proxy_protocol(protocol)).await;
    let address = running.address("proxy-slow").unwrap();
    let mut stalled = TcpStream::connect(address).await.unwrap();
    stalled.write_all(b"PROXY TC").await.unwrap();
    counted("proxy-slow", |counts| counts.active == 1).await;
    assert_eq!(ask(address, [V1, b"hi."]).await, TOLD);
    let _ = stalled.read_u8().await;
    counted("proxy-slow", |counts| counts.failed == 1 && counts.active == 0).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn tls_follows_the_header() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (certificate, key) = authority.sign("localhost").write(&folder);
    let server = TlsServer::bind("127.0.0.1:0", ServerTls::pem(certificate, key), tell);
    let running = start(server.options(trusting(&["127.0.0.1"]))).await;
    let mut plain = TcpStream::connect(running.address("tls").unwrap()).await.unwrap();
    plain.write_all(V1).await.unwrap();
    let mut client = authority.client().over(plain).await.unwrap();
    client.write_all(b"hi.").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, TOLD);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_proxy_may_connect_over_a_unix_socket() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let server = UnixServer::bind(&path, tell::<UnixStream>).options(trusting(&[]));
    let running = start(server).await;
    let mut client = UnixStream::connect(&path).await.unwrap();
    client.write_all(&[V1, b"hi."].concat()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, TOLD);
    running.stop().await.unwrap();
}

#[test]
fn a_network_that_is_none_is_named() {
    let error = ProxyProtocol::from_networks(["10.0.0.0/8", "balancer"]).unwrap_err().to_string();
    assert!(error.contains("`balancer`"), "{error}");
}
