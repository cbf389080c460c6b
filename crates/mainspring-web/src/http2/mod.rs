//! HTTP/2 (RFC 9113): framing, flow control and header compression by the `h2` crate, the rest as for HTTP/1.1.
//!
//! A connection is one task that reads and writes frames; every stream is a task of its own that calls the
//! handler and sends its answer. Requests become the same [`Request`](crate::Request)s, so handlers do not know
//! the version unless they ask.
//!
//! Spoken with clients that choose `h2` by ALPN, and over plain connections that begin with HTTP/2's preface
//! ("prior knowledge"). The obsolete upgrade from HTTP/1.1 is not answered.
//!
//! # What is refused
//!
//! Streams that are opened and reset at once (rapid reset, CVE-2023-44487), header blocks that never end
//! (CONTINUATION flood), resets provoked from this side (CVE-2025-8671), pings and settings without bound: the
//! connection is ended with `ENHANCE_YOUR_CALM`. A connection reads at most 32 KiB of frames before the other
//! tasks of its thread have their turn. [`Limits`](crate::Limits) and
//! [`Timeouts`](crate::Timeouts) hold for each stream as for each HTTP/1.1 request.

mod answer;
mod connection;
mod incoming;
mod stream;
mod turn;

pub(crate) use connection::serve;
