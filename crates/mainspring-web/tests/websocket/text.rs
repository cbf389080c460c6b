//! Chapter 6: texts must be UTF-8.

use crate::cases;
use crate::support::{CONTINUE, End, TEXT, frame, part};

const ALL: usize = usize::MAX;
/// "κόσμε", and the same with something behind it that is no UTF-8.
const VALID: &[u8] = "Hello-µ@ßöäüàá-UTF-8!!".as_bytes();
const GREEK: &[u8] = "κόσμε".as_bytes();

fn split(payload: &[u8], each: usize) -> Vec<Vec<u8>> {
    let count = payload.len().div_ceil(each);
    let pieces = payload.chunks(each).enumerate();
    pieces
        .map(|(index, piece)| {
            let opcode = if index == 0 { TEXT } else { CONTINUE };
            if index + 1 == count { frame(opcode, piece) } else { part(opcode, piece) }
        })
        .collect()
}

fn broken() -> Vec<u8> {
    [GREEK, &[0xed, 0xa0, 0x80], b"edited"].concat()
}

cases! {
    case_6_1_1_empty_text: [frame(TEXT, b"")], ALL => [(TEXT, vec![])], End::Clean;
    case_6_1_2_empty_in_three: [part(TEXT, b""), part(CONTINUE, b""), frame(CONTINUE, b"")], ALL => [(TEXT, vec![])], End::Clean;
    case_6_1_3_middle_of_three: [part(TEXT, b""), part(CONTINUE, b"middle"), frame(CONTINUE, b"")],
        ALL => [(TEXT, b"middle".to_vec())], End::Clean;
    case_6_2_1_valid: [frame(TEXT, VALID)], ALL => [(TEXT, VALID.to_vec())], End::Clean;
    case_6_2_2_valid_in_two_between_characters: [part(TEXT, &VALID[..14]), frame(CONTINUE, &VALID[14..])],
        ALL => [(TEXT, VALID.to_vec())], End::Clean;
    case_6_2_3_valid_in_bytes: split(VALID, 1), ALL => [(TEXT, VALID.to_vec())], End::Clean;
    case_6_2_4_greek_in_bytes: split(GREEK, 1), ALL => [(TEXT, GREEK.to_vec())], End::Clean;
    case_6_3_1_surrogate: [frame(TEXT, &broken())], ALL => [], End::Code(1007);
    case_6_3_2_surrogate_in_bytes: split(&broken(), 1), ALL => [], End::Code(1007);
    /// Refused at the fragment that goes wrong: the rest of the message never comes.
    case_6_4_1_wrong_in_the_middle: [part(TEXT, GREEK), part(CONTINUE, &[0xf4, 0x90, 0x80, 0x80])], ALL => [], End::Code(1007);
    case_6_4_2_wrong_at_its_first_byte: [part(TEXT, &[GREEK, &[0xf4]].concat()), part(CONTINUE, &[0x90])],
        ALL => [], End::Code(1007);
    /// Refused within a frame that has not come whole.
    case_6_4_3_wrong_within_a_frame: [frame(TEXT, &[GREEK, &[0xf4, 0x90, 0x80, 0x80], &[b'x'; 100]].concat())[..30].to_vec()],
        ALL => [], End::Code(1007);
}

macro_rules! sequences {
    (valid: $($name:ident: $bytes:expr;)*) => { cases! { $($name: [frame(TEXT, $bytes)], ALL => [(TEXT, $bytes.to_vec())], End::Clean;)* } };
    (broken: $($name:ident: $bytes:expr;)*) => { cases! { $($name: [frame(TEXT, $bytes)], ALL => [], End::Code(1007);)* } };
}

sequences! { valid:
    case_6_5_greek: GREEK;
    case_6_6_2_two_bytes: b"\xce\xba";
    case_6_6_11_three_bytes: b"\xe1\xbd\xb9";
    case_6_7_1_nul: b"\x00";
    case_6_7_2_first_of_two: b"\xc2\x80";
    case_6_7_3_first_of_three: b"\xe0\xa0\x80";
    case_6_7_4_first_of_four: b"\xf0\x90\x80\x80";
    case_6_9_1_last_of_one: b"\x7f";
    case_6_9_2_last_of_two: b"\xdf\xbf";
    case_6_9_3_last_of_three: b"\xef\xbf\xbf";
    case_6_9_4_last_of_four: b"\xf4\x8f\xbf\xbf";
    case_6_11_1_before_the_surrogates: b"\xed\x9f\xbf";
    case_6_11_2_after_the_surrogates: b"\xee\x80\x80";
    case_6_11_3_replacement: b"\xef\xbf\xbd";
    case_6_22_1_fffe: b"\xef\xbf\xbe";
    case_6_22_3_1fffe: b"\xf0\x9f\xbf\xbe";
    case_6_23_1_fffc: b"\xef\xbf\xbc";
}

sequences! { broken:
    case_6_6_1_first_byte_alone: b"\xce";
    case_6_6_3_one_of_two: b"\xce\xba\xe1";
    case_6_6_4_two_of_three: b"\xce\xba\xe1\xbd";
    case_6_8_1_five_bytes: b"\xf8\x88\x80\x80\x80";
    case_6_8_2_six_bytes: b"\xfc\x84\x80\x80\x80\x80";
    case_6_10_1_above_the_last: b"\xf4\x90\x80\x80";
    case_6_10_2_five_bytes_at_the_top: b"\xfb\xbf\xbf\xbf\xbf";
    case_6_10_3_six_bytes_at_the_top: b"\xfd\xbf\xbf\xbf\xbf\xbf";
    case_6_12_1_continuation_alone: b"\x80";
    case_6_12_2_last_continuation_alone: b"\xbf";
    case_6_12_8_eight_continuations: b"\x80\xbf\x80\xbf\x80\xbf\x80\xbe";
    case_6_13_1_starts_of_two: b"\xc0 \xc1 \xc2 \xc3 ";
    case_6_13_2_starts_of_three: b"\xe0 \xe1 \xe2 ";
    case_6_13_3_starts_of_four: b"\xf0 \xf1 \xf2 ";
    case_6_14_1_last_byte_missing: b"\xc0";
    case_6_14_6_last_byte_missing_of_two: b"\xdf";
    case_6_14_7_last_byte_missing_of_three: b"\xef\xbf";
    case_6_15_1_ten_incomplete: b"\xc0\xe0\x80\xf0\x80\x80\xdf\xef\xbf\xf7\xbf\xbf";
    case_6_16_1_fe: b"\xfe";
    case_6_16_2_ff: b"\xff";
    case_6_17_1_overlong_slash_in_two: b"\xc0\xaf";
    case_6_17_2_overlong_slash_in_three: b"\xe0\x80\xaf";
    case_6_17_3_overlong_slash_in_four: b"\xf0\x80\x80\xaf";
    case_6_18_1_overlong_at_the_top_of_two: b"\xc1\xbf";
    case_6_18_2_overlong_at_the_top_of_three: b"\xe0\x9f\xbf";
    case_6_18_3_overlong_at_the_top_of_four: b"\xf0\x8f\xbf\xbf";
    case_6_19_1_overlong_nul: b"\xc0\x80";
    case_6_20_1_first_surrogate: b"\xed\xa0\x80";
    case_6_20_7_last_surrogate: b"\xed\xbf\xbf";
    case_6_21_1_pair_of_surrogates: b"\xed\xa0\x80\xed\xb0\x80";
}
