//! The middleware.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use super::encoded::{Encoded, SLICE, encoder, whole};
use super::offloaded::{LARGE, Offloaded};
use crate::conditional::ETag;
use crate::middleware::vary::vary;
use crate::middleware::{Middleware, Next};
use crate::payload::Body;
use crate::request::Request;
use crate::request::coding::{Accepted, Coding};
use crate::response::{IntoResponse, Response};

/// Compresses answers with what the client takes: zstd, brotli, gzip or deflate, in this order where the client likes
/// several equally.
///
/// Left alone are answers that
///
/// * are smaller than 1 KiB ([`min_size`](Self::min_size)), or would not get smaller;
/// * are of a type that is compressed already: images (but SVG), audio, video, fonts, archives, PDF
///   ([`only`](Self::only) changes that);
/// * have a `content-encoding`, a `content-range`, `cache-control: no-transform`, or no body;
/// * hand the connection over to another protocol.
///
/// Streams are compressed while they are sent. What is there is compressed together; when a stream pauses, what it
/// gave is flushed, so server-sent events arrive when they happen. No more than a slice of 32 KiB is compressed
/// before other tasks have their turn. A stream costs about 1 MiB of memory while it lasts. Bodies in memory of 256 KiB
/// and more are compressed on the pool for code that computes
/// ([`Pool::cpu`](mainspring_task::blocking::Pool::cpu)), and hold up nobody.
///
/// An answer that may be compressed gets `vary: accept-encoding`; one that is compressed loses `accept-ranges`, and
/// its strong `etag` becomes a weak one, as its bytes are no longer those the tag was made of. A client that takes
/// no `identity` gets even small answers compressed, or 406 when it takes none of ours.
///
/// Do not compress answers that hold both a secret and what a stranger may have sent: their size tells of the
/// secret (the BREACH attack).
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::{Coding, Compression};
///
/// let compression = Compression::new().min_size(4096).level(Coding::Brotli, 5);
/// assert!(App::new().middleware(compression).get("/", || async { "Meow." }).build().is_ok());
/// ```
pub struct Compression {
    codings: Vec<(Coding, i32)>,
    min_size: u64,
    only: Option<Only>,
}

type Only = Box<dyn Fn(&Response) -> bool + Send + Sync>;

impl Compression {
    /// Makes one with all codings, each at a level at which a core compresses tens of megabytes in a second.
    pub fn new() -> Self {
        let codings = Coding::ALL.map(|coding| (coding, default_level(coding)));
        Self { codings: codings.into(), min_size: 1024, only: None }
    }

    /// Uses these codings only; the first is the best liked.
    #[must_use]
    pub fn codings(mut self, codings: impl IntoIterator<Item = Coding>) -> Self {
        let level = |coding| {
            let known = self.codings.iter().find(|(other, _)| *other == coding);
            known.map_or_else(|| default_level(coding), |(_, level)| *level)
        };
        self.codings = codings.into_iter().map(|coding| (coding, level(coding))).collect();
        self
    }

    /// Sets the level of a coding, on its own scale: gzip and deflate 0 to 9 (6 by default), brotli 0 to 11 (4),
    /// zstd 1 to 19 (3). What lies outside counts as the nearest.
    #[must_use]
    pub fn level(mut self, coding: Coding, level: i32) -> Self {
        let range = match coding {
            Coding::Gzip | Coding::Deflate => 0..=9,
            Coding::Brotli => 0..=11,
            Coding::Zstd => 1..=19,
        };
        for (_, known) in self.codings.iter_mut().filter(|(other, _)| *other == coding) {
            *known = level.clamp(*range.start(), *range.end());
        }
        self
    }

    /// Leaves answers below this size alone, in bytes; 1024 by default.
    #[must_use]
    pub fn min_size(mut self, bytes: u64) -> Self {
        self.min_size = bytes;
        self
    }

    /// Decides which answers are worth it, in the place of the types that are known to be compressed.
    #[must_use]
    pub fn only(mut self, worth: impl Fn(&Response) -> bool + Send + Sync + 'static) -> Self {
        self.only = Some(Box::new(worth));
        self
    }

    /// Whether an answer may be compressed at all.
    fn is_possible(&self, response: &Response) -> bool {
        let status = response.status();
        let bodiless = status.is_informational()
            || [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT, StatusCode::NOT_MODIFIED]
                .contains(&status);
        !bodiless
            && status != StatusCode::PARTIAL_CONTENT
            && !response.body().is_empty()
            && !response.body().is_upgrade()
            && response.value("content-encoding").is_none()
            && response.value("content-range").is_none()
            && !has_no_transform(response)
    }

