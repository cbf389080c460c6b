use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use zeroize::Zeroizing;

use super::origin::Origin;

/// A value before it has a type, and where it was written. All layers are laid over each other as trees of these.
///
/// It has no `Debug`: it may hold secrets whose type is not known yet.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Where the value stands.
    pub(super) origin: Origin,
    /// Where the key before it stands.
    pub(super) named: Origin,
}

#[derive(Clone)]
pub(super) enum Kind {
    /// From a variable or a flag: the type of the setting decides what it means.
    Text(Zeroizing<String>),
    String(Zeroizing<String>),
    Integer(i128),
    Float(f64),
    Bool(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

impl Node {
    pub(super) fn new(kind: Kind, origin: Origin) -> Self {
        Node { kind, named: origin.clone(), origin }
    }

    pub(super) fn text(text: &str, origin: Origin) -> Self {
        Node::new(Kind::Text(Zeroizing::new(text.to_owned())), origin)
    }

    pub(super) fn empty() -> Self {
        Node::new(Kind::Table(BTreeMap::new()), Origin::Default)
    }

    /// Lays another layer over this one: tables are joined, everything else is replaced.
    pub(super) fn lay(&mut self, over: Node) {
        match (&mut self.kind, over.kind) {
            (Kind::Table(under), Kind::Table(over)) => {
                for (key, node) in over {
                    match under.get_mut(&key) {
                        Some(old) => old.lay(node),
                        None => {
                            under.insert(key, node);
                        }
                    }
                }
            }
            (_, kind) => *self = Node { kind, ..over },
        }
    }

    /// Lays one value, which stands at a path, over this tree.
    pub(super) fn set(&mut self, path: &[String], value: Node) {
        let wrap = |inner: Node, key: &String| {
            let origin = inner.origin.clone();
            Node::new(Kind::Table(BTreeMap::from([(key.clone(), inner)])), origin)
        };
        self.lay(path.iter().rev().fold(value, wrap));
    }

    pub(super) fn at(&self, path: &[String]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| match &node.kind {
            Kind::Table(entries) => entries.get(key),
            Kind::List(items) => items.get(index(key)?),
            _ => None,
        })
    }

    /// Takes out what stands at a path; of a list, the whole of it. False when there is nothing.
    pub(super) fn remove(&mut self, path: &[String]) -> bool {
        let [key, rest @ ..] = path else { return false };
        let Kind::Table(entries) = &mut self.kind else { return false };
        let whole = rest.first().is_none_or(|next| index(next).is_some());
        match entries.get_mut(key) {
            None => false,
            Some(_) if whole => entries.remove(key).is_some(),
            Some(node) => node.remove(rest) || entries.remove(key).is_some(),
        }
    }

    /// Each value that is no table, by its path.
    pub(super) fn leaves<'a>(&'a self, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, &'a Node)>) {
        let Kind::Table(entries) = &self.kind else { return found.push((path.clone(), self)) };
        for (key, node) in entries {
            path.push(key.clone());
            node.leaves(path, found);
            path.pop();
        }
    }

    /// The value in a few words, for whoever wrote it.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            Kind::Text(text) | Kind::String(text) => quote(text),
            Kind::Integer(number) => number.to_string(),
            Kind::Float(number) => number.to_string(),
            Kind::Bool(value) => value.to_string(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Table(_) => "a table".to_owned(),
        }
    }
}

impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.kind {
            Kind::Text(text) | Kind::String(text) => text.hash(state),
            Kind::Integer(number) => number.hash(state),
            Kind::Float(number) => number.to_bits().hash(state),
            Kind::Bool(value) => value.hash(state),
            Kind::List(items) => items.hash(state),
            Kind::Table(entries) => entries.hash(state),
        }
    }
}

/// How a place in a list is written as a part of a path.
pub(super) fn element(index: usize) -> String {
    format!("[{index}]")
}

fn index(key: &str) -> Option<usize> {
    key.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// A path as it is read: `peers[2].port`.
pub(super) fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for key in path {
        if !text.is_empty() && index(key).is_none() {
            text.push('.');
        }
        if key.chars().any(char::is_control) {
            text.extend(key.escape_debug());
        } else {
            text.push_str(key);
        }
    }
    text
}

/// A message is for reading, so a long text is cut.
fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    fn tree(entries: &[(&str, &str)]) -> Node {
        let mut tree = Node::empty();
        for (key, value) in entries {
            tree.set(&path(key), Node::text(value, Origin::Default));
        }
        tree
    }

    #[test]
    fn tables_are_joined_and_values_replaced() {
        let mut under = tree(&[("http.port", "1"), ("http.host", "a")]);
        under.lay(tree(&[("http.port", "2"), ("name", "n")]));
        let said = |key| under.at(&path(key)).map(Node::describe);
        assert_eq!(said("http.port").unwrap(), "\"2\"");
        assert_eq!(said("http.host").unwrap(), "\"a\"");
        assert_eq!(said("name").unwrap(), "\"n\"");
    }

    #[test]
    fn a_removed_value_leaves_its_neighbours() {
        let mut tree = tree(&[("http.port", "1"), ("http.host", "a")]);
        assert!(tree.remove(&path("http.port")));
        assert!(tree.at(&path("http.port")).is_none());
        assert!(tree.at(&path("http.host")).is_some());
        assert!(!tree.remove(&path("htp")));
    }

    #[test]
    fn a_long_text_is_cut() {
        let node = Node::text(&"é".repeat(100), Origin::Default);
        assert_eq!(node.describe(), format!("\"{}\"…", "é".repeat(60)));
    }
}
