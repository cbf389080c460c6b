use super::field::{Field, Shape};

/// Trees are walked by recursion, so a key has no more parts than this; TOML's parser has such a limit of its own.
const DEPTH: usize = 64;

/// All keys of a program's settings, and the names they have outside of the file.
pub(super) struct Schema {
    pub(super) fields: Vec<Field>,
    /// `RATES` of `RATES_HTTP__PORT`.
    pub(super) prefix: String,
    /// The file that was read or would have been.
    pub(super) file: String,
}

impl Schema {
    /// Finds the key that a variable or a flag means; case and `-` or `_` make no difference.
    pub(super) fn resolve(&self, given: &[&str]) -> Option<(Vec<String>, Option<&Field>)> {
        if given.len() > DEPTH {
            return None;
        }
        let mut path = Vec::new();
        let mut fields = &self.fields;
        for (depth, key) in given.iter().enumerate() {
            if key.is_empty() {
                return None;
            }
            match fields.iter().find(|field| plain(&field.name) == plain(key)) {
                Some(field) => {
                    path.push(field.name.clone());
                    match &field.shape {
                        Shape::Table(inner) if depth + 1 < given.len() => fields = inner,
                        _ if depth + 1 == given.len() => return Some((path, Some(field))),
                        _ if takes_keys(field) => return Some((open(path, &given[depth + 1..]), None)),
                        _ => return None,
                    }
                }
                None if fields.iter().any(|field| matches!(field.shape, Shape::Rest)) => {
                    return Some((open(path, &given[depth..]), None));
                }
                None => return None,
            }
        }
        None
    }

    /// The keys of the table at a path.
    pub(super) fn table(&self, path: &[String]) -> Option<&[Field]> {
        path.iter().try_fold(&self.fields[..], |fields, key| {
            match &fields.iter().find(|field| field.name == *key)?.shape {
                Shape::Table(inner) => Some(&inner[..]),
                _ => None,
            }
        })
    }

    /// The key that was most likely meant: one that is nearly the same, else the only one with the same last part.
    pub(super) fn suggest(&self, given: &[String]) -> Option<Vec<String>> {
        let mut known = Vec::new();
        paths(&self.fields, &mut Vec::new(), &mut known);
        let wanted = plain(&given.join("."));
        let distance = |path: &Vec<String>| distance(&plain(&path.join(".")), &wanted);
        let near = known.iter().min_by_key(|path| distance(path));
        if let Some(path) = near.filter(|path| distance(path) <= slack(&wanted)) {
            return Some(path.clone());
        }
        let last = |path: &[String]| path.last().map(|key| plain(key));
        let mut same = known.iter().filter(|path| last(path) == last(given));
        same.next().filter(|_| same.next().is_none()).cloned()
    }

    pub(super) fn variable(&self, path: &[String]) -> String {
        format!("{}_{}", self.prefix, path.join("__").replace('-', "_").to_uppercase())
    }

    pub(super) fn flag(&self, path: &[String]) -> String {
        format!("--{}", path.join(".").replace('_', "-"))
    }
}

/// The name among some that was most likely meant.
pub(super) fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |name: &&str| distance(&plain(name), &plain(given));
    known.iter().copied().min_by_key(distance).filter(|name| distance(name) <= slack(given))
}

/// How many letters are wrong. Nobody who wrote a word this long meant a key.
pub(super) fn distance(known: &str, given: &str) -> usize {
    const LONGEST: usize = 200;
    if given.len() > LONGEST { usize::MAX } else { strsim::damerau_levenshtein(known, given) }
}

/// So many letters may be wrong.
fn slack(given: &str) -> usize {
    (given.chars().count() / 3).max(1)
}

/// A key as it is compared.
fn plain(key: &str) -> String {
    key.to_lowercase().replace('-', "_")
}

fn open(mut path: Vec<String>, rest: &[&str]) -> Vec<String> {
    path.extend(rest.iter().map(|key| key.to_lowercase()));
    path
}

/// A map, or a struct that says nothing about its keys, may have any.
fn takes_keys(field: &Field) -> bool {
    !["text", "integer", "number", "path", "duration", "size", "host:port", "true or false"]
        .contains(&field.looks().as_str())
}

fn paths(fields: &[Field], above: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for field in fields.iter().filter(|field| !matches!(field.shape, Shape::Rest)) {
        above.push(field.name.clone());
        found.push(above.clone());
        if let Shape::Table(inner) = &field.shape {
            paths(inner, above, found);
        }
        above.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::path::dotted;
    use super::*;

    fn schema() -> Schema {
        let http = vec![
            Field::value("port", "", "u16"),
            Field::value("idle-timeout", "", "Period"),
            Field::value("headers", "", "BTreeMap<String, String>"),
        ];
        let fields = vec![Field::table("http", "", http), Field::value("refresh", "", "Period")];
        Schema { fields, prefix: "RATES".to_owned(), file: "rates.toml".to_owned() }
    }

    fn resolved(given: &[&str]) -> Option<String> {
        schema().resolve(given).map(|(path, _)| dotted(&path))
    }

    #[test]
    fn case_and_dashes_make_no_difference() {
        assert_eq!(resolved(&["HTTP", "IDLE_TIMEOUT"]).unwrap(), "http.idle-timeout");
        assert_eq!(resolved(&["http"]).unwrap(), "http");
        assert_eq!(resolved(&["http", "prt"]), None);
        assert_eq!(resolved(&["refresh", "x"]), None);
        assert_eq!(resolved(&[""]), None);
    }

    #[test]
    fn a_map_takes_any_key() {
        assert_eq!(resolved(&["HTTP", "HEADERS", "X_A"]).unwrap(), "http.headers.x_a");
    }

    #[test]
    fn a_name_outside_of_the_file_leads_back_to_its_key() {
        let schema = schema();
        let path = ["http".to_owned(), "idle-timeout".to_owned()];
        assert_eq!(schema.variable(&path), "RATES_HTTP__IDLE_TIMEOUT");
        assert_eq!(schema.flag(&path), "--http.idle-timeout");
    }

    #[test]
    fn what_is_nearly_right_or_in_another_table_is_suggested() {
        let suggest = |given: &[&str]| {
            let given: Vec<_> = given.iter().map(|key| (*key).to_owned()).collect();
            schema().suggest(&given).map(|path| dotted(&path))
        };
        assert_eq!(suggest(&["htp", "prot"]).unwrap(), "http.port");
        assert_eq!(suggest(&["port"]).unwrap(), "http.port");
        assert_eq!(suggest(&["database"]), None);
    }
}
