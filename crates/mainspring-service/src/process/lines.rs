/// How much of a line is kept; the rest of it is counted and left out.
pub(super) const LONGEST: usize = 8 * 1024;

/// Cuts a stream of bytes into lines, each of bounded length.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    /// Bytes of this line that found no room.
    left_out: usize,
}

impl Lines {
    /// Takes bytes in, and gives each line that they complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end]);
            self.give(&mut each);
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// The stream is over: what stands after the last line break is a line too.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.give(&mut each);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.line.len();
        let kept = bytes.len().min(room);
        self.line.extend_from_slice(&bytes[..kept]);
        self.left_out += bytes.len() - kept;
    }

    fn give(&mut self, each: &mut impl FnMut(&str)) {
        let text = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let text = String::from_utf8_lossy(text);
        match self.left_out {
            0 => each(&text),
            bytes => each(&format!("{text}… ({bytes} bytes left out)")),
        }
        self.line.clear();
        self.left_out = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.feed(chunk, |line| seen.push(line.to_owned()));
        }
        lines.finish(|line| seen.push(line.to_owned()));
        seen
    }

    #[test]
    fn a_line_may_come_in_pieces() {
        assert_eq!(lines(&[b"one\ntw", b"o\n\nthree\n"]), ["one", "two", "", "three"]);
    }

    #[test]
    fn the_last_line_needs_no_line_break() {
        assert_eq!(lines(&[b"one\ntwo"]), ["one", "two"]);
    }

    #[test]
    fn a_carriage_return_belongs_to_the_line_break() {
        assert_eq!(lines(&[b"one\r\ntw\ro\r", b"\n"]), ["one", "tw\ro"]);
    }

    #[test]
    fn bytes_that_are_not_text_are_replaced() {
        assert_eq!(lines(&[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn a_line_without_an_end_takes_bounded_memory() {
        let mut endless = Lines::default();
        for _ in 0..100 {
            endless.feed(&[b'x'; 1000], |_| panic!("there is no line yet"));
        }
        assert_eq!(endless.line.len(), LONGEST);
        let mut seen = String::new();
        endless.feed(b"\nnext", |line| line.clone_into(&mut seen));
        assert!(seen.ends_with("x… (91808 bytes left out)"), "{}", &seen[seen.len() - 40..]);
        assert_eq!(endless.line, b"next");
    }
}