    /// Whether it would get much smaller.
    fn is_worth(&self, response: &Response) -> bool {
        match &self.only {
            Some(worth) => worth(response),
            None => !is_compressed(response.header("content-type").unwrap_or_default()),
        }
    }

    fn encode(&self, response: Response, coding: Coding, forced: bool) -> Response {
        let level = self.codings.iter().find(|(other, _)| *other == coding).map_or(0, |(_, level)| *level);
        let encoder = encoder(coding, level);
        if let Some(bytes) = response.body().as_bytes()
            && bytes.len() <= SLICE
        {
            let length = bytes.len();
            return match whole(encoder, bytes) {
                Ok(encoded) if encoded.len() < length || forced => {
                    labelled(response, coding).with_body(encoded)
                }
                Ok(_) => response,
                Err(error) => crate::Error::from(error).into_response(),
            };
        }
        labelled(response, coding).map_body(|mut body| match body.as_bytes() {
            Some(bytes) if bytes.len() >= LARGE => {
                Body::erase(None, Offloaded::new(body.take_bytes(), encoder))
            }
            _ => Body::erase(None, Encoded::new(body, encoder)),
        })
    }
}

fn default_level(coding: Coding) -> i32 {
    match coding {
        Coding::Gzip | Coding::Deflate => 6,
        Coding::Brotli => 4,
        Coding::Zstd => 3,
    }
}

fn has_no_transform(response: &Response) -> bool {
    let mut lines = response.headers().filter(|(name, _)| name.eq_ignore_ascii_case("cache-control"));
    lines.any(|(_, value)| {
        value.split(|byte| *byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
    })
}

/// Whether a media type is compressed in itself.
fn is_compressed(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((kind, name)) = essence.split_once('/') else { return false };
    match kind {
        "image" => !name.ends_with("+xml") && !["bmp", "x-icon", "vnd.microsoft.icon"].contains(&name),
        "audio" => !["wav", "x-wav", "midi"].contains(&name),
        "video" => true,
        "font" => name.starts_with("woff"),
        "application" => {
            const PACKED: [&str; 12] = [
                "gzip",
                "zip",
                "zstd",
                "x-bzip2",
                "x-xz",
                "x-7z-compressed",
                "vnd.rar",
                "x-rar-compressed",
                "java-archive",
                "pdf",
                "epub+zip",
                "grpc",
            ];
            PACKED.contains(&name) || name.starts_with("grpc+") || name.starts_with("vnd.openxmlformats")
        }
        _ => false,
    }
}

fn labelled(mut response: Response, coding: Coding) -> Response {
    response.set("content-encoding", coding.name().as_bytes());
    response.remove("accept-ranges");
    let etag = response.header("etag").and_then(|etag| etag.parse::<ETag>().ok());
    if let Some(etag) = etag.filter(|etag| !etag.is_weak()) {
        response.set("etag", etag.into_weak().to_string().as_bytes());
    }
    response
}

impl Middleware for Compression {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let offered: Vec<_> = self.codings.iter().map(|(coding, _)| *coding).collect();
        let accepted = Accepted::of(&request, &offered);
        let mut response = next.run(request).await;
        if !self.is_possible(&response) {
            return response;
        }
        let forced = !accepted.identity;
        let worth = self.is_worth(&response);
        if worth || forced {
            vary(&mut response, "accept-encoding");
        }
        let large = response.body().len().is_none_or(|length| length >= self.min_size);
        match accepted.coding {
            Some(coding) if forced || (worth && large) => self.encode(response, coding, forced),
            None if forced && response.status().is_success() => {
                let text = "the answer comes as zstd, br, gzip, deflate or identity only";
                let mut refused = (StatusCode::NOT_ACCEPTABLE, text).into_response();
                vary(&mut refused, "accept-encoding");
                refused
            }
            _ => response,
        }
    }
}

impl fmt::Debug for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compression")
            .field("codings", &self.codings)
            .field("min_size", &self.min_size)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_are_compressed_in_themselves_are_known() {
        for name in [
            "image/png",
            "IMAGE/JPEG",
            "video/mp4",
            "application/zip",
            "font/woff2",
            "application/grpc+proto",
        ] {
            assert!(is_compressed(name), "{name}");
        }
        for name in ["text/html; charset=utf-8", "application/json", "image/svg+xml", "font/ttf", ""] {
            assert!(!is_compressed(name), "{name}");
        }
    }
}
