use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// The proxy speaks for itself or does not know for whom, or speaks for a client without an IP
    /// address.
    Unknown,
    Client {
        source: SocketAddr,
        destination: SocketAddr,
    },
}

/// How far the parser has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// At least so many more bytes belong to the header.
    Need(usize),
    Done(Header),
}

/// Why bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

const V1: &[u8] = b"PROXY ";
/// The longest line the protocol allows, with its end.
const V1_LONGEST: usize = 107;
/// The shortest: `PROXY UNKNOWN` and the line's end.
const V1_SHORTEST: usize = 15;
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V2_FIXED: usize = 16;
/// Most that a header may carry; additions (TLVs) are rarely longer than a hundred bytes.
const V2_LONGEST: usize = 4096;

/// Looks at all that has been read so far. Never given more than it asked for.
pub(super) fn parse(bytes: &[u8]) -> Result<Progress, Malformed> {
    let starts = |signature: &[u8]| {
        let length = bytes.len().min(signature.len());
        bytes[..length] == signature[..length]
    };
    if starts(V1) {
        text(bytes)
    } else if starts(V2) {
        binary(bytes)
    } else {
        Err(Malformed("there is none"))
    }
}

fn text(bytes: &[u8]) -> Result<Progress, Malformed> {
    let Some(line) = bytes.strip_suffix(b"\r\n") else {
        if bytes.len() >= V1_LONGEST {
            return Err(Malformed("the line is too long"));
        }
        if bytes.iter().rev().skip(1).any(|&byte| matches!(byte, b'\r' | b'\n')) || bytes.ends_with(b"\n") {
            return Err(Malformed("the line ends wrong"));
        }
        let end = if bytes.ends_with(b"\r") { 1 } else { 2 };
        // Past the limit by one at most, where the check above ends it.
        return Ok(Progress::Need(V1_SHORTEST.saturating_sub(bytes.len()).max(end)));
    };
    let line = std::str::from_utf8(line).map_err(|_| Malformed("the line is no text"))?;
    let mut words = line.split(' ').skip(1);
    let v6 = match words.next() {
        Some("UNKNOWN") => return Ok(Progress::Done(Header::Unknown)),
        Some("TCP4") => false,
        Some("TCP6") => true,
        _ => return Err(Malformed("the protocol is neither TCP4, TCP6 nor UNKNOWN")),
    };
    let words: Vec<_> = words.collect();
    let [source, destination, source_port, destination_port] = words[..] else {
        return Err(Malformed("the line has not six words"));
    };
    let source = SocketAddr::new(address(source, v6)?, port(source_port)?);
    let destination = SocketAddr::new(address(destination, v6)?, port(destination_port)?);
    Ok(Progress::Done(Header::Client { source, destination }))
}

fn address(word: &str, v6: bool) -> Result<IpAddr, Malformed> {
    let address: IpAddr = word.parse().map_err(|_| Malformed("an address is none"))?;
    if address.is_ipv6() == v6 { Ok(address) } else { Err(Malformed("an address is of the other family")) }
}

fn port(word: &str) -> Result<u16, Malformed> {
    // `parse` alone would take a plus sign.
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let port = word.parse().ok().filter(|_| digits && (word == "0" || !word.starts_with('0')));
    port.ok_or(Malformed("a port is none"))
}

fn binary(bytes: &[u8]) -> Result<Progress, Malformed> {
    let Some((fixed, body)) = bytes.split_at_checked(V2_FIXED) else {
        return Ok(Progress::Need(V2_FIXED - bytes.len()));
    };
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > V2_LONGEST {
        return Err(Malformed("it is longer than 4096 bytes"));
    }
    let local = match fixed[12] {
        0x20 => true,
        0x21 => false,
        _ => return Err(Malformed("its version or command is unknown")),
    };
    if body.len() < length {
        return Ok(Progress::Need(length - body.len()));
    }
    if local {
        return Ok(Progress::Done(Header::Unknown));
    }
    // The high half is the family, the low one the transport.
    match fixed[13] {
        0x11 | 0x12 => addresses::<4>(body),
        0x21 | 0x22 => addresses::<16>(body),
        0x00 | 0x31 | 0x32 => Ok(Progress::Done(Header::Unknown)),
        _ => Err(Malformed("its address family is unknown")),
    }
}

