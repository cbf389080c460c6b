//! Chapters 1 (framing), 3 (reserved bits), 4 (opcodes), 5 (fragmentation), 9 (sizes) and 10.

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::cases;
use crate::support::{BINARY, CLOSE, CONTINUE, End, PING, PONG, TEXT, frame, header, part, with};

const ALL: usize = usize::MAX;

fn stars(count: usize) -> Vec<u8> {
    vec![b'*'; count]
}

fn bytes(count: usize) -> Vec<u8> {
    vec![0xfe; count]
}

cases! {
    case_1_1_1_empty_text: [frame(TEXT, b"")], ALL => [(TEXT, vec![])], End::Clean;
    case_1_1_2_text_of_125: [frame(TEXT, &stars(125))], ALL => [(TEXT, stars(125))], End::Clean;
    case_1_1_3_text_of_126: [frame(TEXT, &stars(126))], ALL => [(TEXT, stars(126))], End::Clean;
    case_1_1_4_text_of_127: [frame(TEXT, &stars(127))], ALL => [(TEXT, stars(127))], End::Clean;
    case_1_1_5_text_of_128: [frame(TEXT, &stars(128))], ALL => [(TEXT, stars(128))], End::Clean;
    case_1_1_6_text_of_65535: [frame(TEXT, &stars(65_535))], ALL => [(TEXT, stars(65_535))], End::Clean;
    case_1_1_7_text_of_65536: [frame(TEXT, &stars(65_536))], ALL => [(TEXT, stars(65_536))], End::Clean;
    case_1_1_8_text_in_chops: [frame(TEXT, &stars(65_536))], 997 => [(TEXT, stars(65_536))], End::Clean;
    case_1_2_1_empty_binary: [frame(BINARY, b"")], ALL => [(BINARY, vec![])], End::Clean;
    case_1_2_2_binary_of_125: [frame(BINARY, &bytes(125))], ALL => [(BINARY, bytes(125))], End::Clean;
    case_1_2_3_binary_of_126: [frame(BINARY, &bytes(126))], ALL => [(BINARY, bytes(126))], End::Clean;
    case_1_2_4_binary_of_127: [frame(BINARY, &bytes(127))], ALL => [(BINARY, bytes(127))], End::Clean;
    case_1_2_5_binary_of_128: [frame(BINARY, &bytes(128))], ALL => [(BINARY, bytes(128))], End::Clean;
    case_1_2_6_binary_of_65535: [frame(BINARY, &bytes(65_535))], ALL => [(BINARY, bytes(65_535))], End::Clean;
    case_1_2_7_binary_of_65536: [frame(BINARY, &bytes(65_536))], ALL => [(BINARY, bytes(65_536))], End::Clean;
    case_1_2_8_binary_in_chops: [frame(BINARY, &bytes(65_536))], 997 => [(BINARY, bytes(65_536))], End::Clean;
}

fn reserved(rsv1: bool, rsv2: bool, rsv3: bool, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    with(FrameHeader { rsv1, rsv2, rsv3, opcode, ..header() }, payload)
}

cases! {
    case_3_1_rsv3: [reserved(false, false, true, TEXT, b"Hello")], ALL => [], End::Code(1002);
    case_3_2_rsv2_after_a_message: [frame(TEXT, b"Hello"), reserved(false, true, false, TEXT, b"Hello"), frame(PING, b"")],
        ALL => [(TEXT, b"Hello".to_vec())], End::Code(1002);
    case_3_3_rsv2_and_3: [frame(TEXT, b"Hello"), reserved(false, true, true, TEXT, b"Hello"), frame(PING, b"")],
        ALL => [(TEXT, b"Hello".to_vec())], End::Code(1002);
    case_3_4_rsv1_in_bytes: [frame(TEXT, b"Hello"), reserved(true, false, false, TEXT, b"Hello"), frame(PING, b"")],
        1 => [(TEXT, b"Hello".to_vec())], End::Code(1002);
    case_3_5_rsv1_and_3_on_binary: [reserved(true, false, true, BINARY, &bytes(8))], ALL => [], End::Code(1002);
    case_3_6_rsv1_and_2_on_ping: [reserved(true, true, false, PING, &bytes(8))], ALL => [], End::Code(1002);
    case_3_7_all_on_close: [reserved(true, true, true, CLOSE, b"")], ALL => [], End::Code(1002);
}

fn data(code: u8) -> OpCode {
    OpCode::Data(Data::Reserved(code))
}

