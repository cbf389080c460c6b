//! The exact text of each mistake: it is what a person in trouble reads.

use mainspring_service::config::{Loader, Sources};

use crate::settings::{Settings, Strict, args, file, load, var, wrong};

fn strict(sources: Sources) -> String {
    Loader::new("rates").sources(sources).load::<Strict>().unwrap_err().to_string()
}

#[test]
fn an_unknown_key() {
    let text = wrong(file("refresh = '1s'\n[http]\nworkrs = 3\n"));
    assert_eq!(text, "rates.toml:3:1: unknown key `http.workrs`; did you mean `http.workers`?");
}

#[test]
fn an_unknown_table() {
    assert_eq!(
        wrong(file("[htp]\nworkers = 3\n")),
        "rates.toml:1:2: unknown key `htp`; did you mean `http`?"
    );
}

#[test]
fn a_key_of_another_table() {
    assert_eq!(
        wrong(file("max-body = 3")),
        "rates.toml:1:1: unknown key `max-body`; did you mean `http.max-body`?"
    );
}

#[test]
fn an_unknown_key_that_is_like_no_other() {
    assert_eq!(
        wrong(file("http.zzz = 3")),
        "rates.toml:1:6: unknown key `http.zzz`; known are `address`, `workers`, `max-body`, `compress`"
    );
}

#[test]
fn a_wrong_type() {
    assert_eq!(
        wrong(file("[http]\n  workers = 'many'\n")),
        "rates.toml:2:13: `http.workers`: expected an integer from 0 to 65535, found \"many\""
    );
}

#[test]
fn a_number_in_quotes_is_no_number_in_a_file() {
    assert_eq!(
        wrong(file("http.workers = '4'")),
        "rates.toml:1:16: `http.workers`: expected an integer from 0 to 65535, found \"4\""
    );
}

#[test]
fn a_number_out_of_range() {
    assert_eq!(
        wrong(file("http.workers = 70000")),
        "rates.toml:1:16: `http.workers`: expected an integer from 0 to 65535, found 70000"
    );
}

#[test]
fn a_wrong_item_of_a_list() {
    assert_eq!(
        wrong(file("currencies = ['EUR', 5]")),
        "rates.toml:1:22: `currencies[1]`: expected a string, found 5"
    );
}

#[test]
fn a_key_that_would_play_with_the_terminal() {
    let text = wrong(file("\"\\u001B[31mred\" = 3"));
    assert!(text.starts_with("rates.toml:1:1: unknown key `\\u{1b}[31mred`; known are"), "{text}");
}

#[test]
fn a_key_that_is_too_deep() {
    let key = format!("--factors{}=1", ".a".repeat(100_000));
    assert!(wrong(args([&key])).ends_with("there is no such flag; `--help` lists them"));
}

#[test]
fn a_key_with_a_dot_in_it_is_no_path() {
    assert_eq!(
        wrong(file("'http.workers' = 3")),
        "rates.toml:1:1: unknown key `\"http.workers\"`; did you mean `http.workers`?"
    );
}

#[test]
fn a_table_where_a_number_is_expected_is_of_the_layer_that_made_it() {
    assert_eq!(
        wrong(file("factors.a = 1").args(["--factors.a.b=2"])),
        "flag --factors.a.b: `factors.a`: expected a number, found a table"
    );
    assert_eq!(
        wrong(file("factors.a.b = 1")),
        "rates.toml:1:9: `factors.a`: expected a number, found a table"
    );
}

#[test]
fn what_is_taken_out_for_a_mistake_leaves_no_second_one() {
    #[derive(Debug, Default, serde::Serialize, serde::Deserialize, mainspring_macros::Config)]
    #[serde(default)]
    #[config(crate = "mainspring_service::config")]
    struct Outer {
        way: Way,
    }
    #[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Way {
        #[default]
        Off,
        On {
            limit: u8,
        },
    }
    let error = Loader::new("rates").sources(args(["--way.on.limit=x"])).load::<Outer>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "flag --way.on.limit: `way.on.limit`: expected an integer from 0 to 255, found \"x\""
    );
}

#[test]
fn a_value_for_a_table() {
    assert_eq!(wrong(file("http = 80")), "rates.toml:1:8: `http`: expected a table, found an integer");
}

