//! Which compression both sides agree on (RFC 7692 §7.1).

/// Whether and how messages are compressed, when the client can do it too.
///
/// With a shared context, messages are compressed with what the earlier ones held: better by far for many alike
/// messages, but the connection keeps about 300 KiB for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Never.
    Off,
    /// Each message by itself; costs no memory between messages. The default.
    #[default]
    PerMessage,
    /// With a context that lives as long as the connection.
    SharedContext,
}

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreement {
    /// The server forgets its context after each message.
    pub(super) server_resets: bool,
    /// The client forgets its context after each message.
    pub(super) client_resets: bool,
    /// The server's window is 2 to the power of it, where the client asked for one.
    pub(super) server_bits: Option<u8>,
    /// The window that the client uses, where it said that it can be told.
    pub(super) client_bits: Option<u8>,
}

const NAME: &str = "permessage-deflate";
/// zlib cannot make a raw stream with a window of 256 bytes.
const LEAST_BITS: u8 = 9;
const MOST_BITS: u8 = 15;

impl Agreement {
    /// Takes the first acceptable offer of the values of `sec-websocket-extensions`.
    pub(super) fn find<'a>(compression: Compression, offers: impl Iterator<Item = &'a str>) -> Option<Self> {
        if compression == Compression::Off {
            return None;
        }
        offers.flat_map(|value| value.split(',')).find_map(|offer| Self::accept(compression, offer))
    }

    fn accept(compression: Compression, offer: &str) -> Option<Self> {
        let mut parts = offer.split(';').map(str::trim);
        if parts.next() != Some(NAME) {
            return None;
        }
        let resets = compression == Compression::PerMessage;
        let mut agreed =
            Self { server_resets: resets, client_resets: resets, server_bits: None, client_bits: None };
        let mut seen = Vec::new();
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
                None => (part, None),
            };
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
            match (name, value) {
                ("server_no_context_takeover", None) => agreed.server_resets = true,
                ("client_no_context_takeover", None) => agreed.client_resets = true,
                ("server_max_window_bits", Some(value)) => {
                    agreed.server_bits = Some(bits(value).filter(|bits| *bits >= LEAST_BITS)?);
                }
                ("client_max_window_bits", None) => agreed.client_bits = Some(MOST_BITS),
                ("client_max_window_bits", Some(value)) => agreed.client_bits = Some(bits(value)?),
                // RFC 7692 §7.1: an offer with a parameter that is unknown or malformed must be declined.
                _ => return None,
            }
        }
        Some(agreed)
    }

    /// The server's window is 2 to the power of it.
    pub(super) fn server_bits(self) -> u8 {
        self.server_bits.unwrap_or(MOST_BITS)
    }

    /// The value of `sec-websocket-extensions` in the answer.
    pub(super) fn header(self) -> String {
        let mut value = NAME.to_owned();
        if self.server_resets {
            value.push_str("; server_no_context_takeover");
        }
        if self.client_resets {
            value.push_str("; client_no_context_takeover");
        }
        // RFC 7692 §7.1.2.1: who asks for a window is told of it, the largest one too.
        if let Some(bits) = self.server_bits {
            value.push_str(&format!("; server_max_window_bits={bits}"));
        }
        if let Some(bits) = self.client_bits.filter(|bits| *bits < MOST_BITS) {
            value.push_str(&format!("; client_max_window_bits={bits}"));
        }
        value
    }
}

/// 8 to 15, without leading zeros.
fn bits(value: &str) -> Option<u8> {
    let known = ["8", "9", "10", "11", "12", "13", "14", "15"];
    known.iter().position(|text| *text == value).map(|index| index as u8 + 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(compression: Compression, offers: &str) -> Option<String> {
        Agreement::find(compression, [offers].into_iter()).map(Agreement::header)
    }

    #[test]
    fn each_message_stands_by_itself_by_default() {
        assert_eq!(
            answer(Compression::PerMessage, "permessage-deflate; client_max_window_bits").as_deref(),
            Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover")
        );
    }

    #[test]
    fn a_shared_context_is_kept_unless_the_client_objects() {
        assert_eq!(
            answer(Compression::SharedContext, "permessage-deflate").as_deref(),
            Some("permessage-deflate")
        );
        assert_eq!(
            answer(Compression::SharedContext, "permessage-deflate; server_no_context_takeover").as_deref(),
            Some("permessage-deflate; server_no_context_takeover")
        );
    }

    #[test]
    fn a_smaller_window_is_honoured() {
        assert_eq!(
            answer(Compression::SharedContext, "permessage-deflate; server_max_window_bits=10").as_deref(),
            Some("permessage-deflate; server_max_window_bits=10")
        );
    }

    #[test]
    fn the_largest_window_is_confirmed_where_it_was_asked_for() {
        assert_eq!(
            answer(Compression::SharedContext, "permessage-deflate; server_max_window_bits=15").as_deref(),
            Some("permessage-deflate; server_max_window_bits=15")
        );
    }

    #[test]
    fn an_offer_that_cannot_be_met_gives_way_to_the_next() {
        let offers = "x-other, permessage-deflate; server_max_window_bits=8, permessage-deflate";
        assert_eq!(answer(Compression::SharedContext, offers).as_deref(), Some("permessage-deflate"));
    }

    #[test]
    fn malformed_offers_are_declined() {
        for parameter in [
            "server_max_window_bits",
            "server_max_window_bits=16",
            "server_max_window_bits=010",
            "client_max_window_bits=7",
            "server_no_context_takeover=1",
            "unknown",
            "client_no_context_takeover; client_no_context_takeover",
        ] {
            let offer = format!("permessage-deflate; {parameter}");
            assert_eq!(answer(Compression::PerMessage, &offer), None, "{offer}");
        }
    }

    #[test]
    fn nothing_is_agreed_on_when_it_is_off() {
        assert_eq!(answer(Compression::Off, "permessage-deflate"), None);
    }
}
