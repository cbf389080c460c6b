use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mainspring_task::threaded;
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::{NoClientAuth, ParsedCertificate, WebPkiClientVerifier, danger::ClientCertVerifier};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use super::files::{authorities, certificates, key, provider};
use super::names::Names;
use super::validity::{Untimely, Validity};
use super::{Encrypted, Reload, Version};
use crate::net::wire::Wire;
use crate::{BoxError, Context, Result};

/// How a server speaks TLS: where its PEM files are, and what it asks of its clients.
///
/// By default it takes TLS 1.2 and 1.3, asks for no client certificate, agrees on no protocol (ALPN) and
/// gives a client 10 s for the handshake. A clone shares the certificate that was loaded last.
///
/// ```
/// use mainspring_service::net::tls::{ServerTls, Version};
///
/// let tls = ServerTls::pem("cert.pem", "key.pem").alpn(["h2", "http/1.1"]).min_version(Version::Tls13);
/// # let _ = tls;
/// ```
#[derive(Debug, Clone)]
#[must_use = "it does nothing until a server has it"]
pub struct ServerTls {
    identity: Identity,
    named: Vec<(String, Identity)>,
    clients: Clients,
    alpn: Vec<Vec<u8>>,
    min_version: Version,
    handshake_timeout: Duration,
    reload_on_change: Option<Duration>,
    /// What new connections are given. Locked for the copy of a pointer.
    current: Arc<RwLock<Option<Arc<ServerConfig>>>>,
}

/// The files of a certificate chain and of its key.
#[derive(Debug, Clone)]
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
}

/// What is asked of clients.
#[derive(Debug, Clone)]
enum Clients {
    Anyone,
    Optional(PathBuf),
    Required(PathBuf),
}

impl ServerTls {
    /// With the certificate chain of one PEM file, the server's own first, and the key of another.
    pub fn pem(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        ServerTls {
            identity: Identity { certificate: certificate.into(), key: key.into() },
            named: Vec::new(),
            clients: Clients::Anyone,
            alpn: Vec::new(),
            min_version: Version::Tls12,
            handshake_timeout: Duration::from_secs(10),
            reload_on_change: None,
            current: Arc::default(),
        }
    }

    /// Shows another certificate to clients that ask for the server by this name (SNI), such as
    /// `api.example.org` or `*.example.org`, which stands for one label. Case does not matter, and a whole
    /// name goes before one with a star. Who asks for none, or for a name that is not here, is shown the
    /// certificate of [`pem`](ServerTls::pem).
    ///
    /// The start fails when the certificate is not good for the name.
    ///
    /// ```
    /// use mainspring_service::net::tls::ServerTls;
    ///
    /// let tls = ServerTls::pem("example.pem", "example-key.pem")
    ///     .certificate_for("api.example.org", "api.pem", "api-key.pem")
    ///     .certificate_for("*.shop.example.org", "shops.pem", "shops-key.pem");
    /// # let _ = tls;
    /// ```
    pub fn certificate_for(
        mut self,
        name: impl Into<String>,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.named.push((name.into(), Identity { certificate: certificate.into(), key: key.into() }));
        self
    }

    /// Takes only clients with a certificate that an authority of this PEM file has signed.
    pub fn require_client_certificate(mut self, authorities: impl Into<PathBuf>) -> Self {
        self.clients = Clients::Required(authorities.into());
        self
    }

    /// Checks a client's certificate if it shows one. A wrong one fails the handshake; the handler sees
    /// by [`Connection::certificate`](crate::net::Connection::certificate) whether there was one.
    pub fn accept_client_certificate(mut self, authorities: impl Into<PathBuf>) -> Self {
        self.clients = Clients::Optional(authorities.into());
        self
    }