#[test]
fn a_bad_duration() {
    assert_eq!(
        wrong(file("refresh = 10")),
        "rates.toml:1:11: `refresh`: expected a duration such as \"10s\" or \"1m30s\", found 10"
    );
}

#[test]
fn a_bad_size() {
    assert_eq!(
        wrong(file("http.max-body = '2M'")),
        "rates.toml:1:17: `http.max-body`: expected a size such as \"2 MiB\" or \"512 kB\", found \"2M\""
    );
}

#[test]
fn a_name_that_is_none_of_a_choice() {
    assert_eq!(
        wrong(file("level = 'inof'")),
        "rates.toml:1:9: `level`: expected `debug` or `info`, found \"inof\"; did you mean `info`?"
    );
}

#[test]
fn a_missing_file() {
    assert_eq!(
        wrong(args(["--config", "other.toml"])),
        "flag --config: cannot read the settings from other.toml: No such file or directory (os error 2)"
    );
    assert_eq!(
        wrong(var("RATES_CONFIG", "other.toml")),
        "variable RATES_CONFIG: cannot read the settings from other.toml: No such file or directory (os error 2)"
    );
}

#[test]
fn a_syntax_error() {
    assert_eq!(
        wrong(file("refresh = '1s'\nhttp workers = 3\n")),
        "rates.toml:2:6: not valid TOML: key with no value, expected `=`"
    );
}

#[test]
fn a_key_that_stands_twice() {
    assert_eq!(
        wrong(file("level = 'info'\nlevel = 'info'")),
        "rates.toml:2:1: not valid TOML: duplicate key"
    );
}

#[test]
fn a_bad_variable() {
    assert_eq!(
        wrong(var("RATES_REFRESH", "soon")),
        "variable RATES_REFRESH: `refresh`: expected a duration such as \"10s\" or \"1m30s\", found \"soon\""
    );
}

#[test]
fn an_unknown_variable() {
    assert_eq!(
        wrong(var("RATES_HTTP_WORKERS", "1")),
        "variable RATES_HTTP_WORKERS: there is no such setting; did you mean `RATES_HTTP__WORKERS`?"
    );
    assert_eq!(wrong(var("RATES_ZZZ", "1")), "variable RATES_ZZZ: there is no such setting");
}

#[test]
fn a_bad_flag() {
    assert_eq!(
        wrong(args(["--http.address", "8080"])),
        "flag --http.address: `http.address`: expected an address such as \"127.0.0.1:8080\", \"[::1]:8080\" or \
         \"example.org:443\", found \"8080\""
    );
}

#[test]
fn an_unknown_flag() {
    assert_eq!(
        wrong(args(["--http.wrokers", "1"])),
        "flag --http.wrokers: there is no such flag; did you mean `--http.workers`?"
    );
    assert_eq!(
        wrong(args(["--workers=1"])),
        "flag --workers: there is no such flag; did you mean `--http.workers`?"
    );
    assert_eq!(wrong(args(["--chek"])), "flag --chek: there is no such flag; did you mean `--check`?");
    assert_eq!(wrong(args(["--zzz"])), "flag --zzz: there is no such flag; `--help` lists them");
    assert_eq!(
        wrong(args(["--set", "htp.workers=1"])),
        "flag --set htp.workers: there is no such flag; did you mean `--set http.workers`?"
    );
}

#[test]
fn a_flag_without_its_value() {
    assert_eq!(wrong(args(["--http.workers"])), "flag --http.workers: expected a value after it (integer)");
    assert_eq!(wrong(args(["--config"])), "flag --config: expected the name of a file after it");
    assert_eq!(wrong(args(["--set", "http.workers"])), "flag --set: expected `key=value` after it");
}

#[test]
fn an_argument_of_no_flag() {
    assert_eq!(
        wrong(args(["--http.workers=1", "word"])),
        "argument 2 belongs to no flag; a setting is written `--key=value`"
    );
}

#[test]
fn a_check_of_the_program_that_fails() {
    assert_eq!(
        wrong(file("\n[http]\nworkers = 0")),
        "rates.toml:2:2: `http`: a server needs one of `workers` at least"
    );
}

#[test]
fn what_is_required_and_missing() {
    assert_eq!(
        strict(file("[limits]")),
        "3 mistakes in the settings:\n  \
         `limits.rate` is not set: set it in rates.toml, with RATES_LIMITS__RATE or with --limits.rate\n  \
         `token` is not set: set it in rates.toml, with RATES_TOKEN or with RATES_TOKEN_FILE\n  \
         `source` is not set: set it in rates.toml, with RATES_SOURCE or with --source"
    );
}

