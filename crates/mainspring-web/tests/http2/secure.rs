//! TLS, where the client chooses the version by ALPN; Unix sockets.

use std::path::PathBuf;
use std::process::Command;

use mainspring_service::net::tls::ServerTls;
use mainspring_web::http1::Version;
use mainspring_web::{App, HttpServer, Request};
use tokio::time::timeout;

use crate::support::{BOUND, serve};

fn app() -> App {
    App::new().get("/", |request: Request| async move {
        match request.version() {
            Version::Http2 => "2",
            _ => "1.1",
        }
    })
}

/// A certificate of `localhost` and its key, in files.
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    _directory: tempfile::TempDir,
}

impl Identity {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it can be made");
        let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).expect("it is writable");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("it is writable");
        Self { certificate, key, _directory: directory }
    }

    fn tls(&self) -> ServerTls {
        ServerTls::pem(&self.certificate, &self.key)
    }
}

async fn curl(args: Vec<String>) -> Option<String> {
    let fixed = ["--silent", "--show-error", "--max-time", "10"].map(ToOwned::to_owned);
    run("curl", [fixed.to_vec(), args].concat()).await
}

/// What a program says; `None` when it is not here.
#[expect(clippy::print_stderr, reason = "whoever reads the output of the tests should know")]
async fn run(program: &'static str, args: Vec<String>) -> Option<String> {
    let asked = mainspring_task::threaded(move || Command::new(program).args(args).output());
    match asked.await.expect("no panic") {
        Ok(output) => Some(format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )),
        Err(error) => {
            eprintln!("{program} is not here, so it was not asked: {error}");
            None
        }
    }
}

#[tokio::test]
async fn the_client_chooses_the_version_by_alpn() {
    let identity = Identity::new();
    let server = HttpServer::bind("127.0.0.1:0", app()).tls(identity.tls());
    let (running, address) = serve(server).await;
    for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let args = [
            flag.to_owned(),
            "--cacert".to_owned(),
            identity.certificate.display().to_string(),
            "--resolve".to_owned(),
            format!("localhost:{}:127.0.0.1", address.port()),
            format!("https://localhost:{}/", address.port()),
        ];
        if let Some(answer) = curl(args.to_vec()).await {
            assert_eq!(answer, version, "{flag}");
        }
    }
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn h2load_speaks_http2_over_tls_and_meets_no_error() {
    let identity = Identity::new();
    let server = HttpServer::bind("127.0.0.1:0", app()).tls(identity.tls());
    let (running, address) = serve(server).await;
    let url = format!("https://localhost:{}/", address.port());
    let args = ["-n", "5000", "-c", "10", "-m", "32", &url].map(ToOwned::to_owned);
    let said = timeout(BOUND * 3, run("h2load", args.to_vec())).await.expect("it does not hang");
    if let Some(said) = said {
        for part in [
            "Application protocol: h2",
            "5000 done, 5000 succeeded, 0 failed, 0 errored, 0 timeout",
            "5000 2xx",
        ] {
            assert!(said.contains(part), "no {part}: {said}");
        }
    }
    timeout(BOUND, running.stop()).await.expect("in time").expect("it stops in order");
}

#[cfg(unix)]
#[tokio::test]
async fn an_app_is_served_on_a_unix_socket() {
    use std::io::{Read, Write};
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("socket");
    let server = HttpServer::bind(format!("unix:{}", path.display()), app()).name("web");
    let running =
        mainspring_service::Entrypoint::new("test").service(server).start().await.expect("it starts");
    let socket = path.clone();
    let asked = mainspring_task::threaded(move || {
        let mut stream = std::os::unix::net::UnixStream::connect(socket).expect("it accepts");
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        text
    });
    assert!(asked.await.expect("it answers").ends_with("\r\n\r\n1.1"));
    running.stop().await.expect("it stops in order");
    assert!(!path.exists(), "the path is cleaned");
}
