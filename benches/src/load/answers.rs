use std::io;

/// Finds the ends of answers.
///
/// All answers to one request have the same shape (the date is of a fixed length), so the first one is read with care
/// and the others are compared with it; one that differs is read with care again.
#[derive(Debug, Default)]
pub(super) struct Answers {
    head: usize,
    whole: usize,
}

impl Answers {
    /// Where the answer at the front of the bytes ends, when it is whole.
    pub(super) fn end(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        if self.whole == 0 || !self.fits(bytes) {
            let Some(head) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else { return Ok(None) };
            self.head = head + 4;
            self.whole = self.head + body_length(bytes.get(..head).unwrap_or_default())?;
        }
        Ok((bytes.len() >= self.whole).then_some(self.whole))
    }

    fn fits(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"HTTP/1.1 200 ") && bytes.get(self.head - 4..self.head) == Some(b"\r\n\r\n")
    }
}

fn body_length(head: &[u8]) -> io::Result<usize> {
    let text = String::from_utf8_lossy(head).to_lowercase();
    if !text.starts_with("http/1.1 200 ") {
        return Err(io::Error::other(format!("an answer is not 200: {text}")));
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    length.ok_or_else(|| io::Error::other(format!("an answer has no length: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nMeow";

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let mut answers = Answers::default();
        for _ in 0..2 {
            assert_eq!(answers.end(&ANSWER[..30]).expect("no fault"), None);
            assert_eq!(answers.end(&ANSWER[..40]).expect("no fault"), None);
            assert_eq!(answers.end(&ANSWER.repeat(2)).expect("no fault"), Some(ANSWER.len()));
        }
    }

    #[test]
    fn an_answer_of_another_shape_is_read_again() {
        let mut answers = Answers::default();
        assert_eq!(answers.end(ANSWER).expect("no fault"), Some(ANSWER.len()));
        let other = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789";
        assert_eq!(answers.end(other).expect("no fault"), Some(other.len()));
    }

    #[test]
    fn an_answer_that_is_not_200_is_a_fault() {
        let fault = Answers::default().end(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        assert!(fault.expect_err("it is no 200").to_string().contains("404"));
    }
}
