use mainspring_service::config::{Answer, Loader, Secret, Sources};
use serde::{Deserialize, Serialize};

use crate::settings::{Settings, args, file, load, var, wrong};

const SECRET: &str = "hunter2";

/// All that can be shown of settings, and of what goes wrong with them.
fn everything_shown(sources: Sources) -> String {
    let mut shown = format!("{sources:?}");
    for flag in ["--help", "--print-config", "--check", "--http.workers=1", "--http.workers=x"] {
        let loader = Loader::new("rates").sources(sources.clone().arg(flag));
        shown += &match loader.answer::<Settings>() {
            Ok(Answer::Print(text)) => text,
            Ok(Answer::Run(settings)) => format!("{settings:?}{}", serde_json::to_string(&settings).unwrap()),
            Err(error) => format!("{error}{error:?}"),
        };
        shown += &format!("{loader:?}");
    }
    shown
}

#[test]
fn a_secret_is_never_shown_wherever_it_comes_from() {
    let held = || Sources::none().file("/run/secrets/token", "hunter2\n");
    let sources = [
        file("token = 'hunter2'"),
        file("token = 'hunter2'\nrefresh = 1"),
        var("RATES_TOKEN", SECRET),
        args(["--token", SECRET]),
        held().file("rates.toml", "token = { file = '/run/secrets/token' }"),
        held().var("RATES_TOKEN_FILE", "/run/secrets/token"),
        held().args(["--token.file=/run/secrets/token"]),
    ];
    for (index, sources) in sources.into_iter().enumerate() {
        let shown = everything_shown(sources);
        assert!(!shown.contains(SECRET), "source {index}: {shown}");
    }
}

/// Settings in which a secret is inside of something else.
#[derive(Debug, Default, Serialize, Deserialize, mainspring_macros::Config)]
#[serde(default)]
#[config(crate = "mainspring_service::config")]
struct Nested {
    tokens: Vec<Secret<String>>,
    keys: std::collections::BTreeMap<String, Secret<String>>,
    #[config(nested)]
    db: Db,
    peers: Vec<Db>,
    auth: Auth,
    tagged: Tagged,
    untagged: Untagged,
}

