//! Compressed answers and requests.

use std::io::{Read, Write};

use bytes::Bytes;
use mainspring_web::interop::tower_layer;
use mainspring_web::middleware::{Coding, Compression, Decompression};
use mainspring_web::{App, Body, Error, HttpServer, IntoResponse, Limits, Response, Route, StatusCode};

use crate::site::{Answer, Site};

const LINE: &str = "The quick brown cat jumps over the lazy dog. ";

fn text(times: usize) -> String {
    LINE.repeat(times)
}

/// Decodes with the reference libraries, not with what the middleware uses.
pub(crate) fn decoded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).map(drop),
        "deflate" => flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut plain).map(drop),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain).map(drop),
        "zstd" => zstd::stream::copy_decode(bytes, &mut plain),
        other => panic!("{other} is no coding"),
    }
    .expect("it is valid");
    plain
}

fn encoded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(&mut output, flate2::Compression::default());
            encoder.write_all(bytes).expect("memory takes it");
            encoder.finish().map(drop)
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(&mut output, flate2::Compression::default());
            encoder.write_all(bytes).expect("memory takes it");
            encoder.finish().map(drop)
        }
        "br" => brotli::CompressorWriter::new(&mut output, 4096, 5, 20).write_all(bytes),
        "zstd" => zstd::stream::copy_encode(bytes, &mut output, 3),
        other => panic!("{other} is no coding"),
    }
    .expect("memory takes it");
    output
}

async fn compressed(response: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Site {
    let handler = move || {
        let response = response.clone();
        async move { response() }
    };
    Site::start(App::new().middleware(Compression::new()).get("/", handler)).await
}

async fn accepting(site: &Site, value: &str) -> Answer {
    site.get_with("/", &[("accept-encoding", value)]).await
}

#[tokio::test]
async fn answers_of_every_size_are_compressed_with_every_coding() {
    for times in [30, 3_000, 30_000] {
        let site = compressed(move || text(times).into_response()).await;
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let answer = accepting(&site, coding).await;
            assert_eq!(answer.header("content-encoding"), Some(coding));
            assert_eq!(answer.header("vary"), Some("accept-encoding"));
            assert!(answer.body.len() < times * LINE.len() / 2, "{coding}: {}", answer.body.len());
            assert!(decoded(coding, &answer.body) == text(times).as_bytes(), "{coding} of {times}");
        }
    }
}

/// All on one thread but the pool: how much is answered meanwhile shows in the order of events.
#[tokio::test]
async fn others_are_answered_while_a_large_body_is_compressed() {
    let size = 20 * 1024 * 1024 / LINE.len();
    let app = App::new()
        .middleware(Compression::new())
        .get("/large", move || async move { text(size) })
        .get("/small", || async { "Meow." });
    let site = Site::start(app).await;
    let large = site.get_with("/large", &[("accept-encoding", "br")]);
    let mut answered = 0;
    let others = async {
        loop {
            assert_eq!(site.get("/small").await.text(), "Meow.");
            answered += 1;
        }
    };
    let large = tokio::select! {
        large = large => large,
        () = others => unreachable!("it goes on for ever"),
    };
    assert_eq!(large.header("content-encoding"), Some("br"));
    // Hundreds; three when it is compressed where it is sent.
    assert!(answered > 20, "{answered} others were answered");
    assert!(decoded("br", &large.body) == text(size).as_bytes());
}

#[tokio::test]
async fn the_compression_layer_of_tower_http_serves_as_a_middleware() {
    let pieces = || async {
        let lines = (0..3_000).map(|_| Ok::<_, Error>(LINE));
        Body::stream(futures_util::stream::iter(lines))
    };
    let app = App::new()
        .middleware(tower_layer(tower_http::compression::CompressionLayer::new()))
        .get("/", || async { text(3_000) })
        .get("/stream", pieces)
        .get("/small", || async { "Meow." });
    let site = Site::start(app).await;
    for coding in ["gzip", "br"] {
        for path in ["/", "/stream"] {
            let answer = site.get_with(path, &[("accept-encoding", coding)]).await;
            assert_eq!((answer.status, answer.header("content-encoding")), (200, Some(coding)), "{path}");
            assert_eq!(answer.header("content-length"), None, "{path}");
            assert!(decoded(coding, &answer.body) == text(3_000).as_bytes(), "{coding} of {path}");
        }
        let small = site.get_with("/small", &[("accept-encoding", coding)]).await;
        assert_eq!((small.header("content-encoding"), small.text()), (None, "Meow."));
    }
    assert_eq!(site.get("/").await.text(), text(3_000));
}

#[tokio::test]
async fn without_accept_encoding_nothing_is_compressed_but_the_answer_varies() {
    let answer = compressed(|| text(30).into_response()).await.get("/").await;
    assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, Some("accept-encoding")));
    assert_eq!(answer.text(), text(30));
}

