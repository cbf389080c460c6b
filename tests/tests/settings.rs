//! The settings of the demo: a file, the environment and the command line, each over the one before it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use mainspring_tests::{Demo, PATIENCE, Process, demo, eventually};

/// A file of settings in a folder of its own.
struct Settings {
    folder: PathBuf,
}

impl Settings {
    fn new(text: &str) -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("mainspring-settings-{}-{next}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let settings = Settings { folder };
        settings.write(text);
        settings
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.join("demo.toml")
    }

    /// The demo with this file, and each service on a free port.
    fn demo(&self) -> Demo {
        Demo::start_with(|command| _ = command.arg("--config").arg(self.path()))
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs the demo to its end; gives its exit code, its output and what it said.
fn run(change: impl FnOnce(&mut Command)) -> (Option<i32>, String, String) {
    let mut command = demo();
    change(&mut command);
    let mut process = Process::start(command);
    let code = process.wait(PATIENCE).code();
    (code, process.output().all(), process.errors().all())
}

/// The demo refuses its settings; gives what it said.
fn refused(change: impl FnOnce(&mut Command)) -> String {
    let (code, output, said) = run(change);
    assert_eq!((code, &*output), (Some(2), ""), "{said}");
    said
}

fn printed(config: &str, key: &str) -> String {
    let line = config.lines().find(|line| line.starts_with(&format!("{key} = ")));
    line.unwrap_or_else(|| panic!("`{key}` is not in\n{config}")).to_owned()
}

#[test]
fn each_layer_lies_over_the_one_before_it() {
    let file = Settings::new("tcp = '127.0.0.1:1'\nhttp = '127.0.0.1:2'\nudp = '127.0.0.1:3'\n");
    let (code, config, said) = run(|command| {
        command.arg("--print-config").arg("--config").arg(file.path());
        command.env("DEMO_HTTP", "127.0.0.1:20").env("DEMO_UDP", "127.0.0.1:30");
        command.args(["--udp", "127.0.0.1:300"]);
    });
    assert_eq!(code, Some(0), "{said}");
    let value = |key| printed(&config, key).split_whitespace().nth(2).unwrap().to_owned();
    assert_eq!(
        ["refresh", "tcp", "http", "udp"].map(value),
        ["10", "\"127.0.0.1:1\"", "\"127.0.0.1:20\"", "\"127.0.0.1:300\""]
    );
}

#[test]
fn the_file_in_the_working_folder_is_found_by_its_name() {
    let file = Settings::new("refresh = 77");
    let (code, config, said) = run(|command| _ = command.arg("--print-config").current_dir(&file.folder));
    assert_eq!(code, Some(0), "{said}");
    assert!(printed(&config, "refresh").starts_with("refresh = 77"), "{config}");
}

#[test]
fn the_environment_names_the_file() {
    let file = Settings::new("refresh = 77");
    let (_, config, _) = run(|command| _ = command.arg("--print-config").env("DEMO_CONFIG", file.path()));
    assert!(printed(&config, "refresh").starts_with("refresh = 77"), "{config}");
}

#[test]
fn what_is_printed_can_be_read_again() {
    let (_, config, _) = run(|command| _ = command.args(["--print-config", "--refresh", "0.5"]));
    let file = Settings::new(&config);
    let (code, output, said) = run(|command| _ = command.arg("--check").arg("--config").arg(file.path()));
    assert_eq!((code, &*output), (Some(0), "the settings of demo are in order"), "{said}");
    let (_, again, _) = run(|command| _ = command.arg("--print-config").arg("--config").arg(file.path()));
    assert!(printed(&again, "refresh").starts_with("refresh = 0.5"), "{again}");
}

#[test]
fn the_settings_of_the_file_are_in_force() {
    let file = Settings::new("refresh = 0.05");
    let demo = file.demo();
    let first = demo.rate_line();
    eventually("another rate", || (demo.rate_line() != first).then_some(()));
}

#[test]
fn a_bad_value_of_the_file_is_told_with_its_line() {
    let file = Settings::new("# the demo\nrefresh = 'soon'\n");
    let said = refused(|command| _ = command.arg("--config").arg(file.path()));
    let place = format!("{}:2:11: `refresh`: ", file.path().display());
    assert!(said.contains(&place), "{said}");
    assert!(
        said.contains("expected a number of seconds greater than 0") && said.contains("\"soon\""),
        "{said}"
    );
}

#[test]
fn a_bad_value_of_the_environment_is_told_with_its_variable() {
    let said = refused(|command| _ = command.env("DEMO_REFRESH", "0"));
    let place = "variable DEMO_REFRESH: `refresh`: expected a number of seconds greater than 0";
    assert!(said.contains(place), "{said}");
}

#[test]
fn a_bad_value_of_the_command_line_is_told_with_its_flag() {
    let said = refused(|command| _ = command.args(["--log", "inof"]));
    assert!(said.contains("flag --log: `log`: expected log directives"), "{said}");
    assert!(said.contains("\"inof\""), "{said}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let file = Settings::new("htp = '127.0.0.1:1'\nrefresh = -1\n");
    let said = refused(|command| {
        command.arg("--config").arg(file.path()).env("DEMO_LOG", "demo=loud").arg("--upd=127.0.0.1:1");
    });
    assert!(said.contains("4 mistakes"), "{said}");
    for part in ["did you mean `http`?", "demo.toml:2:11: `refresh`", "variable DEMO_LOG: ", "--upd"] {
        assert!(said.contains(part), "no {part}: {said}");
    }
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let said = refused(|command| _ = command.args(["--config", "/no/such/demo.toml"]));
    assert!(said.contains("flag --config: cannot read the settings from /no/such/demo.toml"), "{said}");
}

#[test]
fn check_says_what_is_wrong_and_starts_nothing() {
    let said = refused(|command| _ = command.args(["--check", "--refresh=0"]));
    assert!(said.contains("flag --refresh"), "{said}");
}

fn has_debug_lines(demo: &Demo) -> bool {
    demo.errors().so_far().iter().any(|line| line.contains("DEBUG"))
}

#[test]
fn sighup_puts_the_log_level_of_the_file_in_force() {
    let file = Settings::new("log = 'info'");
    let demo = file.demo();
    assert!(!has_debug_lines(&demo));
    file.write("log = 'debug'");
    demo.signal("HUP");
    demo.errors().expect("the settings are in force changes=log");
    demo.errors().expect("the log's filter has changed filter=\"debug\"");
    // What clients do wrong is told to those who debug.
    demo.connect().offer("nonsense\r\n\r\n");
    demo.errors().expect("DEBUG");
}

#[test]
fn the_log_level_of_the_file_holds_from_the_start() {
    let file = Settings::new("log = 'debug'");
    assert!(has_debug_lines(&file.demo()));
}

#[test]
fn sighup_refuses_a_bad_file_and_the_old_settings_live_on() {
    let file = Settings::new("log = 'info'");
    let mut demo = file.demo();
    file.write("log = 'debug'\nrefresh = 'soon'");
    demo.signal("HUP");
    let line = demo.errors().expect("the settings are refused, and the old ones stay in force: ");
    assert!(
        line.contains("ERROR") && line.contains("demo.toml:2:11: `refresh`: expected a number"),
        "{line}"
    );
    assert_eq!(demo.get("/").text(), "Meow.");
    demo.signal("TERM");
    assert_eq!(demo.wait(PATIENCE).code(), Some(0));
    assert!(!has_debug_lines(&demo), "{:?}", demo.errors().so_far());
}

#[test]
fn a_file_that_is_mended_is_taken_at_the_next_sighup() {
    let file = Settings::new("log = 'info'");
    let demo = file.demo();
    file.write("log = ");
    demo.signal("HUP");
    demo.errors().expect("the settings are refused");
    file.write("log = 'debug'");
    demo.signal("HUP");
    demo.errors().expect("filter=\"debug\"");
}

#[test]
fn what_the_environment_says_about_the_log_goes_before_the_file() {
    let file = Settings::new("log = 'debug'");
    let path: &Path = &file.path();
    let demo = Demo::start_with(|command| _ = command.arg("--config").arg(path).env("RUST_LOG", "info"));
    file.write("log = 'trace'");
    demo.signal("HUP");
    demo.errors().expect("the settings are in force changes=log");
    assert!(!has_debug_lines(&demo));
}
