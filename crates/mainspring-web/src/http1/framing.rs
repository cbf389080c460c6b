//! What the headers say about the message: where its body ends, whether the connection stays, who is asked.

use http::StatusCode;

use super::head::{Span, Version};
use super::refusal::Refusal;
use super::target::is_host;

/// What a walk over the headers has found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Framing {
    /// The declared length, if there is the flag for it, else 0.
    pub(super) length: u64,
    pub(super) content_type: Span,
    flags: u16,
}

/// What was seen among the headers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Flag {
    Host = 1,
    Length = 1 << 1,
    Chunked = 1 << 2,
    Close = 1 << 3,
    KeepAlive = 1 << 4,
    Expect = 1 << 5,
    /// `Connection` names the option.
    Upgrade = 1 << 6,
    /// `Upgrade` names a protocol.
    Protocol = 1 << 7,
    /// `TE` says that trailers are taken.
    Trailers = 1 << 8,
}

impl Framing {
    #[inline(always)]
    pub(super) fn has(&self, flag: Flag) -> bool {
        self.flags & flag as u16 != 0
    }

    #[inline(always)]
    pub(super) fn set(&mut self, flag: Flag) {
        self.flags |= flag as u16;
    }

    /// Takes one header into account; `at` is where its value starts in the head. The name is a token, and no
    /// white space stands before the value.
    #[inline(always)]
    pub(super) fn header(&mut self, name: &[u8], value: &[u8], at: usize) -> Result<(), Refusal> {
        // The length of the name rules out nearly all headers with one comparison.
        match name.len() {
            2 if is(name, b"te") => {
                self.te(value);
                Ok(())
            }
            4 if is(name, b"host") => self.host(value.trim_ascii_end()),
            6 if is(name, b"expect") => self.expect(value.trim_ascii_end()),
            7 if is(name, b"upgrade") => {
                if !value.is_empty() {
                    self.set(Flag::Protocol);
                }
                Ok(())
            }
            10 if is(name, b"connection") => {
                self.connection(value.trim_ascii_end());
                Ok(())
            }
            12 if is(name, b"content-type") => {
                self.content_type = Span::new(at, at + value.trim_ascii_end().len());
                Ok(())
            }
            14 if is(name, b"content-length") => self.content_length(value.trim_ascii_end()),
            17 if is(name, b"transfer-encoding") => self.transfer_encoding(value.trim_ascii_end()),
            _ => Ok(()),
        }
    }

    /// Checks what only all headers together can show.
    #[inline(always)]
    pub(super) fn finish(&self, version: Version) -> Result<(), Refusal> {
        if !self.has(Flag::Host) && version == Version::Http11 {
            return Err(Refusal::bad("the Host header is missing"));
        }
        if self.has(Flag::Chunked) && self.has(Flag::Length) {
            return Err(Refusal::bad("both Content-Length and Transfer-Encoding are given"));
        }
        if self.has(Flag::Chunked) && version == Version::Http10 {
            return Err(Refusal::bad("Transfer-Encoding does not exist in HTTP/1.0"));
        }
        Ok(())
    }

    fn host(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.has(Flag::Host) {
            return Err(Refusal::bad("the Host header is given twice"));
        }
        self.set(Flag::Host);
        if value.is_empty() || is_host(value) {
            Ok(())
        } else {
            Err(Refusal::bad("the Host header is no host"))
        }
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for member in members(value).filter(|member| !member.is_empty()) {
            if !member.eq_ignore_ascii_case(b"100-continue") {
                let reason = "the only known expectation is 100-continue";
                return Err(Refusal::new(StatusCode::EXPECTATION_FAILED, reason));
            }
            self.set(Flag::Expect);
        }
        Ok(())
    }

    fn connection(&mut self, value: &[u8]) {
        for option in members(value) {
            match option.len() {
                5 if option.eq_ignore_ascii_case(b"close") => self.set(Flag::Close),
                7 if option.eq_ignore_ascii_case(b"upgrade") => self.set(Flag::Upgrade),
                10 if option.eq_ignore_ascii_case(b"keep-alive") => self.set(Flag::KeepAlive),
                _ => {}
            }
        }
    }

    fn te(&mut self, value: &[u8]) {
        if members(value).any(|coding| coding.eq_ignore_ascii_case(b"trailers")) {
            self.set(Flag::Trailers);
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.has(Flag::Length) {
            return Err(Refusal::bad("Content-Length is given twice"));
        }
        if value.is_empty() {
            return Err(Refusal::bad("Content-Length is empty"));
        }
        let mut length: u64 = 0;
        for byte in value {
            if !byte.is_ascii_digit() {
                return Err(Refusal::bad("Content-Length is not digits only"));
            }
            // Far below what 64 bits hold, so that one comparison stands for two checked operations.
            if length > u64::MAX / 16 {
                return Err(Refusal::bad("Content-Length is too large to be a number"));
            }
            length = length * 10 + u64::from(byte - b'0');
        }
        self.set(Flag::Length);
        self.length = length;
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.has(Flag::Chunked) {
            return Err(Refusal::bad("Transfer-Encoding is given twice"));
        }
        if value.eq_ignore_ascii_case(b"chunked") {
            self.set(Flag::Chunked);
            return Ok(());
        }
        Err(unknown_coding(value))
    }
}

/// Why a transfer coding is none that this server speaks.
#[cold]
fn unknown_coding(value: &[u8]) -> Refusal {
    let (mut count, mut last) = (0, false);
    for coding in members(value) {
        if coding.is_empty() {
            return Refusal::bad("Transfer-Encoding names nothing");
        }
        last = coding.eq_ignore_ascii_case(b"chunked");
        count += usize::from(last);
    }
    if count > 1 || (count == 1 && !last) {
        return Refusal::bad("chunked must be the last transfer coding, and stand there once");
    }
    Refusal::new(StatusCode::NOT_IMPLEMENTED, "the only known transfer coding is chunked")
}

pub(super) const TOO_LARGE: Refusal =
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit");

/// The members of a list (RFC 9110 §5.6.1), some of which may be empty.
pub(crate) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Whether a token is this name, which is written in small letters.
#[inline(always)]
fn is<const LENGTH: usize>(name: &[u8], small: &[u8; LENGTH]) -> bool {
    let Ok(name) = <&[u8; LENGTH]>::try_from(name) else { return false };
    // The bit makes small letters of great ones; of no other byte of a token does it make a letter or a hyphen.
    name.iter().zip(small).fold(0, |odd, (byte, small)| odd | ((byte | 0x20) ^ small)) == 0
}
