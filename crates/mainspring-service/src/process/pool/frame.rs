//! A frame: its length in four bytes, little-endian, and as many bytes of body. A body begins with
//! what it is, in one byte, and the number of the job, in eight.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::job_error::Kind;

pub(super) const LENGTH: usize = 4;
const HEAD: usize = 1 + 8;

/// What the parent tells a worker.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order {
    Run { id: u64, job: String, arguments: Vec<u8> },
    Cancel { id: u64 },
}

/// What a worker tells the parent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It takes orders.
    Ready,
    /// It cannot work, and ends.
    Refused(String),
    Done {
        id: u64,
        result: Result<Vec<u8>, Kind>,
    },
}

const RUN: u8 = b'R';
const CANCEL: u8 = b'C';
const READY: u8 = b'H';
const REFUSED: u8 = b'N';
const VALUE: u8 = b'V';
const FAILED: u8 = b'F';
const PANICKED: u8 = b'P';
const UNKNOWN: u8 = b'U';
const BAD_ARGUMENTS: u8 = b'A';
const BAD_VALUE: u8 = b'B';
const TOO_LARGE: u8 = b'L';

/// A frame in the making, with its head.
fn begin(tag: u8, id: u64) -> Vec<u8> {
    let mut frame = vec![0; LENGTH];
    frame.push(tag);
    frame.extend_from_slice(&id.to_le_bytes());
    frame
}

/// Writes the length that the frame has come to; an error is the size of what has no place.
fn seal(mut frame: Vec<u8>, limit: u32) -> Result<Vec<u8>, u64> {
    let size = (frame.len() - LENGTH) as u64;
    let length = u32::try_from(size).ok().filter(|length| *length <= limit).ok_or(size)?;
    frame[..LENGTH].copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

fn seal_short(frame: Vec<u8>) -> Vec<u8> {
    seal(frame, u32::MAX).expect("it is far shorter than a frame may be")
}

/// A job and its arguments as a frame.
pub(super) fn run<A: Serialize + ?Sized>(
    id: u64,
    job: &str,
    arguments: &A,
    limit: u32,
) -> Result<Vec<u8>, Kind> {
    let mut frame = begin(RUN, id);
    let name = u16::try_from(job.len()).map_err(|_| Kind::Unknown("shorter names".to_owned()))?;
    frame.extend_from_slice(&name.to_le_bytes());
    frame.extend_from_slice(job.as_bytes());
    write(&mut frame, arguments).map_err(Kind::Arguments)?;
    seal(frame, limit).map_err(|size| too_large("arguments", size, limit))
}

pub(super) fn cancel(id: u64) -> Vec<u8> {
    seal_short(begin(CANCEL, id))
}

pub(super) fn ready() -> Vec<u8> {
    seal_short(begin(READY, 0))
}

pub(super) fn refused(why: &str) -> Vec<u8> {
    let mut frame = begin(REFUSED, 0);
    frame.extend_from_slice(clip(why).as_bytes());
    seal_short(frame)
}

/// The value of a job, begun so that the value is encoded in its place.
pub(super) fn value<T: Serialize>(id: u64, value: &T, limit: u32) -> Result<Vec<u8>, Kind> {
    let mut frame = begin(VALUE, id);
    write(&mut frame, value).map_err(Kind::Value)?;
    seal(frame, limit).map_err(|size| too_large("results", size, limit))
}

pub(super) fn failure(id: u64, kind: &Kind) -> Vec<u8> {
    let (tag, text) = match kind {
        Kind::Failed(text) => (FAILED, text.clone()),
        Kind::Panicked(text) => (PANICKED, text.clone()),
        Kind::Unknown(text) => (UNKNOWN, text.clone()),
        Kind::Arguments(text) => (BAD_ARGUMENTS, text.clone()),
        Kind::Value(text) => (BAD_VALUE, text.clone()),
        Kind::TooLarge { size, .. } => (TOO_LARGE, size.to_string()),
        other => unreachable!("a worker never says {other:?}"),
    };
    let mut frame = begin(tag, id);
    frame.extend_from_slice(clip(&text).as_bytes());
    seal_short(frame)
}

/// Texts are for people: what goes beyond 16 KiB is left out, so that they always fit a frame.
fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(16 * 1024)]
}

/// The smallest limit that any text fits in.
pub(super) const SMALLEST_LIMIT: u32 = 32 * 1024;

fn too_large(what: &'static str, size: u64, limit: u32) -> Kind {
    Kind::TooLarge { what, size, limit: limit.into() }
}

/// Reads the body of a frame that came from the parent.
pub(super) fn order(body: &[u8]) -> io::Result<Order> {
    let (tag, id, rest) = split(body)?;
    match tag {
        RUN => {
            let (name, rest) = rest.split_at_checked(2).ok_or_else(cut)?;
            let name = usize::from(u16::from_le_bytes([name[0], name[1]]));
            let (name, arguments) = rest.split_at_checked(name).ok_or_else(cut)?;
            let job = String::from_utf8_lossy(name).into_owned();
            Ok(Order::Run { id, job, arguments: arguments.to_vec() })
        }
        CANCEL => Ok(Order::Cancel { id }),
        other => Err(strange(other)),
    }
}