    /// The protocols spoken inside, the best first (ALPN). A client that names others only is refused; one
    /// that names none is not. Default: none.
    pub fn alpn<P: AsRef<[u8]>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols.into_iter().map(|protocol| protocol.as_ref().to_vec()).collect();
        self
    }

    /// The oldest version it speaks. Default: [`Version::Tls12`].
    pub fn min_version(mut self, version: Version) -> Self {
        self.min_version = version;
        self
    }

    /// How long a client may take for the handshake. Default: 10 s.
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    /// Looks this often whether a file has changed, and loads them again then. Default: never.
    pub fn reload_on_change(mut self, every: Duration) -> Self {
        self.reload_on_change = Some(every);
        self
    }

    /// The handle that loads the files again.
    #[must_use]
    pub fn reload(&self) -> Reload {
        Reload::new(self.clone())
    }

    /// Loads the files, and begins to watch them if it was asked to.
    pub(in crate::net) async fn start(&self, cx: &Context) -> Result<Acceptor> {
        let (tls, reload) = (self.clone(), self.reload());
        // Before they are loaded, so that no change can fall between.
        let seen = reload.stamps().await;
        let config = threaded(move || tls.load(Expired::Warn)).await??;
        self.put(config);
        if let Some(every) = self.reload_on_change {
            cx.background(reload.watch(seen, every)).detach();
        }
        Ok(Acceptor { tls: self.clone() })
    }

    pub(super) fn put(&self, config: ServerConfig) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(config));
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let clients = match &self.clients {
            Clients::Anyone => None,
            Clients::Optional(path) | Clients::Required(path) => Some(path),
        };
        let identities = std::iter::once(&self.identity).chain(self.named.iter().map(|(_, named)| named));
        let identities = identities.flat_map(|identity| [&identity.certificate, &identity.key]);
        identities.chain(clients).map(PathBuf::as_path)
    }

    /// Reads the files; blocks.
    pub(super) fn load(&self, expired: Expired) -> Result<ServerConfig> {
        let mut names = Names::new(self.identity.load(expired)?);
        for (name, identity) in &self.named {
            let key = identity.load(expired)?;
            identity.check_name(&key, name)?;
            names.insert(name, key);
        }
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(self.min_version.and_later())?
            .with_client_cert_verifier(self.verifier()?);
        let mut config = builder.with_cert_resolver(Arc::new(names));
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(config)
    }

    fn verifier(&self) -> Result<Arc<dyn ClientCertVerifier>> {
        let (path, required) = match &self.clients {
            Clients::Anyone => return Ok(Arc::new(NoClientAuth)),
            Clients::Optional(path) => (path, false),
            Clients::Required(path) => (path, true),
        };
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities(path)?), provider());
        let builder = if required { builder } else { builder.allow_unauthenticated() };
        builder.build().map_err(|error| format!("cannot trust {}: {error}", path.display()).into())
    }
}

impl Identity {
    /// Reads the files; blocks.
    fn load(&self, expired: Expired) -> Result<Arc<CertifiedKey>> {
        let chain = certificates(&self.certificate)?;
        self.check_time(&chain[0], expired)?;
        let certified = CertifiedKey::from_der(chain, key(&self.key)?, &provider()).map_err(|error| {
            let (certificate, key) = (self.certificate.display(), self.key.display());
            format!("cannot use the certificate of {certificate} with the key of {key}: {error}")
        })?;
        Ok(Arc::new(certified))
    }

    /// A server that starts with an expired certificate is of some use; to change to one is a mistake.
    fn check_time(&self, leaf: &[u8], expired: Expired) -> Result {
        let path = self.certificate.display();
        let Some(validity) = Validity::of(leaf) else {
            return Err(format!("the first certificate in {path} cannot be read").into());
        };
        match (validity.check(UnixTime::now()), expired) {
            (Ok(()), _) => Ok(()),
            (Err(untimely), Expired::Refuse) => Err(format!("the certificate in {path} {untimely}").into()),
            (Err(untimely), Expired::Warn) => {
                warn(&self.certificate, untimely);
                Ok(())
            }
        }
    }

    /// A client would refuse a certificate that is of another name.
    fn check_name(&self, key: &CertifiedKey, name: &str) -> Result {
        // The star itself is not a name that can be asked for: any label in its place can.
        let asked = name.strip_prefix("*.").map_or_else(|| name.to_owned(), |rest| format!("any.{rest}"));
        let asked = ServerName::try_from(asked)
            .map_err(|_| format!("`{name}` is no name that a client can ask for"))?;
        let path = self.certificate.display();
        let leaf = key.end_entity_cert().and_then(ParsedCertificate::try_from);
        leaf.and_then(|leaf| verify_server_name(&leaf, &asked))
            .map_err(|error| format!("the certificate in {path} is not for `{name}`: {error}").into())
    }
}

fn warn(path: &Path, untimely: Untimely) {
    tracing::warn!(path = %path.display(), "the certificate {untimely}; clients will refuse it");
}

/// What to do with a certificate whose time is over, or has not come.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expired {
    Warn,
    Refuse,
}

/// Shakes hands with what the current certificate is.
#[derive(Debug, Clone)]
pub(in crate::net) struct Acceptor {
    tls: ServerTls,
}

impl Acceptor {
    pub(in crate::net) async fn accept(&self, wire: Wire) -> Result<Encrypted> {
        let config = self.tls.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let config = config.ok_or_else(|| BoxError::from("no certificate is loaded"))?;
        let limit = self.tls.handshake_timeout;
        match tokio::time::timeout(limit, TlsAcceptor::from(config).accept(wire.into())).await {
            Ok(accepted) => Ok(Encrypted::new(accepted?)),
            Err(_) => Err(format!("the client did not finish it within {limit:?}").into()),
        }
    }
}
