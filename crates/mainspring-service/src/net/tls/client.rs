use std::path::PathBuf;
use std::sync::Arc;

use mainspring_task::threaded;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::files::{authorities, certificates, key, provider, system_authorities};
use super::{Encrypted, Version};
use crate::Result;
use crate::net::wire::Wire;

/// How a client speaks TLS: whom it trusts, and what it shows of itself.
///
/// By default it trusts whom the system trusts, asks for the server by the host it connects to, speaks TLS
/// 1.2 and 1.3, shows no certificate and offers no protocol (ALPN).
///
/// ```
/// use mainspring_service::net::tls::ClientTls;
///
/// let tls = ClientTls::new().authorities("ca.pem").certificate("client.pem", "client-key.pem");
/// # let _ = tls;
/// ```
#[derive(Debug, Clone)]
#[must_use = "it does nothing until a client has it"]
pub struct ClientTls {
    authorities: Option<PathBuf>,
    certificate: Option<(PathBuf, PathBuf)>,
    server_name: Option<String>,
    alpn: Vec<Vec<u8>>,
    min_version: Version,
}

impl ClientTls {
    /// The defaults.
    pub fn new() -> Self {
        ClientTls {
            authorities: None,
            certificate: None,
            server_name: None,
            alpn: Vec::new(),
            min_version: Version::Tls12,
        }
    }

    /// Trusts the authorities of this PEM file, and no others.
    pub fn authorities(mut self, path: impl Into<PathBuf>) -> Self {
        self.authorities = Some(path.into());
        self
    }

    /// Shows the certificate chain of one PEM file, with the key of another, to a server that asks.
    pub fn certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificate = Some((certificate.into(), key.into()));
        self
    }

    /// The name that the server's certificate must have. Default: the host of the address.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// The protocols spoken inside, the best first (ALPN). Default: none.
    pub fn alpn<P: AsRef<[u8]>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols.into_iter().map(|protocol| protocol.as_ref().to_vec()).collect();
        self
    }

    /// The oldest version it speaks. Default: [`Version::Tls12`].
    pub fn min_version(mut self, version: Version) -> Self {
        self.min_version = version;
        self
    }

    /// Loads the files once, for all connections to an address.
    pub(in crate::net) async fn start(&self, address: &str) -> Result<Dialer> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = self.server_name.as_deref().unwrap_or(host).to_owned();
        let name = ServerName::try_from(name.clone())
            .map_err(|_| format!("`{name}` is no name that a certificate can have"))?;
        let tls = self.clone();
        let config = threaded(move || tls.load()).await??;
        Ok(Dialer { name, connector: Arc::new(config).into() })
    }

    /// Reads the files; blocks.
    fn load(&self) -> Result<ClientConfig> {
        let roots = match &self.authorities {
            Some(path) => authorities(path)?,
            None => system_authorities()?,
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(self.min_version.and_later())?
            .with_root_certificates(roots);
        let mut config = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some((certificate, path)) => {
                let shown = (certificate.display(), path.display());
                builder.with_client_auth_cert(certificates(certificate)?, key(path)?).map_err(|error| {
                    format!("cannot use the certificate of {} with the key of {}: {error}", shown.0, shown.1)
                })?
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(config)
    }
}

impl Default for ClientTls {
    fn default() -> Self {
        ClientTls::new()
    }
}

/// Shakes hands with one server.
#[derive(Clone)]
pub(in crate::net) struct Dialer {
    name: ServerName<'static>,
    connector: TlsConnector,
}

impl Dialer {
    pub(in crate::net) async fn connect(&self, wire: Wire) -> Result<Encrypted> {
        Ok(Encrypted::new(self.connector.connect(self.name.clone(), wire.into()).await?))
    }
}