/// Reads the body of a frame that came from a worker.
pub(super) fn answer(body: &[u8], limit: u32) -> io::Result<Answer> {
    let (tag, id, rest) = split(body)?;
    let text = || String::from_utf8_lossy(rest).into_owned();
    let result = match tag {
        READY => return Ok(Answer::Ready),
        REFUSED => return Ok(Answer::Refused(text())),
        VALUE => Ok(rest.to_vec()),
        FAILED => Err(Kind::Failed(text())),
        PANICKED => Err(Kind::Panicked(text())),
        UNKNOWN => Err(Kind::Unknown(text())),
        BAD_ARGUMENTS => Err(Kind::Arguments(text())),
        BAD_VALUE => Err(Kind::Value(text())),
        TOO_LARGE => Err(too_large("results", text().parse().unwrap_or(u64::MAX), limit)),
        other => return Err(strange(other)),
    };
    Ok(Answer::Done { id, result })
}

/// The length of the body that follows; an error when it is beyond the limit.
pub(super) fn length(bytes: [u8; LENGTH], limit: u32) -> io::Result<usize> {
    let length = u32::from_le_bytes(bytes);
    if length > limit {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a frame of {length} bytes, where {limit} are allowed"),
        ));
    }
    Ok(length as usize)
}

fn split(body: &[u8]) -> io::Result<(u8, u64, &[u8])> {
    let (head, rest) = body.split_at_checked(HEAD).ok_or_else(cut)?;
    let id = head[1..].try_into().expect("eight bytes are left of the head");
    Ok((head[0], u64::from_le_bytes(id), rest))
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame that is cut short")
}

fn strange(tag: u8) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a frame of an unknown kind, {tag}"))
}

/// Structs become maps, so that skipped, flattened and untagged fields work as in JSON.
fn write<T: Serialize + ?Sized>(frame: &mut Vec<u8>, value: &T) -> Result<(), String> {
    rmp_serde::encode::write_named(frame, value).map_err(|error| error.to_string())
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    rmp_serde::from_slice(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const LIMIT: u32 = 1 << 20;

    #[test]
    fn a_job_arrives_as_it_was_sent() {
        let arguments: BTreeMap<(u8, String), Option<f64>> = [((1, "ä".to_owned()), None)].into();
        let frame = run(7, "sum", &arguments, LIMIT).unwrap();
        let size = length(frame[..LENGTH].try_into().unwrap(), LIMIT).unwrap();
        assert_eq!(size, frame.len() - LENGTH);
        let Order::Run { id, job, arguments: bytes } = order(&frame[LENGTH..]).unwrap() else { panic!() };
        assert_eq!((id, &*job), (7, "sum"));
        assert_eq!(read::<BTreeMap<(u8, String), Option<f64>>>(&bytes).unwrap(), arguments);
    }

    #[test]
    fn each_answer_arrives_as_it_was_sent() {
        let kinds = [
            Kind::Failed("a".into()),
            Kind::Panicked("b".into()),
            Kind::Unknown("c".into()),
            Kind::Arguments("d".into()),
            Kind::Value("e".into()),
            Kind::TooLarge { what: "results", size: 9, limit: LIMIT.into() },
        ];
        for kind in kinds {
            let frame = failure(3, &kind);
            assert_eq!(answer(&frame[LENGTH..], LIMIT).unwrap(), Answer::Done { id: 3, result: Err(kind) });
        }
        assert_eq!(answer(&ready()[LENGTH..], LIMIT).unwrap(), Answer::Ready);
        assert_eq!(answer(&refused("no")[LENGTH..], LIMIT).unwrap(), Answer::Refused("no".into()));
        let Answer::Done { id: 4, result: Ok(bytes) } =
            answer(&value(4, &"x", LIMIT).unwrap()[LENGTH..], LIMIT).unwrap()
        else {
            panic!()
        };
        assert_eq!(read::<String>(&bytes).unwrap(), "x");
    }

    #[test]
    fn what_is_beyond_the_limit_is_refused_on_both_sides() {
        let kind = run(1, "sum", &vec![0_u8; 2000], 1000).unwrap_err();
        assert!(matches!(kind, Kind::TooLarge { what: "arguments", limit: 1000, .. }), "{kind:?}");
        assert!(length(1001_u32.to_le_bytes(), 1000).is_err());
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let frame = failure(1, &Kind::Failed("ä".repeat(20_000) + "x"));
        assert!(frame.len() < SMALLEST_LIMIT as usize);
    }

    #[test]
    fn broken_frames_are_errors() {
        for body in [&b""[..], b"R1234567", b"R12345678", b"R12345678\xff\xffx", b"?12345678"] {
            assert!(order(body).is_err(), "{body:?}");
            assert!(answer(body, LIMIT).is_err(), "{body:?}");
        }
    }
}
