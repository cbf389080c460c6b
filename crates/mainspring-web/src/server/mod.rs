//! The server: the engine, an app and a socket joined together.
//!
//! A connection is one task. Its pure half ([`exchange`]) decodes what is in the read buffer, calls handlers
//! and encodes their answers into one buffer; its other half ([`connection`]) reads, writes and watches
//! the time. All requests that arrived together are answered with one write. Each half is a state machine, so that
//! both directions of the socket, the handler and its answer's stream go on side by side:
//!
//! * [`stage`] has the names of how far a request has come;
//! * [`intake`] moves a body that did not come with its head to its reader, through a bounded pipe;
//! * [`answer`] moves the stream of an answer to the [`output`], or has the [`transport`] send a file;
//! * [`patience`] knows until when the next byte must come, and go;
//! * [`farewell`] ends the connection so that the last answer is seen.
//!
//! An idle connection has no [buffers].
//!
//! Time is coarse: one clock per server ([`clock`]) ticks four times a second and renders the `date` line; a
//! connection has one timer, which is moved only when it fires or a nearer deadline comes up.

mod answer;
mod buffers;
mod clock;
mod connection;
mod drain;
mod exchange;
mod farewell;
mod http_server;
mod intake;
mod output;
mod patience;
mod stage;
#[cfg(test)]
mod tests;
mod timeouts;
mod transport;
mod watch;

pub(crate) use exchange::Site;
pub use http_server::HttpServer;
pub use timeouts::Timeouts;