#[tokio::test]
async fn what_is_small_or_compressed_already_is_left_alone() {
    let png = || text(100).into_response().with_header("content-type", "image/png").expect("valid");
    for response in [(|| "Meow.".into_response()) as fn() -> Response, png] {
        let answer = accepting(&compressed(response).await, "gzip").await;
        assert_eq!(answer.header("content-encoding"), None);
    }
}

#[tokio::test]
async fn ranges_encodings_and_no_transform_are_left_alone() {
    let rows = [
        ("content-encoding", "identity", StatusCode::OK),
        ("content-range", "bytes 0-4499/9000", StatusCode::PARTIAL_CONTENT),
        ("cache-control", "public, No-Transform", StatusCode::OK),
    ];
    for (name, value, status) in rows {
        let response = move || (status, text(100)).into_response().with_header(name, value).expect("valid");
        let answer = accepting(&compressed(response).await, "gzip").await;
        assert_eq!(answer.text(), text(100), "{name}");
    }
}

#[tokio::test]
async fn statuses_without_a_body_are_left_alone() {
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
        let answer = accepting(&compressed(move || Response::new(status)).await, "gzip").await;
        assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None), "{status}");
    }
}

#[tokio::test]
async fn a_strong_tag_is_weakened_and_ranges_are_no_longer_promised() {
    let response = || {
        let response = text(100).into_response().with_header("etag", "\"v1\"").expect("valid");
        response.with_header("accept-ranges", "bytes").expect("valid")
    };
    let site = compressed(response).await;
    let answer = accepting(&site, "gzip").await;
    assert_eq!((answer.header("etag"), answer.header("accept-ranges")), (Some("W/\"v1\""), None));
    let plain = site.get("/").await;
    assert_eq!((plain.header("etag"), plain.header("accept-ranges")), (Some("\"v1\""), Some("bytes")));
}

#[tokio::test]
async fn a_client_that_refuses_identity_gets_a_coding_or_406() {
    let site = compressed(|| "Meow.".into_response()).await;
    let answer = accepting(&site, "gzip, identity;q=0").await;
    assert_eq!(decoded("gzip", &answer.body), b"Meow.");
    assert_eq!(accepting(&site, "identity;q=0").await.status, 406);
}

