//! Chapter 2: pings and pongs.

use crate::cases;
use crate::support::{End, PING, PONG, TEXT, frame};

const ALL: usize = usize::MAX;

fn numbered(count: u32) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(|n| format!("payload-{n}").into_bytes())
}

cases! {
    case_2_1_empty_ping: [frame(PING, b"")], ALL => [(PONG, vec![])], End::Clean;
    case_2_2_ping_with_text: [frame(PING, b"Hello")], ALL => [(PONG, b"Hello".to_vec())], End::Clean;
    case_2_3_ping_with_bytes: [frame(PING, &[0, 255, 254, 253])], ALL => [(PONG, vec![0, 255, 254, 253])], End::Clean;
    case_2_4_ping_of_125: [frame(PING, &[0xfe; 125])], ALL => [(PONG, vec![0xfe; 125])], End::Clean;
    case_2_5_ping_of_126: [frame(PING, &[0xfe; 126])], ALL => [], End::Code(1002);
    case_2_6_ping_of_125_in_bytes: [frame(PING, &[0xfe; 125])], 1 => [(PONG, vec![0xfe; 125])], End::Clean;
    case_2_7_unasked_pong: [frame(PONG, b"")], ALL => [], End::Clean;
    case_2_8_unasked_pong_with_text: [frame(PONG, b"unsolicited")], ALL => [], End::Clean;
    case_2_9_unasked_pong_then_ping: [frame(PONG, b"unsolicited"), frame(PING, b"ping")],
        ALL => [(PONG, b"ping".to_vec())], End::Clean;
    case_2_10_ten_pings: numbered(10).map(|payload| frame(PING, &payload)).collect::<Vec<_>>(),
        ALL => numbered(10).map(|payload| (PONG, payload)).collect::<Vec<_>>(), End::Clean;
    case_2_11_ten_pings_in_bytes: numbered(10).map(|payload| frame(PING, &payload)).collect::<Vec<_>>(),
        1 => numbered(10).map(|payload| (PONG, payload)).collect::<Vec<_>>(), End::Clean;
    pings_are_answered_while_a_message_is_echoed: [frame(TEXT, b"a"), frame(PING, b"b"), frame(TEXT, b"c")],
        ALL => [(TEXT, b"a".to_vec()), (PONG, b"b".to_vec()), (TEXT, b"c".to_vec())], End::Clean;
}