#[test]
fn of_a_table_that_is_missing_each_key_is_told() {
    let text = "token = 'x'\nsource = 'a:1'";
    assert_eq!(
        strict(file(text)),
        "`limits.rate` is not set: set it in rates.toml, with RATES_LIMITS__RATE or with --limits.rate"
    );
}

#[test]
fn a_required_key_with_a_bad_value_is_not_called_missing() {
    assert_eq!(
        strict(file("token = 'x'\nsource = 'a'\nlimits.rate = 'y'")),
        "2 mistakes in the settings:\n  \
         rates.toml:2:10: `source`: expected an address such as \"127.0.0.1:8080\", \"[::1]:8080\" or \
         \"example.org:443\", found \"a\"\n  \
         rates.toml:3:15: `limits.rate`: expected an integer from 0 to 4294967295, found \"y\""
    );
}

#[test]
fn a_broken_file_is_not_blamed_for_what_it_lacks() {
    assert_eq!(
        strict(file("token = ")),
        "rates.toml:1:9: not valid TOML: string values must be quoted, expected literal string"
    );
}

#[test]
fn all_mistakes_of_all_layers_are_told_at_once() {
    let text = "refresh = 5\nunknown = 1\ncurrencies = 'EUR'\n[http]\nworkers = -1\ncompress = 'yes'\n";
    let sources = file(text).var("RATES_LEVEL", "loud").args(["--http.max-body=big", "--nothing=1"]);
    assert_eq!(
        wrong(sources),
        "8 mistakes in the settings:\n  \
         rates.toml:1:11: `refresh`: expected a duration such as \"10s\" or \"1m30s\", found 5\n  \
         rates.toml:2:1: unknown key `unknown`; known are `refresh`, `token`, `proxy`, `currencies`, `level`, \
         `http`, `factors`\n  \
         rates.toml:3:14: `currencies`: expected a list, found a text\n  \
         rates.toml:5:11: `http.workers`: expected an integer from 0 to 65535, found -1\n  \
         rates.toml:6:12: `http.compress`: expected true or false, found \"yes\"\n  \
         variable RATES_LEVEL: `level`: expected `debug` or `info`, found a text\n  \
         flag --http.max-body: `http.max-body`: expected a size such as \"2 MiB\" or \"512 kB\", found \"big\"\n  \
         flag --nothing: there is no such flag; `--help` lists them"
    );
}

#[test]
fn the_mistakes_can_be_had_one_by_one() {
    let error = load(file("a = 1\nb = 2")).unwrap_err();
    assert_eq!(error.mistakes().count(), 2);
    assert!(!error.is_check());
    assert_eq!(error.exit_code(), 2);
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn a_key_that_a_flag_of_every_program_hides_is_refused() {
    #[derive(Debug, Default, serde::Serialize, serde::Deserialize, mainspring_macros::Config)]
    #[serde(default)]
    #[config(crate = "mainspring_service::config")]
    struct Hidden {
        check: bool,
    }
    let error = Loader::new("rates").sources(Sources::none()).load::<Hidden>().unwrap_err();
    assert_eq!(error.to_string(), "the key `check` of the program cannot be: `--check` has a meaning");
}

#[test]
fn a_key_without_a_known_struct_is_still_checked_by_serde() {
    #[derive(Debug, Default, serde::Serialize, serde::Deserialize, mainspring_macros::Config)]
    #[serde(default)]
    #[config(crate = "mainspring_service::config")]
    struct Outer {
        inner: Inner,
    }
    #[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
    #[serde(default)]
    struct Inner {
        limit: u8,
    }
    let error = Loader::new("rates").sources(file("inner.limt = 1")).load::<Outer>().unwrap_err();
    assert_eq!(error.to_string(), "rates.toml:1:7: unknown key `inner.limt`; did you mean `inner.limit`?");
}

proptest::proptest! {
    #[test]
    fn no_file_and_no_argument_makes_it_panic(text in ".{0,80}", arg in "--?[a-z.=]{0,20}", value in ".{0,10}") {
        let sources = file(&text).args([arg.as_str(), value.as_str()]).var("RATES_HTTP", value.as_str());
        let _ = Loader::new("rates").sources(sources).answer::<Settings>();
    }
}
