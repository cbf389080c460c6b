use rustls::{ProtocolVersion, SupportedProtocolVersion, version};

/// A version of TLS. Older ones than these are not spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// TLS 1.2, the least by default.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Version {
    pub(in crate::net) fn of(version: ProtocolVersion) -> Option<Self> {
        match version {
            ProtocolVersion::TLSv1_2 => Some(Version::Tls12),
            ProtocolVersion::TLSv1_3 => Some(Version::Tls13),
            _ => None,
        }
    }

    /// The versions from this one on.
    pub(super) fn and_later(self) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];
        match self {
            Version::Tls12 => &BOTH,
            Version::Tls13 => &BOTH[..1],
        }
    }
}
