use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_service::net::tls::{ServerTls, Version};
use mainspring_service::net::{Connection, Options, Stage, TcpServer, TlsServer};
use mainspring_service::{Entrypoint, Runtime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Authority, Duplex, Folder, counted, echo, start, start_error};

static TLS12: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];

/// Says what it knows of the connection, and drops it without a word of its own.
async fn describe(mut client: Connection) -> std::io::Result<()> {
    let alpn = client.alpn().map(|alpn| String::from_utf8_lossy(alpn).into_owned());
    let text = format!(
        "{:?} {:?} {:?} {}",
        client.tls_version().unwrap(),
        client.server_name(),
        alpn,
        client.certificate().map_or(0, <[u8]>::len)
    );
    client.write_all(text.as_bytes()).await
}

/// An authority, and a server's files signed by it.
fn set_up() -> (Authority, Folder, ServerTls) {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (certificate, key) = authority.sign("localhost").write(&folder);
    (authority, folder, ServerTls::pem(certificate, key))
}

#[tokio::test]
async fn a_tls_server_answers_and_ends_the_stream_as_tls_asks() {
    let (authority, _folder, tls) = set_up();
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe)).await;
    // Without a proper end, reading to the end is an error.
    let text = authority.client().read_all(running.address("tls").unwrap()).await.unwrap();
    assert_eq!(text, r#"Tls13 Some("localhost") None 0"#);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn tls_1_2_is_spoken_by_default() {
    let (authority, _folder, tls) = set_up();
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe)).await;
    let client = authority.client().versions(&TLS12);
    let text = client.read_all(running.address("tls").unwrap()).await.unwrap();
    assert!(text.starts_with("Tls12 "), "{text}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn tls_1_2_is_refused_where_1_3_is_the_least() {
    let (authority, _folder, tls) = set_up();
    let server = TlsServer::bind("127.0.0.1:0", tls.min_version(Version::Tls13), describe);
    let running = start(server.name("tls13")).await;
    let address = running.address("tls13").unwrap();
    let client = authority.client().versions(&TLS12);
    assert!(client.read_all(address).await.is_err());
    assert!(authority.client().read_all(address).await.is_ok());
    counted("tls13", |counts| counts.failed == 1).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_protocol_is_agreed_on_by_the_servers_preference() {
    let (authority, _folder, tls) = set_up();
    let running = start(TlsServer::bind("127.0.0.1:0", tls.alpn(["h2", "http/1.1"]), describe)).await;
    let client = authority.client().alpn("http/1.1").alpn("h2");
    let text = client.read_all(running.address("tls").unwrap()).await.unwrap();
    assert!(text.contains(r#"Some("h2")"#), "{text}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_that_speaks_no_common_protocol_is_refused() {
    let (authority, _folder, tls) = set_up();
    let running = start(TlsServer::bind("127.0.0.1:0", tls.alpn(["h2"]), describe)).await;
    let client = authority.client().alpn("smtp");
    assert!(client.read_all(running.address("tls").unwrap()).await.is_err());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_server_costs_nobody_else() {
    let (authority, _folder, tls) = set_up();
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe).name("distrusted")).await;
    let address = running.address("distrusted").unwrap();
    assert!(Authority::new().client().read_all(address).await.is_err());
    assert!(authority.client().read_all(address).await.is_ok());
    counted("distrusted", |counts| counts.failed == 1 && counts.active == 0).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_required_client_certificate_reaches_the_handler() {
    let (authority, folder, tls) = set_up();
    let tls = tls.require_client_certificate(folder.write("ca.pem", &authority.pem));
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe)).await;
    let client = authority.client().identity(&authority.sign("client"));
    let text = client.read_all(running.address("tls").unwrap()).await.unwrap();
    assert!(!text.ends_with(" 0"), "{text}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn wrong_client_certificates_are_refused_and_told() {
    let (authority, folder, tls) = set_up();
    let tls = tls.require_client_certificate(folder.write("ca.pem", &authority.pem));
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let tell = told.clone();
    let options = Options::new().on_failure(move |failure| {
        assert_eq!((failure.service, failure.stage), ("mutual", Stage::Handshake));
        tell.lock().unwrap().push(failure.error.to_string());
    });
    let server = TlsServer::bind("127.0.0.1:0", tls, describe).name("mutual").options(options);
    let running = start(server).await;
    let address = running.address("mutual").unwrap();
    let missing = authority.client();
    let foreign = authority.client().identity(&Authority::new().sign("client"));
    let expired = authority.client().identity(&authority.sign_until("client", 2020));
    for client in [missing, foreign, expired] {
        assert!(client.read_all(address).await.is_err());
    }
    counted("mutual", |counts| counts.failed == 3).await;
    running.stop().await.unwrap();
    let told = told.lock().unwrap();
    assert!(told[0].contains("no certificates"), "{told:?}");
    assert!(told[1].contains("UnknownIssuer"), "{told:?}");
    assert!(told[2].contains("expired"), "{told:?}");
}

#[tokio::test]
async fn an_optional_client_certificate_may_be_missing_but_not_wrong() {
    let (authority, folder, tls) = set_up();
    let tls = tls.accept_client_certificate(folder.write("ca.pem", &authority.pem));
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe)).await;
    let address = running.address("tls").unwrap();
    assert!(authority.client().read_all(address).await.unwrap().ends_with(" 0"));
    let foreign = authority.client().identity(&Authority::new().sign("client"));
    assert!(foreign.read_all(address).await.is_err());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_reload_serves_the_new_certificate_and_keeps_open_connections() {
    let (old, folder, tls) = set_up();
    let server = TlsServer::bind("127.0.0.1:0", tls, echo);
    let reload = server.reload();
    let running = start(server).await;
    let address = running.address("tls").unwrap();
    let mut open = old.client().connect(address).await.unwrap();

    let new = Authority::new();
    new.sign("localhost").write(&folder);
    reload.reload().await.unwrap();
    assert!(old.client().connect(address).await.is_err(), "the old certificate is still shown");
    drop(new.client().connect(address).await.unwrap());
    open.write_all(b"still here").await.unwrap();
    let mut answer = [0; 10];
    open.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"still here");
    drop(open);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_reload_that_fails_keeps_the_old_certificate() {
    let (authority, folder, tls) = set_up();
    let server = TlsServer::bind("127.0.0.1:0", tls, describe);
    let reload = server.reload();
    let running = start(server).await;
    let address = running.address("tls").unwrap();
    let good = authority.sign("localhost");

    authority.sign_until("localhost", 2020).write(&folder);
    let error = reload.reload().await.unwrap_err().to_string();
    assert!(error.contains("cert.pem expired "), "{error}");

    good.write(&folder);
    folder.write("key.pem", &authority.sign("localhost").key);
    let error = reload.reload().await.unwrap_err().to_string();
    assert!(error.contains("cannot use the certificate of"), "{error}");

    folder.write("cert.pem", "nothing");
    let error = reload.reload().await.unwrap_err().to_string();
    assert!(error.starts_with("there is no certificate in "), "{error}");

    std::fs::remove_file(folder.file("cert.pem")).unwrap();
    let error = reload.reload().await.unwrap_err().to_string();
    assert!(error.starts_with("cannot read ") && error.contains("cert.pem"), "{error}");

    assert!(authority.client().read_all(address).await.is_ok());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn changed_files_are_loaded_on_request() {
    let (old, folder, tls) = set_up();
    let tls = tls.reload_on_change(Duration::from_millis(5));
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe)).await;
    let address = running.address("tls").unwrap();
    assert!(old.client().read_all(address).await.is_ok());
    let new = Authority::new();
    new.sign("localhost").write(&folder);
    let seen = async { while new.client().read_all(address).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(10), seen).await.unwrap();
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_reload_of_the_process_loads_the_certificate_again() {
    let (_old, folder, tls) = set_up();
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe)).await;
    let address = running.address("tls").unwrap();
    let new = Authority::new();
    new.sign("localhost").write(&folder);
    // It is heard by who listens by then; the task that does may not have begun to.
    let shown = async {
        loop {
            running.reload();
            if new.client().read_all(address).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), shown).await.unwrap();
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_reload_under_load_drops_no_connection() {
    let (authority, folder, tls) = set_up();
    let server = TlsServer::bind("127.0.0.1:0", tls, echo).name("reloaded");
    let reload = server.reload();
    let running = start(server).await;
    let address = running.address("reloaded").unwrap();
    let ping = async |client: &mut dyn Duplex| {
        client.write_all(b"ping").await.unwrap();
        client.read_exact(&mut [0; 4]).await.unwrap();
    };
    let (done, reloads, handshakes) = (Cell::new(false), Cell::new(0), Cell::new(0));
    let going = || reloads.get() < 20 || handshakes.get() < 50;
    let reloading = async {
        while !done.get() {
            // Another certificate each time; a client trusts all of them.
            authority.sign("localhost").write(&folder);
            reload.reload().await.unwrap();
            reloads.set(reloads.get() + 1);
        }
    };
    let open = async || {
        let mut client = authority.client().connect(address).await.unwrap();
        while going() {
            ping(&mut client).await;
        }
        client.shutdown().await.unwrap();
    };
    let coming = async || {
        while going() {
            let mut client = authority.client().connect(address).await.unwrap();
            ping(&mut client).await;
            client.shutdown().await.unwrap();
            handshakes.set(handshakes.get() + 1);
        }
    };
    let clients = async {
        tokio::join!(open(), open(), open(), coming(), coming(), coming(), coming());
        done.set(true);
    };
    tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(clients, reloading) }).await.unwrap();
    let counts = counted("reloaded", |counts| counts.active == 0).await;
    assert_eq!((counts.failed, counts.accepted), (0, 3 + handshakes.get()));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_half_open_handshake_holds_up_nobody_and_is_ended() {
    let (authority, _folder, tls) = set_up();
    let tls = tls.handshake_timeout(Duration::from_millis(300));
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe).name("half-open")).await;
    let address = running.address("half-open").unwrap();
    let mut stalled = TcpStream::connect(address).await.unwrap();
    // The beginning of a record that never comes.
    stalled.write_all(&[0x16, 0x03, 0x01, 0x01]).await.unwrap();
    counted("half-open", |counts| counts.active == 1).await;
    assert!(authority.client().read_all(address).await.is_ok());
    assert_eq!(counted("half-open", |counts| counts.accepted == 2).await.failed, 0);
    let mut end = Vec::new();
    let _ = stalled.read_to_end(&mut end).await;
    counted("half-open", |counts| counts.failed == 1 && counts.active == 0).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn plain_text_to_a_tls_port_is_a_failed_handshake() {
    let (_, _folder, tls) = set_up();
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe).name("plain")).await;
    let mut client = TcpStream::connect(running.address("plain").unwrap()).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    counted("plain", |counts| counts.failed == 1).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_used_fails_the_start_and_is_named() {
    let (authority, folder, tls) = set_up();
    let none = ServerTls::pem(folder.file("none.pem"), folder.file("key.pem"));
    let error = start_error(TlsServer::bind("127.0.0.1:0", none, describe)).await;
    assert!(error.contains("none.pem"), "{error}");
    let swapped = ServerTls::pem(folder.file("cert.pem"), folder.file("cert.pem"));
    let error = start_error(TlsServer::bind("127.0.0.1:0", swapped, describe)).await;
    assert!(error.contains("cannot read the private key in ") && error.contains("cert.pem"), "{error}");
    let clients = tls.require_client_certificate(folder.file("ca.pem"));
    let error = start_error(TlsServer::bind("127.0.0.1:0", clients, describe)).await;
    assert!(error.contains("ca.pem"), "{error}");
    drop(authority);
}

