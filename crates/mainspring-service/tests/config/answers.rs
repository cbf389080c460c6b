use mainspring_service::config::{Answer, Error, Loader, Sources};

use crate::settings::{Settings, Strict, args, file};

fn answer(sources: Sources) -> Result<String, Error> {
    let loader = Loader::new("rates").about("Serves exchange rates.").sources(sources);
    match loader.answer::<Settings>()? {
        Answer::Print(text) => Ok(text),
        Answer::Run(settings) => panic!("it would run with {settings:?}"),
    }
}

const HELP: &str = "\
Serves exchange rates.

Usage: rates [OPTIONS] [--KEY=VALUE]...

Options:
      --config FILE    read the settings from FILE, not from rates.toml [variable: RATES_CONFIG]
      --set KEY=VALUE  set one key, like --KEY=VALUE
      --check          say whether the settings are in order, and end with exit code 0 or 2
      --print-config   write the settings in force, as a file with comments, and end
  -h, --help           write this, and end

Settings, of the file rates.toml, of variables over it, and of flags over both:
  --refresh <duration>  [default: \"1m\", variable: RATES_REFRESH]
      How often the rates are read again.

      Not more often than their source allows.
  --token <secret>  [variable: RATES_TOKEN or RATES_TOKEN_FILE]
      What the source wants to see.
  --proxy <host:port>  [variable: RATES_PROXY]
  --currencies <list of text>  [default: [\"EUR\", \"USD\"], variable: RATES_CURRENCIES]
      Currencies that are served.
  --level <Level>  [default: \"info\", variable: RATES_LEVEL]
      How much is written.
  --http.address <host:port>  [default: \"127.0.0.1:8080\", variable: RATES_HTTP__ADDRESS]
      Where it listens.
  --http.workers <integer>  [default: 4, variable: RATES_HTTP__WORKERS]
      Workers.
  --http.max-body <size>  [default: \"2 MiB\", variable: RATES_HTTP__MAX_BODY]
  --http.compress <true or false>  [default: false, variable: RATES_HTTP__COMPRESS]
  --factors <table>  [default: {}, variable: RATES_FACTORS]
      Factors by currency.
";

#[test]
fn help_lists_each_key_with_its_looks_its_default_and_its_documentation() {
    assert_eq!(answer(args(["--help"])).unwrap(), HELP);
    assert_eq!(answer(args(["-h"])).unwrap(), HELP);
}

#[test]
fn help_is_given_even_when_the_settings_are_wrong() {
    assert_eq!(answer(file("x = ").args(["--help"])).unwrap(), HELP);
}

#[test]
fn help_says_what_has_to_be_set() {
    let loader = Loader::new("rates").sources(args(["--help"]));
    let Answer::Print(text) = loader.answer::<Strict>().unwrap() else { panic!("it would run") };
    assert!(text.contains("--source <host:port>  [required, variable: RATES_SOURCE]"), "{text}");
    assert!(text.contains("--limits.burst <integer>  [variable: RATES_LIMITS__BURST]"), "{text}");
}

#[test]
fn check_says_that_all_is_well_or_what_is_not() {
    assert_eq!(answer(args(["--check"])).unwrap(), "the settings of rates are in order\n");
    let error = answer(args(["--check", "--http.workers=0"])).unwrap_err();
    assert!(error.is_check());
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn print_config_writes_what_is_in_force_with_its_documentation() {
    let sources = file("token = { file = 'token' }\n[factors]\n'a b' = 1.5\n").file("token", "x");
    let text =
        answer(sources.var("RATES_REFRESH", "90s").args(["--print-config", "--http.workers=2"])).unwrap();
    assert_eq!(
        text,
        "\
# The settings of rates.
# Serves exchange rates.

# How often the rates are read again.
#
# Not more often than their source allows.
# Set by variable RATES_REFRESH. Default: \"1m\".
refresh = \"1m30s\"

# What the source wants to see.
token = { file = \"token\" }

# proxy = # not set (host:port)

# Currencies that are served.
currencies = [\"EUR\", \"USD\"]

# How much is written.
level = \"info\"

# The server.
[http]

# Where it listens.
address = \"127.0.0.1:8080\"

# Workers.
# Set by flag --http.workers. Default: 4.
workers = 2

max-body = \"2 MiB\"

compress = false

# Factors by currency.
[factors]

# Set by rates.toml:3:9.
\"a b\" = 1.5
"
    );
}

#[test]
fn a_secret_given_by_value_is_named_but_not_printed() {
    let printed = |sources: Sources| answer(sources.arg("--print-config")).unwrap();
    let text = printed(Sources::none().var("RATES_TOKEN", "hunter2"));
    assert!(text.contains("\n# token = \"<hidden>\" # set by variable RATES_TOKEN\n"), "{text}");
    let text = printed(Sources::none());
    assert!(text.contains("\n# token = { file = \"…\" } # or RATES_TOKEN, or RATES_TOKEN_FILE\n"), "{text}");
}

fn reloaded(sources: Sources) -> (Settings, Settings) {
    let text = answer(sources.clone().arg("--print-config")).unwrap();
    let load = |sources| Loader::new("rates").sources(sources).load::<Settings>();
    let again = Sources::none().file("token", "x").file("rates.toml", &text);
    (load(sources).unwrap(), load(again).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

#[test]
fn what_print_config_writes_is_read_as_the_same_settings() {
    let sources =
        file("token = { file = 'token' }\ncurrencies = []\nproxy = '[::1]:1'\n[factors]\n'a.\"b' = 1.5\n");
    let (first, second) = reloaded(sources.file("token", "x").args(["--http.compress", "--level=debug"]));
    assert_eq!(first, second);
    let (first, second) = reloaded(Sources::none());
    assert_eq!(first, second);
}

proptest::proptest! {
    #[test]
    fn any_settings_are_printed_so_that_they_read_the_same(
        workers in 1..=u16::MAX,
        millis in 0..u64::from(u32::MAX),
        currencies in proptest::collection::vec(".{0,8}", 0..4),
        factors in proptest::collection::btree_map(".{0,8}", -1e9..1e9_f64, 0..4),
    ) {
        let settings = Settings {
            refresh: std::time::Duration::from_millis(millis).into(),
            currencies,
            factors,
            http: crate::settings::Http { workers, ..Default::default() },
            ..Default::default()
        };
        let mut table = toml::Table::try_from(&settings).unwrap();
        table.remove("token");
        let (first, second) = reloaded(file(&table.to_string()));
        assert_eq!(first, settings);
        assert_eq!(first, second);
    }
}
