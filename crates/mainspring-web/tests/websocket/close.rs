//! Chapter 7: the end.

use crate::cases;
use crate::support::{CLOSE, Client, End, PING, TEXT, frame, part, with_client};

const ALL: usize = usize::MAX;

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason].concat())
}

fn hello() -> (tungstenite::protocol::frame::coding::OpCode, Vec<u8>) {
    (TEXT, b"Hello".to_vec())
}

cases! {
    case_7_1_1_message_then_close: [frame(TEXT, b"Hello")], ALL => [hello()], End::Clean;
    case_7_1_2_two_closes: [close(1000, b""), close(1000, b"")], ALL => [], End::Code(1000);
    case_7_1_3_ping_after_close: [close(1000, b""), frame(PING, b"")], ALL => [], End::Code(1000);
    case_7_1_4_text_after_close: [close(1000, b""), frame(TEXT, b"Hello")], ALL => [], End::Code(1000);
    case_7_1_5_close_within_a_message: [part(TEXT, b"a"), close(1000, b"")], ALL => [], End::Code(1000);
    case_7_3_1_empty_close: [frame(CLOSE, b"")], ALL => [], End::Code(1005);
    case_7_3_2_half_a_code: [frame(CLOSE, b"a")], ALL => [], End::Code(1002);
    case_7_3_3_code_alone: [close(1000, b"")], ALL => [], End::Code(1000);
    case_7_3_4_code_and_reason: [close(1000, b"Hello World!")], ALL => [], End::Code(1000);
    case_7_3_5_longest_reason: [close(1000, &[b'*'; 123])], ALL => [], End::Code(1000);
    case_7_3_6_reason_too_long: [close(1000, &[b'*'; 124])], ALL => [], End::Code(1002);
    case_7_5_1_reason_that_is_no_text: [close(1000, b"\xce\xba\xed\xa0\x80")], ALL => [], End::Code(1007);
}

macro_rules! codes {
    ($($good:ident $code:literal => $answer:literal;)*) => {
        cases! { $($good: [close($code, b"")], ALL => [], End::Code($answer);)* }
    };
}

codes! {
    case_7_7_1 1000 => 1000; case_7_7_2 1001 => 1001; case_7_7_3 1002 => 1002; case_7_7_4 1003 => 1003;
    case_7_7_5 1007 => 1007; case_7_7_6 1008 => 1008; case_7_7_7 1009 => 1009; case_7_7_8 1010 => 1010;
    case_7_7_9 1011 => 1011; case_7_7_10 3000 => 3000; case_7_7_11 3999 => 3999; case_7_7_12 4000 => 4000;
    case_7_7_13 4999 => 4999;
    case_7_9_1 0 => 1002; case_7_9_2 999 => 1002; case_7_9_3 1004 => 1002; case_7_9_4 1005 => 1002;
    case_7_9_5 1006 => 1002; case_7_9_6 1016 => 1002; case_7_9_7 1100 => 1002; case_7_9_8 2000 => 1002;
    case_7_9_9 2999 => 1002; case_7_13_1 5000 => 1002; case_7_13_2 65535 => 1002;
}

#[tokio::test]
async fn case_7_1_6_a_large_message_then_a_close() {
    with_client(|address| {
        let mut client = Client::open(address, "/", "");
        let large = vec![b'a'; 256 * 1024];
        client.bytes(&[frame(TEXT, &large), close(1000, b"")].concat(), usize::MAX);
        client.expect(TEXT, &large);
        client.expect_close(1000);
    })
    .await;
}
