//! The vectors' files.
//!
//! A file holds vectors with an empty line between them; a line that starts with `#` is a remark. The first line
//! of a vector is its name, the others start with a mark:
//!
//! | mark | |
//! |---|---|
//! | `%` | limits that are not the default: `head=64 target=16 headers=2 body=3` |
//! | `<` | bytes that arrive, with the escapes of Rust (`\r`, `\n`, `\t`, `\\`, `\x00`) and `\{20*a}` for twenty `a` |
//! | `>` | a request that is served, as [`Served`](crate::outcome::Served) writes it |
//! | `!` | the refusal that ends the connection: status and reason |
//! | `~` | what is waited for at the end: the rest of a `head` or of a `body` |

use mainspring_web::http1::Limits;

/// One vector.
#[derive(Clone, Debug)]
pub(crate) struct Vector {
    pub(crate) file: &'static str,
    pub(crate) name: String,
    pub(crate) limits: Limits,
    pub(crate) input: Vec<u8>,
    /// The lines of the outcome, each with its end.
    pub(crate) expected: String,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("data/", $name, ".txt")))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "request_line",
    "targets",
    "host",
    "fields",
    "framing",
    "chunked",
    "trailers",
    "limits",
    "smuggling",
    "keep_alive",
    "expect",
    "upgrade",
    "http10",
    "pipelining",
];

/// All vectors of all files.
pub(crate) fn all() -> Vec<Vector> {
    let read = |(file, text): &(&'static str, &str)| {
        text.split("\n\n").filter_map(|block| vector(file, block)).collect::<Vec<_>>()
    };
    FILES.iter().flat_map(read).collect()
}

fn vector(file: &'static str, block: &str) -> Option<Vector> {
    let mut lines = block.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let name = lines.next()?.to_owned();
    let mut vector =
        Vector { file, name, limits: Limits::default(), input: Vec::new(), expected: String::new() };
    for line in lines {
        let (mark, text) = line.split_once(' ').unwrap_or((line, ""));
        match mark {
            "%" => text.split(' ').for_each(|setting| limit(&mut vector.limits, setting)),
            "<" => unescape(text, &mut vector.input),
            ">" | "!" | "~" => vector.expected += &format!("{line}\n"),
            _ => panic!("{file}: {}: no mark: {line}", vector.name),
        }
    }
    Some(vector)
}

fn limit(limits: &mut Limits, setting: &str) {
    let (name, value) = setting.split_once('=').expect("a setting is a name and a value");
    let value = value.parse().expect("a limit is a number");
    match name {
        "head" => limits.head = value,
        "target" => limits.target = value,
        "headers" => limits.headers = value,
        "body" => limits.body = value,
        _ => panic!("no limit is called {name}"),
    }
}

fn unescape(text: &str, bytes: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let (kind, after) = escape.split_at(1);
        rest = match kind {
            "r" => single(bytes, b'\r', after),
            "n" => single(bytes, b'\n', after),
            "t" => single(bytes, b'\t', after),
            "\\" => single(bytes, b'\\', after),
            "x" => {
                let (digits, after) = after.split_at(2);
                single(bytes, u8::from_str_radix(digits, 16).expect("two hexadecimal digits"), after)
            }
            "{" => {
                let (inner, after) = after.split_once('}').expect("a repetition is closed");
                let (count, part) = inner.split_once('*').expect("a repetition has a count");
                let mut piece = Vec::new();
                unescape(part, &mut piece);
                bytes.extend(piece.repeat(count.parse().expect("a count is a number")));
                after
            }
            _ => panic!("no escape is written \\{kind}"),
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
}

fn single<'a>(bytes: &mut Vec<u8>, byte: u8, after: &'a str) -> &'a str {
    bytes.push(byte);
    after
}

#[test]
fn escapes_are_taken_back() {
    let mut bytes = Vec::new();
    unescape(r"a\r\n\t\\\x00\xff\{3*b\r}c", &mut bytes);
    assert_eq!(bytes, b"a\r\n\t\\\x00\xffb\rb\rb\rc");
}