#[tokio::test]
async fn head_has_the_headers_of_get() {
    let site = compressed(|| text(100).into_response()).await;
    let headers = [("accept-encoding", "gzip")];
    let head = site.ask("HEAD", "/", &headers, b"").await;
    let get = site.get_with("/", &headers).await;
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn codings_and_the_least_size_can_be_chosen() {
    let compression = Compression::new().codings([Coding::Gzip]).level(Coding::Gzip, 9).min_size(0);
    let app = App::new().middleware(compression).get("/", || async { text(2) });
    let site = Site::start(app).await;
    assert_eq!(accepting(&site, "br, zstd, gzip;q=0.1").await.header("content-encoding"), Some("gzip"));
}

async fn decompressing(decompression: Decompression) -> Site {
    let show = |body: Bytes| async move { body };
    let app = App::new().middleware(decompression).post("/", show);
    let limits = Limits { body: 64 * 1024 * 1024, ..Limits::default() };
    Site::serve(HttpServer::bind("127.0.0.1:0", app).limits(limits)).await
}

async fn post(site: &Site, coding: &str, body: &[u8]) -> Answer {
    site.ask("POST", "/", &[("content-encoding", coding)], body).await
}

#[tokio::test]
async fn requests_of_every_coding_are_decompressed() {
    let site = decompressing(Decompression::new()).await;
    for times in [1, 1_000] {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let answer = post(&site, coding, &encoded(coding, text(times).as_bytes())).await;
            assert!(answer.body == text(times).as_bytes(), "{coding} of {times}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn handlers_see_no_trace_of_the_coding() {
    let show = |request: mainspring_web::Request| async move {
        let headers =
            ["content-encoding", "content-length", "x-other"].map(|name| request.header(name).is_some());
        format!("{headers:?}")
    };
    let site = Site::start(App::new().middleware(Decompression::new()).post("/", show)).await;
    let headers = [("content-encoding", "gzip"), ("x-other", "1")];
    let answer = site.ask("POST", "/", &headers, &encoded("gzip", b"Meow.")).await;
    assert_eq!(answer.text(), "[false, false, true]");
}

#[tokio::test]
async fn one_coding_within_another_is_undone_in_order() {
    let site = decompressing(Decompression::new()).await;
    let body = encoded("br", &encoded("gzip", b"Meow."));
    assert_eq!(post(&site, "gzip, br", &body).await.text(), "Meow.");
    assert_eq!(post(&site, "gzip, br, gzip", &body).await.status, 415);
}

#[tokio::test]
async fn members_that_follow_each_other_are_one_body() {
    let site = decompressing(Decompression::new()).await;
    for coding in ["gzip", "zstd"] {
        let body = [encoded(coding, b"Meow. "), encoded(coding, b"Purr.")].concat();
        assert_eq!(post(&site, coding, &body).await.text(), "Meow. Purr.", "{coding}");
    }
}

#[tokio::test]
async fn a_body_may_become_as_large_as_its_route_allows() {
    let size = |body: Bytes| async move { body.len().to_string() };
    let app = |decompression| {
        App::new()
            .middleware(decompression)
            .post("/", size)
            .add(Route::post("/small", size).body_limit(1000))
            .add(Route::post("/large", size).body_limit(8 * 1024 * 1024))
    };
    let ask = async |site: &Site, path: &str, size: usize| {
        let body = encoded("gzip", &text(size / LINE.len() + 1).as_bytes()[..size]);
        site.ask("POST", path, &[("content-encoding", "gzip")], &body).await.status
    };
    let default = Limits::default().body;
    let site = Site::start(app(Decompression::new())).await;
    for (path, limit) in [("/small", 1000), ("/", default), ("/large", 8 * 1024 * 1024)] {
        assert_eq!(ask(&site, path, limit).await, 200, "{path}");
        assert_eq!(ask(&site, path, limit + 1).await, 413, "{path}");
    }
    let site = Site::start(app(Decompression::new().limit(2000))).await;
    for path in ["/small", "/", "/large"] {
        assert_eq!(ask(&site, path, 2000).await, 200, "{path}");
        assert_eq!(ask(&site, path, 2001).await, 413, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_or_no_such_thing_is_a_400() {
    let site = decompressing(Decompression::new()).await;
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let whole = encoded(coding, text(100).as_bytes());
        let answer = post(&site, coding, &whole[..whole.len() - 3]).await;
        assert_eq!(answer.status, 400, "{coding}: {}", answer.text());
        assert!(answer.text().contains(coding), "{}", answer.text());
        assert_eq!(post(&site, coding, b"\xff\xff no such thing").await.status, 400, "{coding}");
    }
}

#[tokio::test]
async fn an_unknown_coding_is_a_415_that_names_ours() {
    let site = decompressing(Decompression::new()).await;
    let answer = post(&site, "compress", b"x").await;
    assert_eq!((answer.status, answer.header("accept-encoding")), (415, Some("zstd, br, gzip, deflate")));
    assert_eq!(post(&site, "identity", b"Meow.").await.text(), "Meow.");
}

/// A frame of zstd that says nothing of its size, of so many blocks of 128 KiB of zeros: four bytes each.
fn zstd_bomb(blocks: usize) -> Vec<u8> {
    const RUN: u32 = 128 * 1024;
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    for block in 1..=blocks {
        let header = RUN << 3 | 1 << 1 | u32::from(block == blocks);
        bomb.extend_from_slice(&header.to_le_bytes()[..3]);
        bomb.push(0);
    }
    bomb
}

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("it is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("it is a number");
    kibibytes * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_bomb_of_ten_gibibytes_is_a_413_and_takes_no_memory() {
    const TEN_GIBIBYTES: usize = 10 * 1024 * 1024 * 1024;
    let zeros = vec![0; 1024 * 1024];
    let bombs = [
        ("zstd", zstd_bomb(TEN_GIBIBYTES / (128 * 1024))),
        ("gzip", encoded("gzip", &zeros).repeat(TEN_GIBIBYTES / zeros.len())),
    ];
    for decompression in [Decompression::new(), Decompression::new().limit(u64::MAX).ratio(100)] {
        let site = decompressing(decompression).await;
        for (coding, bomb) in &bombs {
            let before = resident();
            let answer = post(&site, coding, bomb).await;
            let grown = resident().saturating_sub(before);
            assert_eq!(answer.status, 413, "{coding}: {}", answer.text());
            assert!(grown < 64 * 1024 * 1024, "{coding}: {grown} bytes more");
        }
    }
}

#[tokio::test]
async fn a_bomb_that_is_let_through_is_read_in_flat_memory() {
    let count = |mut body: Body| async move {
        let (mut count, before) = (0, resident());
        let mut most = before;
        while let Some(piece) = body.chunk().await? {
            count += piece.len();
            most = most.max(resident());
        }
        Ok::<_, Error>(format!("{count} {}", most - before < 64 * 1024 * 1024))
    };
    let decompression = Decompression::new().limit(u64::MAX).ratio(u32::MAX);
    let site = Site::start(App::new().middleware(decompression).post("/", count)).await;
    let answer = post(&site, "zstd", &zstd_bomb(1024)).await;
    assert_eq!(answer.text(), format!("{} true", 128 * 1024 * 1024));
}
