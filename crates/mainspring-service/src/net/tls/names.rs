use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The certificates of one server, and which of them a client is shown.
#[derive(Debug)]
pub(super) struct Names {
    /// By the name a client asks for, in lower case; `*.example.org` stands for one label before it.
    named: HashMap<String, Arc<CertifiedKey>>,
    /// For clients that ask for no name, or for another.
    default: Arc<CertifiedKey>,
}

impl Names {
    pub(super) fn new(default: Arc<CertifiedKey>) -> Self {
        Names { named: HashMap::new(), default }
    }

    pub(super) fn insert(&mut self, name: &str, key: Arc<CertifiedKey>) {
        self.named.insert(name.to_ascii_lowercase(), key);
    }

    fn find(&self, name: &str) -> &Arc<CertifiedKey> {
        let name = name.to_ascii_lowercase();
        let wildcard = || self.named.get(&format!("*.{}", name.split_once('.')?.1));
        self.named.get(&name).or_else(wildcard).unwrap_or(&self.default)
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(client.server_name().map_or(&self.default, |name| self.find(name))))
    }
}