/// Two addresses of so many bytes, and two ports; additions behind them are passed over.
fn addresses<const SIZE: usize>(body: &[u8]) -> Result<Progress, Malformed> {
    let short = Malformed("its addresses are cut short");
    let (source, rest) = body.split_first_chunk::<SIZE>().ok_or(short)?;
    let (destination, rest) = rest.split_first_chunk::<SIZE>().ok_or(short)?;
    let (ports, _) = rest.split_first_chunk::<4>().ok_or(short)?;
    let [a, b, c, d] = *ports;
    let source = SocketAddr::new(ip(source), u16::from_be_bytes([a, b]));
    let destination = SocketAddr::new(ip(destination), u16::from_be_bytes([c, d]));
    Ok(Progress::Done(Header::Client { source, destination }))
}

fn ip(bytes: &[u8]) -> IpAddr {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Ipv4Addr::from(bytes).into();
    }
    let mut whole = [0; 16];
    whole.copy_from_slice(bytes);
    Ipv6Addr::from(whole).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds exactly what is asked for; gives the header and how much of the input it took.
    fn read(input: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
        let mut taken = 0;
        loop {
            match parse(&input[..taken])? {
                Progress::Done(header) => return Ok(Some((header, taken))),
                Progress::Need(more) if taken + more <= input.len() => taken += more,
                Progress::Need(_) => return Ok(None),
            }
        }
    }

    fn client(source: &str, destination: &str) -> Header {
        Header::Client { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [V2, &[command, family], &length, body].concat()
    }

    #[test]
    fn a_line_of_text_is_read_and_nothing_behind_it() {
        for (line, expected) in [
            ("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", client("192.0.2.1:56324", "192.0.2.2:443")),
            ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", client("1.2.3.4:1", "5.6.7.8:2")),
            ("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", client("[2001:db8::1]:1", "[::1]:65535")),
            ("PROXY UNKNOWN\r\n", Header::Unknown),
            ("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", Header::Unknown),
        ] {
            let input = [line.as_bytes(), b"G\r\n\r\n"].concat();
            assert_eq!(read(&input), Ok(Some((expected, line.len()))), "{line}");
        }
    }

    #[test]
    fn a_malformed_line_is_refused() {
        for line in [
            "GET / HTTP/1.1\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
            "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
            "PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n",
            "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
            "PROXY TCP4 1.2.3.4\n5.6.7.8 1 2\r\n",
            "PROXY TCP4 1.2.3.4\r5.6.7.8 1 2\r\n",
        ] {
            assert!(read(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_at_its_limit() {
        let line = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
        assert_eq!(read(&line), Err(Malformed("the line is too long")));
    }

    #[test]
    fn a_binary_header_is_read_and_nothing_behind_it() {
        let v4 = [192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 0x04, 0x01, 0xbb];
        let mut v6 = [0; 36];
        (v6[15], v6[31], v6[33], v6[35]) = (1, 2, 3, 4);
        let with_tlv = [v4.as_slice(), &[0x04, 0, 1, 0]].concat();
        for (header, expected) in [
            (v2(0x21, 0x11, &v4), client("192.0.2.1:56324", "192.0.2.2:443")),
            (v2(0x21, 0x11, &with_tlv), client("192.0.2.1:56324", "192.0.2.2:443")),
            (v2(0x21, 0x21, &v6), client("[::1]:3", "[::2]:4")),
            (v2(0x20, 0x11, &v4), Header::Unknown),
            (v2(0x20, 0x00, &[]), Header::Unknown),
            (v2(0x21, 0x31, &[0; 216]), Header::Unknown),
        ] {
            let input = [&header[..], b"more"].concat();
            assert_eq!(read(&input), Ok(Some((expected, header.len()))));
        }
    }

    #[test]
    fn a_malformed_binary_header_is_refused() {
        assert!(read(&v2(0x11, 0x11, &[0; 12])).is_err(), "version 1");
        assert!(read(&v2(0x22, 0x11, &[0; 12])).is_err(), "command 2");
        assert!(read(&v2(0x21, 0x41, &[0; 12])).is_err(), "family 4");
        assert!(read(&v2(0x21, 0x11, &[0; 11])).is_err(), "cut short");
        assert!(read(&v2(0x21, 0x21, &[0; 35])).is_err(), "cut short");
    }

    #[test]
    fn an_oversized_binary_header_is_refused_before_it_is_read() {
        let header = v2(0x21, 0x11, &[0; 4097]);
        assert_eq!(parse(&header[..V2_FIXED]), Err(Malformed("it is longer than 4096 bytes")));
    }

    #[test]
    fn a_header_cut_anywhere_asks_for_more() {
        let line = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n".as_slice();
        let binary = v2(0x21, 0x11, &[7; 12]);
        for whole in [line, &binary] {
            for length in 0..whole.len() {
                let Progress::Need(more) = parse(&whole[..length]).unwrap() else {
                    panic!("done at {length}")
                };
                assert!(more > 0 && length + more <= whole.len(), "{length} + {more}");
            }
        }
    }
}
