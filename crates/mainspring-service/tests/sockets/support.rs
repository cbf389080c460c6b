use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainspring_service::net::{Connection, Counters, Counts};
use mainspring_service::{Entrypoint, Running, Service};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A client's end, of whatever kind.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// A folder of a test's own, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("mainspring-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.file(name), text).unwrap();
        self.file(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A certificate authority of a test's own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key, in PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Of a name of its own: a client finds the authority of a certificate by the name.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("authority {}", NEXT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    pub(crate) fn sign(&self, name: &str) -> Identity {
        self.sign_until(name, 2049)
    }

    pub(crate) fn sign_until(&self, name: &str, year: i32) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }

    pub(crate) fn client(&self) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let name = "localhost".to_owned();
        Client { roots, versions: rustls::ALL_VERSIONS, alpn: Vec::new(), identity: None, name }
    }
}

impl Identity {
    pub(crate) fn write(&self, folder: &Folder) -> (PathBuf, PathBuf) {
        (folder.write("cert.pem", &self.certificate), folder.write("key.pem", &self.key))
    }
}

/// A TLS client that is none of the crate's own.
pub(crate) struct Client {
    roots: RootCertStore,
    versions: &'static [&'static SupportedProtocolVersion],
    alpn: Vec<Vec<u8>>,
    identity: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    name: String,
}

impl Client {
    pub(crate) fn versions(mut self, versions: &'static [&'static SupportedProtocolVersion]) -> Self {
        self.versions = versions;
        self
    }

    /// Asks for the server by another name than `localhost`.
    pub(crate) fn name(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    pub(crate) fn alpn(mut self, protocol: &str) -> Self {
        self.alpn.push(protocol.into());
        self
    }

    pub(crate) fn identity(mut self, identity: &Identity) -> Self {
        let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
        self.identity = Some((certificate, PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap()));
        self
    }

    pub(crate) async fn over<S>(self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(self.roots);
        let mut config = match self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder.with_client_auth_cert(vec![certificate], key).unwrap(),
        };
        config.alpn_protocols = self.alpn;
        let name = ServerName::try_from(self.name).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    pub(crate) async fn connect(self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        self.over(TcpStream::connect(address).await.unwrap()).await
    }

    /// Connects, and gives what the server says until it ends the stream.
    ///
    /// With TLS 1.3 a server refuses a client only after the client's handshake is done.
    pub(crate) async fn read_all(self, address: SocketAddr) -> std::io::Result<String> {
        let mut text = String::new();
        self.connect(address).await?.read_to_string(&mut text).await?;
        Ok(text)
    }
}

pub(crate) async fn start(service: impl Service) -> Running {
    Entrypoint::new("test").service(service).start().await.unwrap()
}

pub(crate) async fn start_error(service: impl Service) -> String {
    Entrypoint::new("test")
        .start_within(Duration::MAX)
        .service(service)
        .start()
        .await
        .unwrap_err()
        .to_string()
}

/// Sends back what comes.
pub(crate) async fn echo(mut client: Connection) -> std::io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match client.read(&mut buffer).await? {
            0 => return Ok(()),
            length => client.write_all(&buffer[..length]).await?,
        }
        client.flush().await?;
    }
}

/// Waits until the counters of a service are as wanted.
pub(crate) async fn counted(service: &str, wanted: impl Fn(Counts) -> bool) -> Counts {
    let counters = Counters::named(service).unwrap();
    let poll = async {
        while !wanted(counters.counts()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(5), poll).await;
    assert!(in_time.is_ok(), "{service}: {:?}", counters.counts());
    counters.counts()
}

pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