fn control(code: u8) -> OpCode {
    OpCode::Control(Control::Reserved(code))
}

fn hello() -> (OpCode, Vec<u8>) {
    (TEXT, b"Hello".to_vec())
}

cases! {
    case_4_1_1_opcode_3: [frame(data(3), b"")], ALL => [], End::Code(1002);
    case_4_1_2_opcode_4: [frame(data(4), b"reserved")], ALL => [], End::Code(1002);
    case_4_1_3_opcode_5_after_a_message: [frame(TEXT, b"Hello"), frame(data(5), b""), frame(PING, b"")],
        ALL => [hello()], End::Code(1002);
    case_4_1_4_opcode_6_after_a_message: [frame(TEXT, b"Hello"), frame(data(6), b"x"), frame(PING, b"")],
        ALL => [hello()], End::Code(1002);
    case_4_1_5_opcode_7_in_bytes: [frame(TEXT, b"Hello"), frame(data(7), b"x"), frame(PING, b"")],
        1 => [hello()], End::Code(1002);
    case_4_2_1_opcode_11: [frame(control(11), b"")], ALL => [], End::Code(1002);
    case_4_2_2_opcode_12: [frame(control(12), b"reserved")], ALL => [], End::Code(1002);
    case_4_2_3_opcode_13_after_a_message: [frame(TEXT, b"Hello"), frame(control(13), b""), frame(PING, b"")],
        ALL => [hello()], End::Code(1002);
    case_4_2_4_opcode_14_after_a_message: [frame(TEXT, b"Hello"), frame(control(14), b"x"), frame(PING, b"")],
        ALL => [hello()], End::Code(1002);
    case_4_2_5_opcode_15_in_bytes: [frame(TEXT, b"Hello"), frame(control(15), b"x"), frame(PING, b"")],
        1 => [hello()], End::Code(1002);
}

fn fragments() -> Vec<Vec<u8>> {
    vec![part(TEXT, b"fragment1"), frame(CONTINUE, b"fragment2")]
}

fn joined() -> (OpCode, Vec<u8>) {
    (TEXT, b"fragment1fragment2".to_vec())
}

fn pong() -> (OpCode, Vec<u8>) {
    (PONG, b"ping".to_vec())
}

cases! {
    case_5_1_ping_in_fragments: [part(PING, b"a"), frame(CONTINUE, b"b")], ALL => [], End::Code(1002);
    case_5_2_pong_in_fragments: [part(PONG, b"a"), frame(CONTINUE, b"b")], ALL => [], End::Code(1002);
    case_5_3_text_in_two: fragments(), ALL => [joined()], End::Clean;
    case_5_4_text_in_two_chopped_by_frame: fragments(), 15 => [joined()], End::Clean;
    case_5_5_text_in_two_in_bytes: fragments(), 1 => [joined()], End::Clean;
    case_5_6_ping_between: [part(TEXT, b"fragment1"), frame(PING, b"ping"), frame(CONTINUE, b"fragment2")],
        ALL => [pong(), joined()], End::Clean;
    case_5_7_ping_between_chopped: [part(TEXT, b"fragment1"), frame(PING, b"ping"), frame(CONTINUE, b"fragment2")],
        15 => [pong(), joined()], End::Clean;
    case_5_8_ping_between_in_bytes: [part(TEXT, b"fragment1"), frame(PING, b"ping"), frame(CONTINUE, b"fragment2")],
        1 => [pong(), joined()], End::Clean;
    case_5_9_last_continuation_of_nothing: [frame(CONTINUE, b"x"), frame(TEXT, b"Hello")], ALL => [], End::Code(1002);
    case_5_10_the_same_chopped: [frame(CONTINUE, b"x"), frame(TEXT, b"Hello")], 7 => [], End::Code(1002);
    case_5_11_the_same_in_bytes: [frame(CONTINUE, b"x"), frame(TEXT, b"Hello")], 1 => [], End::Code(1002);
    case_5_12_first_continuation_of_nothing: [part(CONTINUE, b"x"), frame(TEXT, b"Hello")], ALL => [], End::Code(1002);
    case_5_13_the_same_chopped: [part(CONTINUE, b"x"), frame(TEXT, b"Hello")], 7 => [], End::Code(1002);
    case_5_14_the_same_in_bytes: [part(CONTINUE, b"x"), frame(TEXT, b"Hello")], 1 => [], End::Code(1002);
    case_5_15_continuation_after_a_whole_message: [fragments().concat(), part(CONTINUE, b"x"), frame(TEXT, b"Hello")],
        ALL => [joined()], End::Code(1002);
    case_5_16_continuations_of_nothing_and_texts: [part(CONTINUE, b"x"), part(TEXT, b"a"), frame(CONTINUE, b"b")],
        ALL => [], End::Code(1002);
    case_5_17_last_continuations_of_nothing: [frame(CONTINUE, b"x"), part(TEXT, b"a"), frame(CONTINUE, b"b")],
        ALL => [], End::Code(1002);
    case_5_18_text_within_text: [part(TEXT, b"a"), frame(TEXT, b"b")], ALL => [], End::Code(1002);
    case_5_19_five_fragments_with_pings: [part(TEXT, b"1"), part(CONTINUE, b"2"), frame(PING, b"ping"),
        part(CONTINUE, b"3"), part(CONTINUE, b"4"), frame(PING, b"ping"), frame(CONTINUE, b"5")],
        ALL => [pong(), pong(), (TEXT, b"12345".to_vec())], End::Clean;
    case_5_20_the_same_in_bytes: [part(TEXT, b"1"), part(CONTINUE, b"2"), frame(PING, b"ping"),
        part(CONTINUE, b"3"), part(CONTINUE, b"4"), frame(PING, b"ping"), frame(CONTINUE, b"5")],
        1 => [pong(), pong(), (TEXT, b"12345".to_vec())], End::Clean;
}

