//! What a connection yields, written so that two outcomes can be compared.

use std::fmt;

use bytes::BytesMut;
use mainspring_web::http1::{Decoder, Expect, Incoming, Limits, Piece, Refusal, Version};

/// A request that arrived whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) incoming: Incoming,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, Vec<u8>)>,
}

/// All that a connection yields.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) served: Vec<Served>,
    pub(crate) refusal: Option<Refusal>,
    /// What is missing at the end.
    pub(crate) waiting: Option<&'static str>,
}

/// Feeds the parts one after the other to a decoder, as a server reads them.
///
/// # Panics
///
/// When the decoder loses or changes a byte that it has not taken.
pub(crate) fn serve(parts: &[&[u8]], limits: Limits) -> Outcome {
    let mut outcome = Outcome::default();
    let mut decoder = Decoder::new(limits);
    let mut at_work = None;
    let mut input = Vec::new();
    let mut buffer = BytesMut::new();
    for part in parts {
        input.extend_from_slice(part);
        buffer.extend_from_slice(part);
        if let Err(refusal) = drain(&mut decoder, &mut buffer, &input, &mut at_work, &mut outcome) {
            outcome.refusal = Some(refusal);
            return outcome;
        }
    }
    outcome.waiting = match at_work {
        Some(_) => Some("body"),
        None if buffer.is_empty() => None,
        None => Some("head"),
    };
    outcome
}

/// Decodes all that is there.
fn drain(
    decoder: &mut Decoder,
    buffer: &mut BytesMut,
    input: &[u8],
    at_work: &mut Option<(Incoming, Vec<u8>)>,
    outcome: &mut Outcome,
) -> Result<(), Refusal> {
    loop {
        let Some((_, body)) = at_work else {
            match decoder.head(buffer)? {
                Some(incoming) => *at_work = Some((incoming, Vec::new())),
                None => return Ok(()),
            }
            assert!(input.ends_with(buffer), "the head took more than itself");
            continue;
        };
        match decoder.body(buffer)? {
            Some(Piece::Data(piece)) => {
                // What stands before a piece of a chunked body is the chunk's size.
                let end = input.len() - buffer.len();
                assert_eq!(&piece, &input[end - piece.len()..end], "bytes of the body are changed");
                body.extend_from_slice(&piece);
            }
            Some(Piece::End) => {
                let trailers = decoder.trailers();
                let trailers =
                    trailers.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                let whole = at_work.take().map(|(incoming, body)| Served { incoming, body, trailers });
                outcome.served.extend(whole);
            }
            None => return Ok(()),
        }
        assert!(input.ends_with(buffer), "bytes behind the body are lost");
    }
}

/// `GET /path ?query 1.1 host=a {Name: value} body="…" trailers {Name: value} keep expect upgrade="…"`: the parts
/// that a request has, in this order.
impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Incoming { head, keep_alive, expect, .. } = &self.incoming;
        write!(f, "{} ", head.method())?;
        text(f, head.path().as_bytes())?;
        if let Some(query) = head.query() {
            f.write_str(" ?")?;
            text(f, query.as_bytes())?;
        }
        f.write_str(if head.version() == Version::Http10 { " 1.0" } else { " 1.1" })?;
        if let Some(host) = head.host() {
            write!(f, " host={host}")?;
        }
        fields(f, head.fields())?;
        if !self.body.is_empty() {
            f.write_str(" body=")?;
            text(f, &self.body)?;
        }
        if !self.trailers.is_empty() {
            f.write_str(" trailers")?;
            fields(f, self.trailers.iter().map(|(name, value)| (name.as_str(), value.as_slice())))?;
        }
        f.write_str(if *keep_alive { " keep" } else { " close" })?;
        if *expect == Expect::Continue {
            f.write_str(" expect")?;
        }
        head.upgrade().map_or(Ok(()), |protocol| write!(f, " upgrade={protocol}"))
    }
}

fn fields<'a>(f: &mut fmt::Formatter<'_>, fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> fmt::Result {
    for (name, value) in fields {
        write!(f, " {{{name}: ")?;
        text(f, value)?;
        f.write_str("}")?;
    }
    Ok(())
}

/// Escaped, and shortened where a byte is repeated many times.
fn text(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    match bytes {
        [first, second, .., last] if bytes.len() > 200 && second == last => {
            write!(f, "{}\\{{{}*{}}}", first.escape_ascii(), bytes.len() - 1, second.escape_ascii())
        }
        _ => write!(f, "{}", bytes.escape_ascii()),
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for served in &self.served {
            writeln!(f, "> {served}")?;
        }
        if let Some(refusal) = &self.refusal {
            writeln!(f, "! {} {}", refusal.status().as_u16(), refusal.reason())?;
        }
        self.waiting.map_or(Ok(()), |part| writeln!(f, "~ {part}"))
    }
}