#[tokio::test]
async fn a_server_starts_with_an_expired_certificate_which_clients_refuse() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (certificate, key) = authority.sign_until("localhost", 2020).write(&folder);
    let tls = ServerTls::pem(certificate, key);
    let running = start(TlsServer::bind("127.0.0.1:0", tls, describe)).await;
    let error = authority.client().read_all(running.address("tls").unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
    running.stop().await.unwrap();
}

#[test]
fn tls_runs_on_a_runtime_per_core() {
    let (authority, _folder, tls) = set_up();
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = TlsServer::bind(address, tls, describe);
    let client = async move { authority.client().read_all(address).await.unwrap() };
    let entrypoint = Entrypoint::new("test").runtime(Runtime::PerCore).workers(2).service(server);
    assert!(entrypoint.run_until(client).unwrap().starts_with("Tls13"));
}

#[tokio::test]
async fn a_panicking_handler_does_not_end_the_stream_as_if_it_were_whole() {
    let (authority, _folder, tls) = set_up();
    let server = TlsServer::bind("127.0.0.1:0", tls, |mut client: Connection| async move {
        client.write_all(b"half of ").await?;
        client.flush().await?;
        assert!(client.peer().is_proxied(), "told to");
        std::io::Result::Ok(())
    });
    let running = start(server).await;
    let error = authority.client().read_all(running.address("tls").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    running.stop().await.unwrap();
}

/// What a full socket does not take at once is not lost with the handler that wrote it.
#[tokio::test]
async fn a_handler_that_ends_in_a_write_loses_no_byte_of_it() {
    const SIZE: usize = 1 << 20;
    let (authority, _folder, tls) = set_up();
    let server = TlsServer::bind("127.0.0.1:0", tls, |mut client: Connection| async move {
        client.write_all(&vec![b'x'; SIZE]).await
    });
    let running = start(server.options(Options::new().send_buffer(4_096))).await;
    let mut stream = authority.client().connect(running.address("tls").unwrap()).await.unwrap();
    let mut all = Vec::new();
    // In small parts, so that the server is ahead.
    let mut part = [0; 1_000];
    loop {
        match stream.read(&mut part).await.unwrap() {
            0 => break,
            count => all.extend_from_slice(&part[..count]),
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(all.len(), SIZE);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_serves_plain_tcp_too() {
    let running = start(TcpServer::bind("127.0.0.1:0", |mut client: Connection| async move {
        let text = format!("{} {:?}", client.is_tls(), client.tls_version());
        client.write_all(text.as_bytes()).await
    }))
    .await;
    let mut text = String::new();
    let mut client = TcpStream::connect(running.address("tcp").unwrap()).await.unwrap();
    client.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "false None");
    running.stop().await.unwrap();
}

/// A trap of the stack this one learnt from (1.4): there the end waited for such a client without a bound.
#[tokio::test]
async fn trap_1_4_a_tls_handler_that_never_ends_is_cut_off_at_the_end_of_the_grace() {
    let (authority, _folder, tls) = set_up();
    let server = TlsServer::bind("127.0.0.1:0", tls, |mut client: Connection| async move {
        client.write_all(b"!").await?;
        std::future::pending::<std::io::Result<()>>().await
    });
    let entrypoint = Entrypoint::new("test").shutdown_grace(Duration::from_millis(50)).service(server);
    let running = entrypoint.start().await.unwrap();
    let mut client = authority.client().connect(running.address("tls").unwrap()).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'!');
    let bound = Duration::from_secs(20);
    let error = tokio::time::timeout(bound, running.stop()).await.unwrap().unwrap_err();
    assert!(error.is_drain() && error.service() == Some("tls"), "{error}");
}