const KIB: usize = 1024;

fn in_parts(opcode: OpCode, size: usize, each: usize) -> Vec<Vec<u8>> {
    let payload = stars(size);
    let count = size.div_ceil(each);
    let pieces = payload.chunks(each).enumerate();
    pieces
        .map(|(index, piece)| {
            let opcode = if index == 0 { opcode } else { CONTINUE };
            if index + 1 == count { frame(opcode, piece) } else { part(opcode, piece) }
        })
        .collect()
}

cases! {
    case_9_1_1_text_of_64_kib: [frame(TEXT, &stars(64 * KIB))], ALL => [(TEXT, stars(64 * KIB))], End::Clean;
    case_9_1_3_text_of_1_mib: [frame(TEXT, &stars(1024 * KIB))], ALL => [(TEXT, stars(1024 * KIB))], End::Clean;
    case_9_1_5_text_of_8_mib: [frame(TEXT, &stars(8192 * KIB))], ALL => [(TEXT, stars(8192 * KIB))], End::Clean;
    case_9_1_6_text_of_16_mib: [frame(TEXT, &stars(16_384 * KIB))], ALL => [(TEXT, stars(16_384 * KIB))], End::Clean;
    case_9_2_6_binary_of_16_mib: [frame(BINARY, &bytes(16_384 * KIB))], ALL => [(BINARY, bytes(16_384 * KIB))], End::Clean;
    case_9_2_7_binary_beyond_the_limit: [frame(BINARY, &bytes(16_384 * KIB + 1))], ALL => [], End::Code(1009);
    case_9_3_1_text_of_64_kib_in_parts_of_64: in_parts(TEXT, 64 * KIB, 64), ALL => [(TEXT, stars(64 * KIB))], End::Clean;
    case_9_3_4_text_of_4_mib_in_parts_of_4_kib: in_parts(TEXT, 4096 * KIB, 4 * KIB),
        ALL => [(TEXT, stars(4096 * KIB))], End::Clean;
    case_9_4_6_binary_of_4_mib_in_parts_of_64_kib: in_parts(BINARY, 4096 * KIB, 64 * KIB),
        ALL => [(BINARY, stars(4096 * KIB))], End::Clean;
    case_9_5_1_text_of_1_mib_in_chops_of_64: [frame(TEXT, &stars(1024 * KIB))], 64 => [(TEXT, stars(1024 * KIB))], End::Clean;
    case_9_6_4_binary_of_1_mib_in_chops_of_512: [frame(BINARY, &bytes(1024 * KIB))], 512
        => [(BINARY, bytes(1024 * KIB))], End::Clean;
    case_9_7_1_thousand_empty_texts: vec![frame(TEXT, b""); 1000], ALL => vec![(TEXT, vec![]); 1000], End::Clean;
    case_9_8_4_thousand_binaries_of_256: vec![frame(BINARY, &bytes(256)); 1000], ALL => vec![(BINARY, bytes(256)); 1000], End::Clean;
    case_10_1_1_text_in_parts_of_1300: in_parts(TEXT, 65_536, 1300), ALL => [(TEXT, stars(65_536))], End::Clean;
}
