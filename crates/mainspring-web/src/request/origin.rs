//! Where a browser says that a request comes from.

use super::Request;

impl Request {
    /// Whether a page of this very host asks: the host of `Origin` is that of the request. So it is, too, when there
    /// is no `Origin`, as then no browser asks.
    pub(crate) fn is_same_origin(&self) -> bool {
        let Some(origin) = self.header("origin") else { return true };
        let Some((_, authority)) = origin.split_once("://") else { return false };
        self.host().is_some_and(|host| host.eq_ignore_ascii_case(authority))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &str) -> Request {
        Request::sample(&format!("GET /chat HTTP/1.1\r\nHost: cats.example\r\n{headers}\r\n"), "")
    }

    #[test]
    fn a_page_of_another_origin_is_another_origin() {
        assert!(request("").is_same_origin());
        assert!(request("Origin: https://Cats.example\r\n").is_same_origin());
        for origin in ["https://dogs.example", "null", "https://cats.example.dogs.example"] {
            assert!(!request(&format!("Origin: {origin}\r\n")).is_same_origin(), "{origin}");
        }
    }
}
