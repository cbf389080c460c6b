//! HTTP/2 over real sockets: the client of the `h2` crate, curl, and clients that mean harm.

mod grpc;
mod hostile;
mod requests;
mod secure;
mod support;
