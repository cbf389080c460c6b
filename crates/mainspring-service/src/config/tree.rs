use std::hash::{Hash, Hasher};

use ::config::{Map, Value, ValueKind};

use super::document::Document;
use super::path::index;

/// What the values of a file, or of all layers, are put into before they have a type.
pub(super) fn empty() -> Value {
    Value::new(None, Map::<String, Value>::new())
}

/// The entries of a table in the order of their keys; `config` keeps none.
pub(super) fn entries(table: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

pub(super) fn at<'a>(tree: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(tree, |value, key| match &value.kind {
        ValueKind::Table(entries) => entries.get(key),
        ValueKind::Array(items) => items.get(index(key)?),
        _ => None,
    })
}

/// Takes out what stands at a path; of a list, the whole of it, and of a table with nothing else in it, the table.
/// False when there is nothing.
pub(super) fn remove(tree: &mut Value, path: &[String]) -> bool {
    let [key, rest @ ..] = path else { return false };
    let ValueKind::Table(entries) = &mut tree.kind else { return false };
    let whole = rest.first().is_none_or(|next| index(next).is_some());
    match entries.get_mut(key) {
        None => false,
        Some(_) if whole => entries.remove(key).is_some(),
        Some(value) => (remove(value, rest) && !is_empty(value)) || entries.remove(key).is_some(),
    }
}

fn is_empty(value: &Value) -> bool {
    matches!(&value.kind, ValueKind::Table(table) if table.is_empty())
}

/// Each value that is no table, by its path.
pub(super) fn leaves<'a>(tree: &'a Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, &'a Value)>) {
    let ValueKind::Table(table) = &tree.kind else { return found.push((path.clone(), tree)) };
    for (key, value) in table {
        path.push(key.clone());
        leaves(value, path, found);
        path.pop();
    }
}

/// What a value says, without where it was written.
pub(super) struct Content<'a>(pub(super) &'a Value, pub(super) &'a Document);

impl Content<'_> {
    /// The value in a few words, for whoever wrote it.
    pub(super) fn describe(&self) -> String {
        match (&self.0.kind, self.1.text(self.0)) {
            (_, Some(text)) => quote(text),
            (ValueKind::Array(_), _) => "a list".to_owned(),
            (ValueKind::Table(_), _) => "a table".to_owned(),
            (kind, _) => kind.to_string(),
        }
    }
}

impl Hash for Content<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (&self.0.kind, self.1.text(self.0)) {
            (_, Some(text)) => text.hash(state),
            (ValueKind::Array(items), _) => items.iter().for_each(|item| Content(item, self.1).hash(state)),
            (ValueKind::Table(table), _) => {
                entries(table).iter().for_each(|(key, value)| (key, Content(value, self.1)).hash(state));
            }
            (kind, _) => kind.to_string().hash(state),
        }
    }
}

/// A message is for reading, so a long text is cut.
pub(super) fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_removed_value_leaves_its_neighbours() {
        let (mut tree, _) = document::read("a.toml", "http = { port = 1, host = 'a' }", &mut Vec::new());
        assert!(remove(&mut tree, &path("http.port")));
        assert!(at(&tree, &path("http.port")).is_none());
        assert!(at(&tree, &path("http.host")).is_some());
        assert!(!remove(&mut tree, &path("htp")));
    }

    #[test]
    fn a_table_goes_with_the_last_value_in_it() {
        let (mut tree, _) = document::read("a.toml", "a.b.c = 1\nd = {}", &mut Vec::new());
        assert!(remove(&mut tree, &path("a.b.c")));
        assert!(at(&tree, &path("a")).is_none());
        assert!(at(&tree, &path("d")).is_some());
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(quote(&"é".repeat(100)), format!("\"{}\"…", "é".repeat(60)));
    }
}
