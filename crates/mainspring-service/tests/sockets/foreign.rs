//! TLS with programs that are none of ours: Python's `ssl` and `openssl`.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use mainspring_service::Running;
use mainspring_service::net::tls::{ClientTls, ServerTls};
use mainspring_service::net::{Connection, Options, Reconnect, Stage, TlsClient, TlsServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::support::{Authority, Folder, Identity, start, start_error};

/// Says what it knows of the connection.
async fn describe(mut client: Connection) -> std::io::Result<()> {
    let alpn = client.alpn().map(|alpn| String::from_utf8_lossy(alpn).into_owned());
    let shown = client.certificate().is_some();
    let text = format!(
        "{:?} {} {} {}",
        client.tls_version().unwrap(),
        client.server_name().unwrap_or("-"),
        alpn.as_deref().unwrap_or("-"),
        if shown { "known" } else { "unknown" }
    );
    client.write_all(text.as_bytes()).await
}

/// A server of [`describe`], the files for its clients, and what it was told of failures.
struct Site {
    authority: Authority,
    folder: Folder,
    running: Running,
    address: SocketAddr,
    failures: Arc<Mutex<Vec<(Stage, String)>>>,
}

impl Site {
    async fn start(tls: impl FnOnce(ServerTls, &Folder) -> ServerTls) -> Self {
        Site::with(|authority| authority.sign("localhost"), tls).await
    }

    async fn with(
        identity: impl FnOnce(&Authority) -> Identity,
        tls: impl FnOnce(ServerTls, &Folder) -> ServerTls,
    ) -> Self {
        let (authority, folder) = (Authority::new(), Folder::new());
        let (certificate, key) = identity(&authority).write(&folder);
        folder.write("ca.pem", &authority.pem);
        let failures: Arc<Mutex<Vec<_>>> = Arc::default();
        let told = failures.clone();
        let options = Options::new().on_failure(move |failure| {
            told.lock().unwrap().push((failure.stage, failure.error.to_string()));
        });
        let tls = tls(ServerTls::pem(certificate, key), &folder);
        let running = start(TlsServer::bind("127.0.0.1:0", tls, describe).options(options)).await;
        let address = running.address("tls").unwrap();
        Site { authority, folder, running, address, failures }
    }

    fn path(&self, name: &str) -> String {
        self.folder.file(name).display().to_string()
    }

    /// A certificate for a client, in files; the arguments of Python's and openssl's clients for it.
    fn client(&self, identity: &Identity) -> (String, String) {
        let certificate = self.folder.write("client.pem", &identity.certificate).display().to_string();
        (certificate, self.folder.write("client-key.pem", &identity.key).display().to_string())
    }

    /// Ends the server. Gives the only failure it was told of, if there was one.
    async fn end(self) -> Option<(Stage, String)> {
        self.running.stop().await.unwrap();
        let mut failures = self.failures.lock().unwrap();
        assert!(failures.len() < 2, "{failures:?}");
        failures.pop()
    }
}

/// Runs a program to its end, and gives whether it succeeded and what it said; `None`, with a note, where it is
/// not installed.
async fn foreign(program: &'static str, arguments: Vec<String>) -> Option<(bool, String)> {
    let run = move || {
        let Ok(output) = Command::new(program).args(arguments).stdin(Stdio::null()).output() else {
            skipped(program);
            return None;
        };
        let text = [output.stdout, output.stderr].concat();
        Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
    };
    mainspring_task::threaded(run).await.unwrap()
}

#[expect(clippy::print_stderr, reason = "the terminal is where a test says that it was skipped")]
fn skipped(program: &str) {
    eprintln!("skipped: {program} is not installed here");
}

/// Takes `key=value` arguments: port, ca, and where wanted certificate and key, alpn, version, name.
const PYTHON: &str = "\
import socket, ssl, sys
given = dict(argument.split('=', 1) for argument in sys.argv[1:])
context = ssl.create_default_context(cafile=given['ca'])
if 'certificate' in given:
    context.load_cert_chain(given['certificate'], given['key'])
if 'alpn' in given:
    context.set_alpn_protocols(given['alpn'].split(','))
if 'version' in given:
    context.set_ciphers('DEFAULT:@SECLEVEL=0')
    context.minimum_version = context.maximum_version = ssl.TLSVersion[given['version']]
plain = socket.create_connection(('127.0.0.1', int(given['port'])))
try:
    name = given.get('name', 'localhost')
    client = context.wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=False)
    said = b''
    while more := client.recv(1000):
        said += more
    print(said.decode(), client.version(), client.selected_alpn_protocol())
