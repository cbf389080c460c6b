//! The first bytes of a connection that speaks HTTP/2 from the start.

/// Whether a connection begins with the preface of HTTP/2 (RFC 9113 §3.4).
///
/// A client that knows that a server speaks HTTP/2 sends it before anything else, on a port without TLS too.
/// Look before the first request is decoded; nothing is taken from the buffer.
///
/// # Examples
///
/// ```
/// use mainspring_web::http1::Preface;
///
/// assert_eq!(Preface::of(b"GET / HTTP/1.1\r\n"), Preface::Absent);
/// assert_eq!(Preface::of(b"PRI * HT"), Preface::Partial);
/// assert_eq!(Preface::of(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0"), Preface::Whole);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preface {
    /// These bytes cannot become one.
    Absent,
    /// These bytes may become one: read more. No bytes at all may, too.
    Partial,
    /// It is there, and the frames of HTTP/2 follow.
    Whole,
}

impl Preface {
    /// The bytes of the preface.
    pub const BYTES: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    /// What the first bytes of a connection are.
    #[inline]
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(Self::BYTES) {
            Self::Whole
        } else if Self::BYTES.starts_with(bytes) {
            Self::Partial
        } else {
            Self::Absent
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_it_may_become_one() {
        for length in 0..Preface::BYTES.len() {
            assert_eq!(Preface::of(&Preface::BYTES[..length]), Preface::Partial, "{length}");
        }
        assert_eq!(Preface::of(Preface::BYTES), Preface::Whole);
    }

    #[test]
    fn a_single_other_byte_rules_it_out() {
        for at in 0..Preface::BYTES.len() {
            let mut bytes = *Preface::BYTES;
            bytes[at] ^= 1;
            assert_eq!(Preface::of(&bytes), Preface::Absent, "{at}");
            assert_eq!(Preface::of(&bytes[..=at]), Preface::Absent, "{at}");
        }
    }
}
