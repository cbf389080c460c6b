use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::BoxError;

/// Handed to rustls explicitly: what else the process does with rustls does not change it.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The certificates of a PEM file, the one that stands first first.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, BoxError> {
    let pem = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found =
        found.map_err(|error| format!("cannot read the certificates in {}: {error}", path.display()))?;
    if found.is_empty() {
        return Err(format!("there is no certificate in {}", path.display()).into());
    }
    Ok(found)
}

pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, BoxError> {
    PrivateKeyDer::from_pem_slice(&read(path)?)
        .map_err(|error| format!("cannot read the private key in {}: {error}", path.display()).into())
}

/// The certificates of a PEM file, as ones to trust.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, BoxError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| format!("cannot trust a certificate in {}: {error}", path.display()))?;
    }
    Ok(roots)
}

/// What the system trusts.
pub(super) fn system_authorities() -> Result<RootCertStore, BoxError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Systems carry odd ones that nobody needs; that none is left is an error.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(": {error}"));
        return Err(format!("the system has no certificates to trust{why}").into());
    }
    Ok(roots)
}

fn read(path: &Path) -> Result<Vec<u8>, BoxError> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}
