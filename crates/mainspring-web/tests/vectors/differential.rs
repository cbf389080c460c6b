//! The vectors, and changes of them, held against hyper.

use mainspring_web::http1::Limits;

use crate::compare::difference;
use crate::read::all;

#[test]
fn hyper_serves_what_we_serve() {
    for vector in all() {
        if let Some(difference) = difference(&vector.input, vector.limits) {
            panic!("{}: {}: {difference}", vector.file, vector.name);
        }
    }
}

#[test]
fn hyper_serves_what_we_serve_of_changed_vectors() {
    let seed = 0x7370_7269_6e67;
    let mut random = fastrand::Rng::with_seed(seed);
    let vectors: Vec<_> = all().into_iter().filter(|vector| vector.input.len() < 1000).collect();
    // What is refused anyhow teaches nothing, but parts of it do.
    let served: Vec<_> = vectors.iter().filter(|vector| vector.expected.starts_with('>')).collect();
    for _ in 0..30_000 {
        let mut input = served[random.usize(..served.len())].input.clone();
        let other = &vectors[random.usize(..vectors.len())].input;
        for _ in 0..random.usize(1..4) {
            change(&mut input, other, &mut random);
        }
        if let Some(difference) = difference(&input, Limits::default()) {
            panic!("{difference}: {} (seed {seed:#x})", input.escape_ascii());
        }
    }
}

/// One change of the kind that request smuggling is made of.
fn change(input: &mut Vec<u8>, other: &[u8], random: &mut fastrand::Rng) {
    const MARKS: &[&[u8]] = &[
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b"\0",
        b":",
        b",",
        b";",
        b"0",
        b"/",
        b"?",
        b"#",
        b"*",
        b"\x0b",
        b"\x7f",
        b"\x80",
        b"chunked",
        b"Content-Length: 1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"+1",
    ];
    let at = random.usize(..=input.len());
    match random.u8(..6) {
        0 if at < input.len() => input[at] = random.u8(..),
        1 if at < input.len() => drop(input.remove(at)),
        2 => drop(input.splice(at..at, MARKS[random.usize(..MARKS.len())].iter().copied())),
        3 if at < input.len() => input[at] ^= 0x20,
        4 => {
            let end = (at + random.usize(..16)).min(input.len());
            let part = input[at..end].to_vec();
            drop(input.splice(at..at, part));
        }
        _ if !other.is_empty() => {
            let start = random.usize(..other.len());
            let end = (start + random.usize(..40)).min(other.len());
            drop(input.splice(at..at, other[start..end].iter().copied()));
        }
        _ => {}
    }
}
