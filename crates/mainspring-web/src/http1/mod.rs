//! The HTTP/1.1 engine: a state machine over bytes, without sockets and clocks.
//!
//! A [`Decoder`] eats the bytes of one connection and yields request [`Head`]s and [`Piece`]s of their
//! bodies; `encode` writes answers. Whoever owns the socket and the clock (the server of this crate, a test,
//! a fuzzer) calls them in turn: head, then body pieces until the end, then the next head.
//!
//! # What is refused
//!
//! RFC 9110 and 9112 to the letter where a lenient reader could disagree with the next one in the chain:
//! a line that ends in a bare LF, folded headers, white space before the colon, control bytes in a value,
//! a `Content-Length` that is not digits only or is given twice or stands beside `Transfer-Encoding`, any
//! transfer coding but `chunked`, `Transfer-Encoding` in HTTP/1.0, a missing or repeated `Host` in HTTP/1.1, a
//! `Host` that is no host, a target that `http::Uri` would not take. A [`Refusal`] carries the status to answer
//! with; the connection ends after it. It does not matter how the bytes are cut on their way: each is judged
//! once, in order, and the first that cannot be right decides.
//!
//! # Cost
//!
//! No allocation per header and none per request: a head is a slice of the read buffer, and a header is
//! looked for only when somebody asks. A body that arrived whole is a slice of the read buffer too. A head that
//! is there as a whole is parsed in one pass (`parse`); one that comes in parts goes step by step (`progress`),
//! so a client that sends a byte at a time costs no more than its bytes.

mod body;
mod decoder;
mod encoder;
mod fields;
mod framing;
mod head;
mod limits;
mod parse;
mod preface;
mod progress;
mod refusal;
mod scan;
mod target;
mod trailers;

pub use body::Piece;
pub use decoder::{Decoder, Expect, Incoming};
pub use fields::Fields;
pub use head::{Head, Version};
pub use limits::Limits;
pub use preface::Preface;
pub use refusal::Refusal;
pub use trailers::Trailers;

pub(crate) use encoder::{CONTINUE, Coding, Connection, DateLine, encode};
pub(crate) use fields::{is_token, is_value};
pub(crate) use framing::members;
pub(crate) use head::{Span, Target};
