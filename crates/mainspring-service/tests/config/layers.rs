use std::time::Duration;

use mainspring_service::config::{Address, Loader, Sources};

use crate::settings::{Level, Settings, Strict, args, file, load, var};

const FILE: &str = "refresh = '10s'\n[http]\nworkers = 1\naddress = '0.0.0.0:1'\n";

#[test]
fn without_anything_the_defaults_are_in_force() {
    assert_eq!(load(Sources::none()).unwrap(), Settings::default());
}

#[test]
fn the_file_lies_over_the_defaults() {
    let settings = load(file(FILE)).unwrap();
    assert_eq!(settings.refresh.duration(), Duration::from_secs(10));
    assert_eq!((settings.http.workers, settings.http.address.port()), (1, 1));
    assert_eq!(settings.http.max_body, Settings::default().http.max_body);
}

#[test]
fn variables_lie_over_the_file() {
    let settings = load(file(FILE).var("RATES_HTTP__WORKERS", "2")).unwrap();
    assert_eq!((settings.http.workers, settings.http.address.port()), (2, 1));
}

#[test]
fn flags_lie_over_variables() {
    let sources = file(FILE).var("RATES_HTTP__WORKERS", "2").args(["--http.workers=3"]);
    let settings = load(sources).unwrap();
    assert_eq!((settings.http.workers, settings.http.address.port()), (3, 1));
}

#[test]
fn the_last_of_two_flags_counts() {
    let sources = args(["--http.workers=3", "--set", "http.workers=4", "--http.workers", "5"]);
    assert_eq!(load(sources).unwrap().http.workers, 5);
}

#[test]
fn a_flag_is_written_with_dashes_or_with_underscores() {
    for flag in ["--http.max-body=1 KiB", "--http.max_body=1 KiB", "--set=http.max-body=1 KiB"] {
        assert_eq!(load(args([flag])).unwrap().http.max_body.bytes(), 1024, "{flag}");
    }
    assert_eq!(load(var("RATES_HTTP__MAX_BODY", "1 KiB")).unwrap().http.max_body.bytes(), 1024);
}

#[test]
fn the_flag_of_a_switch_needs_no_value() {
    assert!(load(args(["--http.compress"])).unwrap().http.compress);
    assert!(load(args(["--http.compress", "--http.workers=1"])).unwrap().http.compress);
    assert!(!load(file("http.compress = true").args(["--http.compress", "false"])).unwrap().http.compress);
    assert!(load(var("RATES_HTTP__COMPRESS", "1")).unwrap().http.compress);
}

#[test]
fn the_type_of_a_setting_decides_what_a_text_means() {
    let sources = var("RATES_TOKEN", "12345").var("RATES_CURRENCIES", "1, 2").var("RATES_LEVEL", "debug");
    let settings = load(sources.args(["--proxy", "localhost:1", "--factors.eur=2"])).unwrap();
    assert_eq!(settings.token.expose(), "12345");
    assert_eq!(settings.currencies, ["1", "2"]);
    assert_eq!(settings.level, Level::Debug);
    assert_eq!(settings.proxy, Some(Address::new("localhost", 1)));
    assert_eq!(settings.factors["eur"].to_bits(), 2.0_f64.to_bits());
}

#[test]
fn lists_and_tables_are_written_on_the_command_line_as_in_a_file() {
    let settings = load(args(["--currencies=['A, B', 'C']", "--http={ workers = 7 }"])).unwrap();
    assert_eq!(settings.currencies, ["A, B", "C"]);
    assert_eq!(settings.http.workers, 7);
}

#[test]
fn zero_and_nothing_are_values_and_not_taken_for_a_missing_one() {
    let text = "token = ''\nsource = 'localhost:0'\nlimits = { rate = 0 }";
    let settings: Strict = Loader::new("rates").sources(file(text)).load().unwrap();
    assert_eq!((settings.source.port(), settings.limits.rate), (0, 0));
    assert_eq!(settings.token.expose(), "");
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    assert_eq!(load(var("RATES_REFRESH", "")).unwrap(), Settings::default());
}

#[test]
fn a_named_file_takes_the_place_of_the_usual_one() {
    let sources = file(FILE).file("a.toml", "http.workers = 7").file("b.toml", "http.workers = 8");
    let workers = |sources| load(sources).unwrap().http.workers;
    assert_eq!(workers(sources.clone().var("RATES_CONFIG", "a.toml")), 7);
    assert_eq!(workers(sources.clone().args(["--config", "b.toml"])), 8);
    assert_eq!(workers(sources.var("RATES_CONFIG", "a.toml").args(["--config=b.toml"])), 8);
}

#[test]
fn what_follows_two_dashes_is_left_to_the_program() {
    assert_eq!(load(args(["--http.workers=2", "--", "word", "--http.workers=x"])).unwrap().http.workers, 2);
}

#[test]
fn variables_of_others_are_left_alone() {
    let sources =
        var("PATH", "/bin").var("RATESX", "1").var("RATES_", "1").var("RATES_PORT", "tcp://10.0.0.1:80");
    assert_eq!(load(sources).unwrap(), Settings::default());
}

#[test]
fn a_variable_of_others_may_be_any_bytes() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = || std::ffi::OsString::from_vec(vec![0xff]);
    assert_eq!(load(Sources::none().var(bytes(), bytes())).unwrap(), Settings::default());
}

#[test]
fn the_prefix_and_the_file_can_be_chosen() {
    let sources = Sources::none().file("/etc/r.toml", "http.workers = 2").var("R_REFRESH", "1s");
    let loader = Loader::new("rates").prefix("R").file("/etc/r.toml").sources(sources);
    let settings: Settings = loader.load().unwrap();
    assert_eq!((settings.http.workers, settings.refresh.duration().as_secs()), (2, 1));
}

#[test]
fn a_program_reads_its_own_process_and_the_files_of_its_machine() {
    let path = std::env::temp_dir().join(format!("mainspring-config-{}.toml", std::process::id()));
    std::fs::write(&path, "http.workers = 9").unwrap();
    let named = format!("--config={}", path.display());
    let settings = load(Sources::process().args([named]));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(settings.unwrap().http.workers, 9);
}
