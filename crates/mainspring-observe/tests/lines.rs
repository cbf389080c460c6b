//! How lines look, in each format.

mod support;

use mainspring_observe::log::{Format, Log, Output};
use serde_json::Value;
use support::Memory;
use tracing::{debug, error, info, info_span, warn};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

/// Logs what `body` says and returns the text.
fn logged(log: Log, body: impl FnOnce()) -> String {
    let memory = Memory::new();
    let (layer, guard) =
        log.output(Output::Writer(Box::new(memory.clone()))).layer::<Registry>().expect("the log opens");
    tracing::subscriber::with_default(Registry::default().with(layer), body);
    drop(guard);
    memory.text()
}

fn json(body: impl FnOnce()) -> Vec<Value> {
    let text = logged(Log::new().format(Format::Json), body);
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// `2026-11-23T14:48:54.123456Z`
fn is_timestamp(text: &str) -> bool {
    text.len() == 27
        && text.bytes().zip("dddd-dd-ddTdd:dd:dd.ddddddZ".bytes()).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            _ => byte == shape,
        })
}

#[test]
fn a_plain_line_has_time_level_target_message_and_fields() {
    let text = logged(Log::new(), || {
        info!(target: "rates", address = %"127.0.0.1:8888", service = %"tcp", "listening");
    });
    let (time, rest) = text.split_at(27);
    assert!(is_timestamp(time), "{time}");
    assert_eq!(rest, "  INFO rates: listening address=127.0.0.1:8888 service=tcp\n");
}

#[test]
fn a_writer_that_is_no_terminal_gets_no_colors() {
    let text = logged(Log::new(), || warn!("careful"));
    assert!(!text.contains('\x1b'), "{text:?}");
}

#[test]
fn color_asked_for_by_name_is_kept() {
    let text = logged(Log::new().format(Format::Color), || warn!("careful"));
    assert!(text.contains("\x1b[33m WARN\x1b[0m"), "{text:?}");
}

#[test]
fn spans_stand_before_the_target_with_their_fields() {
    let line = |format| {
        let text = logged(Log::new().format(format), || {
            let _outer = info_span!("request", id = 7).entered();
            let _inner = info_span!("query").entered();
            info!(target: "rates", "done");
        });
        text.split_once("Z").map(|(_, rest)| rest.to_owned()).unwrap()
    };
    assert_eq!(line(Format::Plain), "  INFO request{id=7}:query: rates: done\n");
    let colored = "\x1b[0m \x1b[32m INFO\x1b[0m \x1b[1mrequest\x1b[0m\x1b[1m{\x1b[0m\x1b[3mid\x1b[0m\x1b[2m=\x1b[0m7\
                   \x1b[1m}\x1b[0m\x1b[2m:\x1b[0m\x1b[1mquery\x1b[0m\x1b[2m:\x1b[0m \x1b[2mrates\x1b[0m\x1b[2m:\x1b[0m done\n";
    assert_eq!(line(Format::Color), colored);
}

#[test]
fn letters_beyond_ascii_are_kept_beside_the_controls_there() {
    let text = logged(Log::new(), || info!("£5 für «ж» \u{a0}\u{9f}\u{7f}."));
    assert!(text.ends_with("£5 für «ж» \u{a0}\\u{9f}\\x7f.\n"), "{text:?}");
}

#[test]
fn escape_sequences_in_a_message_do_not_reach_the_terminal() {
    let text = logged(Log::new(), || warn!("{}", "\x1b[2Jgone"));
    assert!(!text.contains('\x1b'), "{text:?}");
}

#[test]
fn a_text_line_is_one_line_whatever_is_logged() {
    let forged = "bye\r\n2026-11-23T14:48:54.123456Z  INFO rates: all is well\t\u{9b}2J\x07";
    for format in [Format::Plain, Format::Color] {
        let text = logged(Log::new().format(format), || {
            let _span = info_span!("request", path = %forged).entered();
            warn!(shown = %forged, debugged = ?forged, text = forged, "{forged}");
        });
        assert_eq!(text.lines().count(), 1, "{text:?}");
        let shown = r"bye\r\n2026-11-23T14:48:54.123456Z  INFO rates: all is well\t\u{9b}2J\x07";
        assert_eq!(text.matches(shown).count(), 3, "the message, a field and a span's field: {text:?}");
        let colors = |text: &str| text.replace("\x1b[", "").contains(char::is_control);
        assert!(!colors(text.trim_end()), "{text:?}");
    }
}

#[test]
fn a_text_line_has_the_sources_of_an_error_beside_it() {
    let io = std::io::Error::new(std::io::ErrorKind::NotFound, "no such\nfile");
    let outer = chained(io);
    let text = logged(Log::new(), || error!(error = outer.as_ref(), "failed"));
    let end = r"failed error=cannot read rates.toml error.sources=[no such\nfile]";
    assert!(text.trim_end().ends_with(end), "{text}");
}

