use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::node::{Kind, Node};
use super::origin::Origin;
use super::problem::Problem;

/// Of a file that is no TOML at all, this many errors say it.
const SYNTAX_ERRORS: usize = 5;

/// Reads a TOML text into a tree that knows the line and column of each key and value.
///
/// What is wrong with the text is reported, without the text: it may hold a secret.
pub(super) fn read(path: &str, text: &str, problems: &mut Vec<Problem>) -> Node {
    let path: Arc<str> = Arc::from(path);
    let place = |span: Range<usize>| Origin::in_file(&path, text, span.start);
    let (table, mut errors) = DeTable::parse_recoverable(text);
    let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    errors.sort_by_key(start);
    let mut seen = None;
    for error in errors.iter().take(SYNTAX_ERRORS) {
        let origin = Origin::in_file(&path, text, start(error));
        // After the first error of a line the parser is guessing.
        let Origin::File { line, .. } = origin else { continue };
        if seen.replace(line) != Some(line) {
            problems.push(Problem::new(origin, format!("not valid TOML: {}", error.message())));
        }
    }
    let origin = place(table.span());
    if !errors.is_empty() {
        return Node::empty();
    }
    Node::new(entries(table.get_ref(), &place), origin)
}

/// Reads one TOML value out of a variable or a flag; `None` when it is none.
pub(super) fn inline(text: &str, origin: &Origin) -> Option<Node> {
    let value = DeValue::parse(text.trim()).ok()?;
    Some(node(&value, &|_| origin.clone()))
}

fn entries(table: &DeTable<'_>, place: &dyn Fn(Range<usize>) -> Origin) -> Kind {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        let mut node = node(value, place);
        node.named = place(key.span());
        (key.get_ref().to_string(), node)
    };
    Kind::Table(table.iter().map(entry).collect())
}

fn node(value: &Spanned<DeValue<'_>>, place: &dyn Fn(Range<usize>) -> Origin) -> Node {
    let string = |text: &str| Kind::String(Zeroizing::new(text.to_owned()));
    let kind = match value.get_ref() {
        DeValue::String(text) => string(text),
        // A number that does not fit is shown as it was written, and is of no numeric type.
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| string(number.as_str()), Kind::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| string(number.as_str()), Kind::Float)
        }
        DeValue::Boolean(value) => Kind::Bool(*value),
        // Types of dates and times read themselves from text.
        DeValue::Datetime(time) => string(&time.to_string()),
        DeValue::Array(items) => Kind::List(items.iter().map(|item| node(item, place)).collect()),
        DeValue::Table(table) => entries(table, place),
    };
    Node::new(kind, place(value.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        let mut problems = Vec::new();
        let tree = read("a.toml", text, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        tree
    }

    fn at<'a>(tree: &'a Node, path: &[&str]) -> &'a Node {
        let path: Vec<_> = path.iter().map(|key| (*key).to_owned()).collect();
        tree.at(&path).unwrap()
    }

    #[test]
    fn each_kind_of_value_is_read() {
        let tree = tree("a = 0x1F\nb = 1_000.5\nc = true\nd = [1, 'x']\ne.f = 2026-01-02\ng = -7\nh = -inf");
        let said: Vec<_> = ["a", "b", "c", "d", "e", "g", "h"].map(|key| at(&tree, &[key]).describe()).into();
        assert_eq!(said, ["31", "1000.5", "true", "a list", "a table", "-7", "-inf"]);
        assert_eq!(at(&tree, &["e", "f"]).describe(), "\"2026-01-02\"");
        assert_eq!(at(&tree, &["d", "[1]"]).describe(), "\"x\"");
    }

    #[test]
    fn keys_and_values_know_their_places() {
        let tree = tree("[http]\n  port =  80\n");
        let port = at(&tree, &["http", "port"]);
        assert_eq!(port.named.to_string(), "a.toml:2:3");
        assert_eq!(port.origin.to_string(), "a.toml:2:11");
        assert_eq!(at(&tree, &["http"]).named.to_string(), "a.toml:1:2");
    }

    #[test]
    fn each_broken_line_is_reported_once() {
        let mut problems = Vec::new();
        read("a.toml", "a = \nb = 1\nc = = 2\n", &mut problems);
        let places: Vec<_> = problems.iter().map(|problem| problem.to_string()).collect();
        assert_eq!(places.len(), 2, "{places:?}");
        assert!(places[0].starts_with("a.toml:1:") && places[1].starts_with("a.toml:3:"), "{places:?}");
    }
}