#[derive(Debug, Default, Serialize, Deserialize, mainspring_macros::Config)]
#[serde(default)]
#[config(crate = "mainspring_service::config")]
struct Db {
    user: String,
    password: Secret<String>,
    port: u16,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Auth {
    #[default]
    None,
    Token(Secret<String>),
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Tagged {
    #[default]
    None,
    Login {
        password: Secret<String>,
        port: u16,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Pin(Secret<u32>),
    Empty {},
}

impl Default for Untagged {
    fn default() -> Self {
        Untagged::Empty {}
    }
}

fn nested(sources: Sources) -> Result<Nested, mainspring_service::config::Error> {
    Loader::new("rates").sources(sources).load()
}

#[test]
fn a_secret_in_a_value_of_the_wrong_shape_is_never_shown() {
    let sources = [
        file("tokens = 'hunter2'"),
        file("keys = 'hunter2'"),
        file("db = 'postgres://u:hunter2@h'"),
        file("auth = 'hunter2'"),
        file("tagged = 'hunter2'"),
        file("untagged = 'hunter2'"),
        file("tagged = { kind = 'login', password = 'hunter2', port = 'x' }"),
        var("RATES_DB", "{ user = 'u', password = 'hunter2'"),
        var("RATES_PEERS", "[{ password = 'hunter2' port = 1 }]"),
        var("RATES_PEERS", "hunter2,b"),
        var("RATES_AUTH", "{ token = 'hunter2'"),
        var("RATES_TAGGED", "{ kind='login', password='hunter2', port='x' }"),
    ];
    for (index, sources) in sources.into_iter().enumerate() {
        let error = nested(sources).expect_err("it is wrong");
        let shown = format!("{error}{error:?}");
        assert!(!shown.contains(SECRET), "source {index}: {shown}");
    }
}

#[test]
fn what_a_variant_holds_can_be_given_as_the_text_of_a_table() {
    let settings = nested(var("RATES_AUTH", "{ token = 'hunter2' }")).unwrap();
    assert!(matches!(settings.auth, Auth::Token(token) if token.expose() == SECRET));
}

#[test]
fn a_secret_is_never_shown_by_a_mistake() {
    let sources = [
        file("token = 'hunter2"),
        file("token = hunter2"),
        file("token = ['hunter2']"),
        file("tokn = 'hunter2'"),
        var("RATES_TOKN", SECRET),
        args(["--tokn", SECRET]),
        args(["--tokn=hunter2"]),
        args(["--token", "a", SECRET]),
        args(["--set", "token:hunter2"]),
    ];
    for (index, sources) in sources.into_iter().enumerate() {
        let shown = format!("{}{}", wrong(sources.clone()), everything_shown(sources));
        assert!(!shown.contains(SECRET), "source {index}: {shown}");
    }
}

#[test]
fn a_secret_of_the_wrong_type_is_not_shown() {
    #[derive(Debug, Default, Serialize, Deserialize, mainspring_macros::Config)]
    #[serde(default)]
    #[config(crate = "mainspring_service::config")]
    struct Pin {
        pin: Secret<u32>,
    }
    let wrong = |sources| Loader::new("rates").sources(sources).load::<Pin>().unwrap_err().to_string();
    let expected = "expected an integer from 0 to 4294967295, found something else (a secret, so not shown)";
    assert_eq!(wrong(file("pin = 'hunter2'")), format!("rates.toml:1:7: `pin`: {expected}"));
    assert_eq!(wrong(var("RATES_PIN", SECRET)), format!("variable RATES_PIN: `pin`: {expected}"));
    let held = file("pin = { file = 'pin' }").file("pin", SECRET);
    assert_eq!(wrong(held), format!("rates.toml:1:16: `pin`: {expected}"));
}

#[test]
fn a_secret_is_read_from_its_file_without_the_last_newline() {
    let held = |text| Sources::none().file("/run/token", text).var("RATES_TOKEN_FILE", "/run/token");
    for (text, secret) in [("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"), ("hunter2\n\n", "hunter2\n")]
    {
        assert_eq!(load(held(text)).unwrap().token.expose(), secret);
    }
}

#[test]
fn the_file_of_a_secret_is_not_there() {
    assert_eq!(
        wrong(file("token = { file = '/run/token' }")),
        "rates.toml:1:18: `token`: cannot read the secret from /run/token: No such file or directory (os error 2)"
    );
    assert_eq!(
        wrong(var("RATES_TOKEN_FILE", "/run/token")),
        "variable RATES_TOKEN_FILE: `token`: cannot read the secret from /run/token: No such file or directory \
         (os error 2)"
    );
}

#[test]
fn a_secret_and_its_file_are_not_both_taken() {
    assert_eq!(
        wrong(var("RATES_TOKEN", SECRET).var("RATES_TOKEN_FILE", "/run/token")),
        "variable RATES_TOKEN: `token` is set by another variable too"
    );
}

#[test]
fn a_variable_lies_over_a_secret_of_the_file() {
    let sources = file("token = { file = '/run/token' }").var("RATES_TOKEN", SECRET);
    assert_eq!(load(sources).unwrap().token.expose(), SECRET);
}

proptest::proptest! {
    /// A slip of the finger anywhere in a file but in the secret itself.
    #[test]
    fn no_slip_of_the_finger_shows_a_secret(place in 0..86_usize, cut in 0..2_usize, typed in "[a-z='\"\\[\\]{}.,# \n]{0,2}") {
        let text = "refresh = '1s'\ntoken = 'hunter2'\nlevel = 'info'\ncurrencies = ['EUR']\n[http]\nworkers = 1\n";
        let held = text.find(SECRET).unwrap();
        let (start, end) = (place.min(text.len()), (place + cut).min(text.len()));
        proptest::prop_assume!(end <= held || start >= held + SECRET.len());
        let slipped = format!("{}{typed}{}", &text[..start], &text[end..]);
        let shown = everything_shown(file(&slipped));
        proptest::prop_assert!(!shown.contains(SECRET), "{slipped}\n{shown}");
    }
}
