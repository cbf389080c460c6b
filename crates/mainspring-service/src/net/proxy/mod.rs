//! The PROXY protocol, by which a load balancer tells for whom it connects.
//!
//! Both versions are read: the line of text (v1) and the binary header (v2). The parser sees bytes only
//! and says how many more it surely needs, so nothing behind the header is ever read.

mod header;
mod network;
mod protocol;

pub use network::{Network, ParseNetworkError};
pub use protocol::ProxyProtocol;