except ssl.SSLError as error:
    print('refused:', error)
";

/// What Python's client says; `None` where there is no Python.
async fn python(site: &Site, more: &[(&str, &str)]) -> Option<String> {
    let mut arguments = vec!["-W".to_owned(), "ignore".to_owned(), "-c".to_owned(), PYTHON.to_owned()];
    arguments.push(format!("port={}", site.address.port()));
    if more.iter().all(|(key, _)| *key != "ca") {
        arguments.push(format!("ca={}", site.path("ca.pem")));
    }
    arguments.extend(more.iter().map(|(key, value)| format!("{key}={value}")));
    let (success, text) = foreign("python3", arguments).await?;
    assert!(success, "{text}");
    Some(text)
}

#[tokio::test]
async fn python_reads_to_a_proper_end() {
    let site = Site::start(|tls, _| tls).await;
    if let Some(text) = python(&site, &[]).await {
        assert_eq!(text.trim(), "Tls13 localhost - unknown TLSv1.3 None");
    }
    assert_eq!(site.end().await, None);
}

#[tokio::test]
async fn python_agrees_on_a_protocol() {
    let site = Site::start(|tls, _| tls.alpn(["h2", "http/1.1"])).await;
    if let Some(text) = python(&site, &[("alpn", "http/1.1,h2")]).await {
        assert_eq!(text.trim(), "Tls13 localhost h2 unknown TLSv1.3 h2");
    }
    assert_eq!(site.end().await, None);
}

#[tokio::test]
async fn python_refuses_a_server_of_an_authority_it_does_not_trust() {
    let site = Site::start(|tls, _| tls).await;
    let other = site.folder.write("other.pem", &Authority::new().pem).display().to_string();
    if let Some(text) = python(&site, &[("ca", &other)]).await {
        assert!(text.contains("CERTIFICATE_VERIFY_FAILED"), "{text}");
        let (stage, error) = site.end().await.unwrap();
        assert!(stage == Stage::Handshake && error.contains("UnknownCA"), "{error}");
    }
}

#[tokio::test]
async fn python_refuses_a_server_whose_certificate_has_expired() {
    let site = Site::with(|authority| authority.sign_until("localhost", 2020), |tls, _| tls).await;
    if let Some(text) = python(&site, &[]).await {
        assert!(text.contains("certificate has expired"), "{text}");
        let (stage, error) = site.end().await.unwrap();
        assert!(stage == Stage::Handshake && error.contains("CertificateExpired"), "{error}");
    }
}

#[tokio::test]
async fn python_without_a_certificate_is_refused_where_one_is_asked_for() {
    let site = Site::start(|tls, folder| tls.require_client_certificate(folder.file("ca.pem"))).await;
    if let Some(text) = python(&site, &[]).await {
        assert!(text.contains("CERTIFICATE_REQUIRED"), "{text}");
        let (stage, error) = site.end().await.unwrap();
        assert!(stage == Stage::Handshake && error.contains("no certificates"), "{error}");
    }
}

#[tokio::test]
async fn python_shows_its_certificate_to_the_handler() {
    let site = Site::start(|tls, folder| tls.require_client_certificate(folder.file("ca.pem"))).await;
    let (certificate, key) = site.client(&site.authority.sign("client"));
    if let Some(text) = python(&site, &[("certificate", &certificate), ("key", &key)]).await {
        assert!(text.contains("- known TLSv1.3"), "{text}");
    }
    assert_eq!(site.end().await, None);
}

