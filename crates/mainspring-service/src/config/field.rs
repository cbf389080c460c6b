/// A struct whose fields are settings. Derive it: `#[derive(Config)]` next to serde's two.
///
/// It adds to what serde knows what a person wants to know: the documentation of each key and how its value looks.
/// A field that is a struct of settings itself is marked `#[config(nested)]`; a check that serde cannot make is
/// `#[config(validate = path)]` on the struct, a function from `&Self` to `Result<(), impl Display>`. Serde's
/// `rename`, `rename_all`, `default`, `skip` and `flatten` are understood.
///
/// ```
/// use mainspring_macros::Config;
/// use mainspring_service::config::{Loader, Period, Sources};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize, Config)]
/// #[serde(default)]
/// #[config(crate = "mainspring_service::config", validate = Retry::rising)] // `crate` only within this workspace
/// struct Retry {
///     /// The first pause.
///     first: Period,
///     /// The longest pause.
///     last: Period,
/// }
///
/// impl Default for Retry {
///     fn default() -> Self {
///         Retry { first: Period::from_millis(100), last: Period::from_secs(10) }
///     }
/// }
///
/// impl Retry {
///     fn rising(&self) -> Result<(), &'static str> {
///         if self.first <= self.last { Ok(()) } else { Err("`first` is longer than `last`") }
///     }
/// }
///
/// let sources = Sources::none().arg("--first=1m");
/// let error = Loader::new("demo").sources(sources).load::<Retry>().unwrap_err();
/// assert_eq!(error.to_string(), "`first` is longer than `last`");
/// ```
pub trait Config: serde::Serialize + serde::de::DeserializeOwned {
    /// The keys, in the order in which they are written.
    fn fields() -> Vec<Field>;

    /// What is wrong with values that each have the right type.
    fn invalid(&self) -> Vec<Invalid> {
        Vec::new()
    }
}

impl<T: Config> Config for Option<T> {
    fn fields() -> Vec<Field> {
        T::fields()
    }

    fn invalid(&self) -> Vec<Invalid> {
        self.as_ref().map(T::invalid).unwrap_or_default()
    }
}

/// One key, as its documentation describes it. The derive macro makes them.
#[derive(Debug, Clone)]
pub struct Field {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// The Rust type as it was written.
    Value(String),
    Table(Vec<Field>),
    /// Any key may stand here.
    Rest,
}

impl Field {
    /// A key with a value of the Rust type that is named.
    #[must_use]
    pub fn value(name: &str, doc: &str, kind: &str) -> Self {
        let kind: String = kind.chars().filter(|letter| !letter.is_whitespace()).collect();
        Field { name: name.to_owned(), doc: doc.to_owned(), shape: Shape::Value(kind), required: false }
    }

    /// A key with a table of more keys.
    #[must_use]
    pub fn table(name: &str, doc: &str, fields: Vec<Field>) -> Self {
        Field { name: name.to_owned(), doc: doc.to_owned(), shape: Shape::Table(fields), required: false }
    }

    /// Room for keys that nobody knows beforehand.
    #[must_use]
    pub fn rest() -> Self {
        Field { name: String::new(), doc: String::new(), shape: Shape::Rest, required: false }
    }

    /// There is no default: the key has to be set.
    #[must_use]
    pub fn required(self) -> Self {
        Field { required: true, ..self }
    }

    pub(super) fn is_secret(&self) -> bool {
        self.kind().is_some_and(|kind| base(kind).0 == "Secret")
    }

    pub(super) fn is_bool(&self) -> bool {
        self.kind() == Some("bool")
    }

    /// How a value looks, in a few words.
    pub(super) fn looks(&self) -> String {
        self.kind().map_or_else(|| "table".to_owned(), looks)
    }

    /// The Rust type, without what makes it optional.
    fn kind(&self) -> Option<&str> {
        let Shape::Value(kind) = &self.shape else { return None };
        match base(kind) {
            ("Option", Some(inner)) => Some(inner),
            _ => Some(kind),
        }
    }
}

/// What is wrong with a table as a whole.
#[derive(Debug, Clone)]
pub struct Invalid {
    pub(super) path: Vec<String>,
    pub(super) message: String,
}

impl Invalid {
    /// Says what is wrong, of the struct that says it.
    pub fn new(message: impl std::fmt::Display) -> Self {
        Invalid { path: Vec::new(), message: message.to_string() }
    }

    /// The same, said of a table that is the value of `key`.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        self.path.insert(0, key.to_owned());
        self
    }
}

/// The last part of a type's path, and its one argument.
fn base(kind: &str) -> (&str, Option<&str>) {
    let (path, inner) = match kind.split_once('<') {
        Some((path, rest)) => (path, rest.strip_suffix('>')),
        None => (kind, None),
    };
    (path.rsplit("::").next().unwrap_or(path), inner)
}

fn looks(kind: &str) -> String {
    match base(kind) {
        ("bool", _) => "true or false".to_owned(),
        ("String" | "char", _) => "text".to_owned(),
        ("PathBuf", _) => "path".to_owned(),
        ("f32" | "f64", _) => "number".to_owned(),
        ("Period", _) => "duration".to_owned(),
        ("ByteSize", _) => "size".to_owned(),
        ("Address", _) => "host:port".to_owned(),
        ("Secret", _) => "secret".to_owned(),
        ("Vec" | "BTreeSet" | "HashSet", Some(item)) => format!("list of {}", looks(item)),
        ("BTreeMap" | "HashMap", _) => "table".to_owned(),
        (name, _) if is_integer(name) => "integer".to_owned(),
        (name, _) => name.to_owned(),
    }
}

pub(super) fn is_integer(name: &str) -> bool {
    let bits = name.strip_prefix(['u', 'i']).unwrap_or_default();
    ["8", "16", "32", "64", "128", "size"].contains(&bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_in_words() {
        let looks = |kind| Field::value("", "", kind).looks();
        assert_eq!(looks("Option<std::num::u16>"), "integer");
        assert_eq!(looks("Vec < config :: Address >"), "list of host:port");
        assert_eq!(looks("Level"), "Level");
    }

    #[test]
    fn a_secret_is_known_by_its_type() {
        assert!(Field::value("", "", "Option<config::Secret<String>>").is_secret());
        assert!(!Field::value("", "", "SecretName").is_secret());
    }
}