#[test]
fn names_of_fields_stand_out_in_color() {
    let text = logged(Log::new().format(Format::Color), || warn!(r#type = 3, "careful"));
    assert!(text.contains("careful \x1b[3mtype\x1b[0m\x1b[2m=\x1b[0m3\n"), "{text:?}");
}

#[test]
fn a_json_line_carries_typed_fields_beside_the_message() {
    let lines = json(|| {
        info!(target: "rates", count = 3, delta = -1, ratio = 0.5, big = 1e300, nan = f64::NAN, ok = true,
              text = "a \"b\"\n\\c\u{1}é", debug = ?Some(1), "listening");
    });
    let line = &lines[0];
    assert!(is_timestamp(line["timestamp"].as_str().unwrap()));
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["target"], "rates");
    assert_eq!(line["message"], "listening");
    assert_eq!(line["count"], 3);
    assert_eq!(line["delta"], -1);
    assert_eq!(line["ratio"], 0.5);
    assert_eq!(line["big"], 1e300);
    assert_eq!(line["nan"], Value::Null);
    assert_eq!(line["ok"], true);
    assert_eq!(line["text"], "a \"b\"\n\\c\u{1}é");
    assert_eq!(line["debug"], "Some(1)");
}

#[test]
fn a_json_field_named_like_a_key_of_the_line_does_not_repeat_the_key() {
    let text = logged(Log::new().format(Format::Json), || info!(level = 3, r#type = "x", "go"));
    assert_eq!(text.matches("\"level\":").count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["fields.level"], 3);
    assert_eq!(line["type"], "x");
}

#[test]
fn a_json_line_lists_its_spans_outermost_first_with_late_fields() {
    let lines = json(|| {
        let outer = info_span!("request", id = 7, status = tracing::field::Empty).entered();
        let _inner = info_span!("query", name = "users").entered();
        outer.record("status", 200);
        info!("done");
    });
    let spans = &lines[0]["spans"];
    assert_eq!(spans[0], serde_json::json!({"name": "request", "id": 7, "status": 200}));
    assert_eq!(spans[1], serde_json::json!({"name": "query", "fields.name": "users"}));
}

#[test]
fn a_json_error_carries_its_sources() {
    let io = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
    let outer = chained(io);
    let lines = json(|| error!(error = outer.as_ref(), "failed"));
    assert_eq!(lines[0]["error"], "cannot read rates.toml");
    assert_eq!(lines[0]["error.sources"], serde_json::json!(["no such file"]));
}

fn chained(source: std::io::Error) -> Box<dyn std::error::Error + 'static> {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cannot read rates.toml")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    Box::new(Outer(source))
}

#[test]
fn directives_pick_lines_by_module() {
    let text = logged(Log::new().level("warn").filter("loud=debug"), || {
        debug!(target: "loud", "one");
        info!(target: "quiet", "two");
        warn!(target: "quiet", "three");
    });
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("one") && text.contains("three"));
}

#[test]
fn the_filter_of_the_log_does_not_reach_other_layers() {
    let (memory, other) = (Memory::new(), Memory::new());
    let layer = |memory: &Memory, level: &str| {
        Log::new().level(level).output(Output::Writer(Box::new(memory.clone())))
    };
    let (quiet, first) = layer(&memory, "error").layer().unwrap();
    let (loud, second) = layer(&other, "debug").layer().unwrap();
    let subscriber = Registry::default().with(quiet).with(loud);
    tracing::subscriber::with_default(subscriber, || debug!("hello"));
    drop((first, second));
    assert_eq!(memory.text(), "");
    assert!(other.text().contains("hello"));
}

#[test]
fn a_value_that_panics_while_it_is_formatted_does_not_spoil_the_next_line() {
    struct Broken;
    impl std::fmt::Debug for Broken {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("the value's own bug")
        }
    }
    let lines = json(|| {
        let outcome = std::panic::catch_unwind(|| info!(value = ?Broken, "first"));
        assert!(outcome.is_err());
        info!("second");
    });
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["message"], "second");
}

mainspring_task::context_var! {
    static REQUEST: u64, logged;
    static USER: String, logged;
    static QUIET: u64;
}

#[test]
fn a_plain_line_carries_the_chosen_variables_of_its_task() {
    let text = logged(Log::new(), || {
        REQUEST.set(7);
        QUIET.set(8);
        info!("asked");
        REQUEST.unset();
        info!("later");
    });
    let ends: Vec<_> = text.lines().map(|line| line.rsplit(": ").next().unwrap()).collect();
    assert_eq!(ends, ["asked request=7", "later"]);
}

#[test]
fn a_variable_of_a_task_cannot_forge_a_line() {
    let text = logged(Log::new(), || {
        USER.set("eve\nforged".to_owned());
        info!("asked");
    });
    assert!(text.ends_with("asked user=eve\\nforged\n"), "{text:?}");
}

#[test]
fn a_json_line_carries_the_chosen_variables_of_its_task() {
    let lines = json(|| {
        REQUEST.set(7);
        USER.set("a \"b\"".to_owned());
        info!(context = 1, "asked");
    });
    assert_eq!(lines[0]["context"], serde_json::json!({ "request": "7", "user": "a \"b\"" }));
    assert_eq!(lines[0]["fields.context"], 1);
}