#[tokio::test]
async fn python_with_an_expired_certificate_is_refused() {
    let site = Site::start(|tls, folder| tls.require_client_certificate(folder.file("ca.pem"))).await;
    let (certificate, key) = site.client(&site.authority.sign_until("client", 2020));
    if let Some(text) = python(&site, &[("certificate", &certificate), ("key", &key)]).await {
        assert!(text.contains("CERTIFICATE_EXPIRED"), "{text}");
        let (stage, error) = site.end().await.unwrap();
        assert!(stage == Stage::Handshake && error.contains("expired"), "{error}");
    }
}

#[tokio::test]
async fn python_is_served_over_tls_1_2() {
    let site = Site::start(|tls, _| tls).await;
    if let Some(text) = python(&site, &[("version", "TLSv1_2")]).await {
        assert_eq!(text.trim(), "Tls12 localhost - unknown TLSv1.2 None");
    }
    assert_eq!(site.end().await, None);
}

#[tokio::test]
async fn python_is_refused_over_tls_1_1() {
    let site = Site::start(|tls, _| tls).await;
    if let Some(text) = python(&site, &[("version", "TLSv1_1")]).await {
        assert!(text.contains("ALERT"), "{text}");
        let (stage, error) = site.end().await.unwrap();
        assert!(stage == Stage::Handshake && error.contains("incompatible"), "{error}");
    }
}

#[tokio::test]
async fn python_is_shown_the_certificate_of_the_name_it_asks_for() {
    let authority = Authority::new();
    let site = Site::start(|tls, folder| {
        let other = authority.sign("other.example");
        let certificate = folder.write("other.pem", &other.certificate);
        tls.certificate_for("other.example", certificate, folder.write("other-key.pem", &other.key))
    })
    .await;
    let ca = site.folder.write("other-ca.pem", &authority.pem).display().to_string();
    if let Some(text) = python(&site, &[("ca", &ca), ("name", "other.example")]).await {
        assert_eq!(text.trim(), "Tls13 other.example - unknown TLSv1.3 None");
    }
    assert_eq!(site.end().await, None);
}

/// What openssl's client says, and whether its end was a good one; `None` where there is no openssl.
async fn openssl(site: &Site, more: &str) -> Option<(bool, String)> {
    let ca =
        if more.contains("-CAfile") { String::new() } else { format!("-CAfile {}", site.path("ca.pem")) };
    let arguments = format!(
        "s_client -connect {} {ca} -verify_return_error -verify_hostname localhost -servername localhost \
         -ign_eof -cipher DEFAULT@SECLEVEL=0 {more}",
        site.address
    );
    foreign("openssl", arguments.split_whitespace().map(str::to_owned).collect()).await
}

#[tokio::test]
async fn openssl_is_served_over_tls_1_3() {
    let site = Site::start(|tls, _| tls).await;
    if let Some((success, text)) = openssl(&site, "-tls1_3").await {
        assert!(success && text.contains("Tls13 localhost - unknown"), "{text}");
    }
    assert_eq!(site.end().await, None);
}

#[tokio::test]
async fn openssl_is_served_over_tls_1_2() {
    let site = Site::start(|tls, _| tls).await;
    if let Some((success, text)) = openssl(&site, "-tls1_2").await {
        assert!(success && text.contains("Tls12 localhost - unknown"), "{text}");
    }
    assert_eq!(site.end().await, None);
}

#[tokio::test]
async fn openssl_is_refused_over_tls_1_1() {
    let site = Site::start(|tls, _| tls).await;
    if let Some((success, text)) = openssl(&site, "-tls1_1").await {
        assert!(!success && text.contains("alert"), "{text}");
        let (stage, error) = site.end().await.unwrap();
        assert!(stage == Stage::Handshake && error.contains("incompatible"), "{error}");
    }
}

#[tokio::test]
async fn openssl_refuses_a_server_of_an_authority_it_does_not_trust() {
    let site = Site::start(|tls, _| tls).await;
    let other = site.folder.write("other.pem", &Authority::new().pem);
    if let Some((success, text)) = openssl(&site, &format!("-CAfile {}", other.display())).await {
        assert!(!success && text.contains("certificate verify failed"), "{text}");
        let (stage, error) = site.end().await.unwrap();
        assert!(stage == Stage::Handshake && error.contains("UnknownCA"), "{error}");
    }
}

