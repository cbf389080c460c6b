//! Chapters 12 and 13: compressed messages, against the codec of another implementation.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use yawc::{CompressionLevel, Frame, Options, WebSocket};

use crate::support::{BINARY, CONTINUE, Client, LIMIT, TEXT, app, header, start, with, with_client};

const SIZES: [usize; 10] = [16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

/// What a message is made of.
#[derive(Clone, Copy)]
enum Kind {
    /// Text that repeats itself here and there.
    Prose,
    /// Text of many scripts.
    Scripts,
    /// Bytes without a pattern.
    Noise,
    /// One byte again and again.
    Zeros,
}

fn message(kind: Kind, size: usize, number: usize) -> Frame {
    match kind {
        Kind::Prose => Frame::text(
            format!("{{\"number\": {number}, \"name\": \"Meow\"}}, ").repeat(size / 20 + 1)[..size]
                .to_owned(),
        ),
        Kind::Scripts => Frame::text("κόσμε мир 世界 ".repeat(size / 20 + 1)),
        Kind::Noise => {
            let mut state = number as u64 + 1;
            let bytes = std::iter::repeat_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            });
            Frame::binary(bytes.take(size).collect::<Vec<u8>>())
        }
        Kind::Zeros => Frame::binary(vec![0; size]),
    }
}

async fn echoes(path: &str, options: Options, kind: Kind, sizes: &[usize], count: usize) {
    let (running, address) = start(app()).await;
    let stream = TcpStream::connect(address).await.expect("the server accepts");
    let url = format!("ws://{address}{path}").parse().expect("it is a URL");
    let mut socket = WebSocket::handshake(url, stream, options).await.expect("it opens");
    for size in sizes {
        for number in 0..count {
            let sent = message(kind, *size, number);
            socket.send(sent.clone()).await.expect("it is sent");
            let found = socket.next().await.expect("it is echoed");
            assert_eq!(found.opcode(), sent.opcode());
            assert!(found.payload() == sent.payload(), "message {number} of {size} bytes differs");
        }
    }
    drop(socket);
    running.stop().await.expect("the server stops");
}

fn compressed() -> Options {
    Options::default().with_compression_level(CompressionLevel::default()).with_limits(LIMIT, LIMIT)
}

macro_rules! echoes {
    ($($name:ident: $path:literal, $options:expr, $kind:expr, $sizes:expr, $count:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let echoes = echoes($path, $options, $kind, $sizes, $count);
            timeout(Duration::from_secs(60), echoes).await.expect("it does not hang");
        }
    )*};
}

echoes! {
    case_12_1_prose_of_16_to_1024: "/", compressed(), Kind::Prose, &SIZES[..4], 50;
    case_12_1_prose_of_4096_to_131072: "/", compressed(), Kind::Prose, &SIZES[4..], 20;
    case_12_2_scripts_of_16_to_1024: "/", compressed(), Kind::Scripts, &SIZES[..4], 50;
    case_12_2_scripts_of_4096_to_131072: "/", compressed(), Kind::Scripts, &SIZES[4..], 20;
    case_12_3_noise_of_16_to_1024: "/", compressed(), Kind::Noise, &SIZES[..4], 50;
    case_12_3_noise_of_4096_to_131072: "/", compressed(), Kind::Noise, &SIZES[4..], 20;
    case_12_4_zeros_of_16_to_1024: "/", compressed(), Kind::Zeros, &SIZES[..4], 50;
    case_12_4_zeros_of_4096_to_131072: "/", compressed(), Kind::Zeros, &SIZES[4..], 20;
    case_12_5_prose_in_fragments: "/", compressed().with_max_fragment_size(256), Kind::Prose, &SIZES, 10;
    case_13_1_shared_contexts: "/shared", compressed(), Kind::Prose, &SIZES, 20;
    case_13_2_server_forgets: "/shared", compressed().server_no_context_takeover(), Kind::Prose, &SIZES, 20;
    case_13_3_client_forgets: "/shared", compressed().client_no_context_takeover(), Kind::Prose, &SIZES, 20;
    case_13_4_both_forget: "/shared",
        compressed().server_no_context_takeover().client_no_context_takeover(), Kind::Prose, &SIZES, 20;
    case_13_5_small_window_of_the_server: "/shared", compressed().with_server_max_window_bits(9), Kind::Prose, &SIZES, 20;
    case_13_6_small_window_of_the_client: "/shared", compressed().with_client_max_window_bits(9), Kind::Prose, &SIZES, 20;
    case_13_7_small_windows_and_no_contexts: "/shared",
        compressed().with_server_max_window_bits(9).server_no_context_takeover(), Kind::Prose, &SIZES, 20;
    a_client_that_can_is_not_compressed_for_when_it_is_off: "/off", compressed(), Kind::Prose, &SIZES, 5;
}

const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

#[tokio::test]
async fn long_messages_are_compressed_on_the_wire_and_short_ones_are_not() {
    with_client(|address| {
        let mut client = Client::open(address, "/", OFFER);
        assert!(client.head.contains("sec-websocket-extensions: permessage-deflate; "), "{}", client.head);
        client.bytes(&crate::support::frame(TEXT, &[b'a'; 10_000]), usize::MAX);
        let (header, payload) = client.read().expect("it is echoed");
        assert!(header.rsv1 && payload.len() < 200, "{} bytes", payload.len());
        client.bytes(&crate::support::frame(TEXT, b"short"), usize::MAX);
        client.expect(TEXT, b"short");
        client.close();
    })
    .await;
}

/// RFC 7692 §7.2.3.1: "Hello", compressed, whole and in two frames.
#[tokio::test]
async fn the_examples_of_the_rfc_are_read() {
    with_client(|address| {
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        let mut client = Client::open(address, "/", OFFER);
        let whole = tungstenite::protocol::frame::FrameHeader { rsv1: true, opcode: TEXT, ..header() };
        client.bytes(&with(whole.clone(), &hello), usize::MAX);
        client.expect(TEXT, b"Hello");
        let first = tungstenite::protocol::frame::FrameHeader { is_final: false, ..whole };
        client.bytes(&with(first, &hello[..3]), usize::MAX);
        client.bytes(&crate::support::frame(CONTINUE, &hello[3..]), usize::MAX);
        client.expect(TEXT, b"Hello");
        client.close();
    })
    .await;
}

#[tokio::test]
async fn a_bomb_ends_with_1009() {
    with_client(|address| {
        let mut bomb = flate2::Compress::new(flate2::Compression::best(), false);
        let mut small = Vec::with_capacity(100_000);
        bomb.compress_vec(&vec![0; 30_000_000], &mut small, flate2::FlushCompress::Sync)
            .expect("it compresses");
        let mut client = Client::open(address, "/small", OFFER);
        let header = tungstenite::protocol::frame::FrameHeader { rsv1: true, opcode: BINARY, ..header() };
        client.bytes(&with(header, &small), usize::MAX);
        client.expect_close(1009);
    })
    .await;
}

#[tokio::test]
async fn garbage_ends_with_1007() {
    with_client(|address| {
        let mut client = Client::open(address, "/", OFFER);
        let header = tungstenite::protocol::frame::FrameHeader { rsv1: true, opcode: BINARY, ..header() };
        client.bytes(&with(header, &[0xff; 100]), usize::MAX);
        client.expect_close(1007);
    })
    .await;
}