#[tokio::test]
async fn openssl_refuses_a_server_whose_certificate_has_expired() {
    let site = Site::with(|authority| authority.sign_until("localhost", 2020), |tls, _| tls).await;
    if let Some((success, text)) = openssl(&site, "").await {
        assert!(!success && text.contains("certificate has expired"), "{text}");
        let (stage, error) = site.end().await.unwrap();
        assert!(stage == Stage::Handshake && error.contains("CertificateExpired"), "{error}");
    }
}

#[tokio::test]
async fn openssl_without_a_certificate_is_refused_where_one_is_asked_for() {
    let site = Site::start(|tls, folder| tls.require_client_certificate(folder.file("ca.pem"))).await;
    if let Some((_, text)) = openssl(&site, "").await {
        assert!(text.contains("alert certificate required"), "{text}");
        let (stage, error) = site.end().await.unwrap();
        assert!(stage == Stage::Handshake && error.contains("no certificates"), "{error}");
    }
}

#[tokio::test]
async fn openssl_shows_its_certificate_to_the_handler() {
    let site = Site::start(|tls, folder| tls.require_client_certificate(folder.file("ca.pem"))).await;
    let (certificate, key) = site.client(&site.authority.sign("client"));
    if let Some((success, text)) = openssl(&site, &format!("-cert {certificate} -key {key}")).await {
        assert!(success && text.contains("Tls13 localhost - known"), "{text}");
    }
    assert_eq!(site.end().await, None);
}

#[tokio::test]
async fn openssl_agrees_on_a_protocol() {
    let site = Site::start(|tls, _| tls.alpn(["h2", "http/1.1"])).await;
    if let Some((success, text)) = openssl(&site, "-alpn http/1.1,h2").await {
        assert!(success && text.contains("ALPN protocol: h2"), "{text}");
    }
    assert_eq!(site.end().await, None);
}

/// Python's server, which says who its client is by the common name in the client's certificate, and ends.
const PYTHON_SERVER: &str = "\
import socket, ssl, sys
certificate, key, ca = sys.argv[1:4]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
context.load_cert_chain(certificate, key)
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
while True:
    plain, _ = listener.accept()
    try:
        with context.wrap_socket(plain, server_side=True) as client:
            names = client.getpeercert()['subjectAltName']
            client.sendall(f'{client.version()} {names[0][1]}'.encode())
            client.unwrap()
    except (ssl.SSLError, OSError):
        pass
";

#[tokio::test]
async fn a_client_talks_to_a_server_of_pythons_as_far_as_both_are_trusted() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (certificate, key) = authority.sign("localhost").write(&folder);
    let ca = folder.write("ca.pem", &authority.pem);
    let Ok(mut server) = tokio::process::Command::new("python3")
        .args(["-c", PYTHON_SERVER])
        .args([&certificate, &key, &ca])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
    else {
        skipped("python3");
        return;
    };
    let mut port = String::new();
    let mut said = tokio::io::BufReader::new(server.stdout.take().unwrap());
    tokio::io::AsyncBufReadExt::read_line(&mut said, &mut port).await.unwrap();
    let address = format!("localhost:{}", port.trim());

    let identity = authority.sign("client.example");
    let shown = folder.write("client.pem", &identity.certificate);
    let shown_key = folder.write("client-key.pem", &identity.key);
    let good = ClientTls::new().authorities(&ca).certificate(shown, shown_key);
    let (tell, mut told) = mpsc::channel(1);
    let listen = move |mut server: Connection| {
        let tell = tell.clone();
        async move {
            let mut text = String::new();
            server.read_to_string(&mut text).await?;
            let _ = tell.send(text).await;
            std::io::Result::Ok(())
        }
    };
    let running = start(TlsClient::connect(&address, good.clone(), listen.clone())).await;
    assert_eq!(told.recv().await.unwrap(), "TLSv1.3 client.example");
    running.stop().await.unwrap();

    let other = folder.write("other.pem", &Authority::new().pem);
    let reconnect = Reconnect::new().start_timeout(std::time::Duration::from_millis(50));
    let bad = TlsClient::connect(&address, good.authorities(other), listen).reconnect(reconnect);
    let error = start_error(bad).await;
    assert!(error.contains("invalid peer certificate: UnknownIssuer"), "{error}");
}
