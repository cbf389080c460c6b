//! Finds the pattern for a path.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use super::fixed::Fixed;
use super::pattern::{Pattern, Piece};
use super::segment::{Rank, Segment};
use crate::http1::Span;

/// Path patterns, segment by segment.
///
/// A walk tries the stricter way first and comes back when it leads nowhere: fixed text, then parameters by
/// how much they ask for (text around them, a named match, a regular expression, nothing), at last the tail.
/// Each node is visited at most once, so a path costs no more than the tree is large, whatever it is.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// The children by fixed text; in `fixed` once the tree is finished.
    children: BTreeMap<Box<str>, usize>,
    fixed: Fixed,
    /// The strictest first.
    params: Vec<Branch>,
    tail: Option<usize>,
    leaf: Option<usize>,
}

#[derive(Debug)]
struct Branch {
    segment: Segment,
    /// Two segments that take the same text have the same shape.
    shape: String,
    rank: Rank,
    child: usize,
}

/// How far a path may differ from its pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lenience {
    /// A slash at the end may be there or not.
    pub(super) end: bool,
    /// Several slashes count as one.
    pub(super) merge: bool,
}

impl Lenience {
    pub(super) const NONE: Self = Self { end: false, merge: false };
    /// From the least on.
    pub(super) const ALL: [Self; 4] = [
        Self::NONE,
        Self { end: false, merge: true },
        Self { end: true, merge: false },
        Self { end: true, merge: true },
    ];
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    /// Adds a pattern.
    ///
    /// # Errors
    ///
    /// The value of the pattern that takes the same paths; or why it is no pattern.
    pub(super) fn insert(&mut self, pattern: &Pattern, value: usize) -> Result<(), Refused> {
        let mut at = 0;
        for segment in &pattern.segments {
            at = match segment.as_slice() {
                [] => self.fixed_child(at, ""),
                [Piece::Text(text)] => self.fixed_child(at, text),
                [Piece::Tail { .. }] => return self.place(at, value, |node| &mut node.tail),
                pieces => self.branch(at, pieces)?,
            };
        }
        self.place(at, value, |node| &mut node.leaf)
    }

    /// Prepares the tree for walks.
    pub(super) fn finish(&mut self) {
        for node in &mut self.nodes {
            node.fixed = Fixed::new(node.children.iter().map(|(text, child)| (&**text, *child)));
        }
    }

    /// Shows `accept` the patterns that match, the best first, until it takes one; whether it did.
    ///
    /// The spans of the parameters count from `base` for the first byte of the path.
    pub(super) fn walk<F>(&self, path: &[u8], base: usize, lenience: Lenience, accept: F) -> bool
    where
        F: FnMut(usize, &mut Vec<Span>) -> bool,
    {
        let Some(b'/') = path.first() else { return false };
        let (path, slash) = match path {
            _ if !lenience.end => (path, false),
            [trimmed @ .., b'/'] if !trimmed.is_empty() => {
                let more = trimmed.iter().rev().take_while(|byte| lenience.merge && **byte == b'/').count();
                (&path[..(trimmed.len() - more).max(1)], false)
            }
            _ => (path, true),
        };
        let mut walk =
            Walk { tree: self, path, base, slash, merge: lenience.merge, values: Vec::new(), accept };
        walk.step(0, 1)
    }

    fn fixed_child(&mut self, at: usize, text: &str) -> usize {
        let next = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return at };
        let child = *node.children.entry(text.into()).or_insert(next);
        if child == next {
            self.nodes.push(Node::default());
        }
        child
    }

    fn branch(&mut self, at: usize, pieces: &[Piece]) -> Result<usize, Refused> {
        let next = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return Ok(at) };
        let shape = Segment::shape(pieces);
        if let Some(branch) = node.params.iter().find(|branch| branch.shape == shape) {
            return Ok(branch.child);
        }
        let segment = Segment::new(pieces).map_err(Refused::Malformed)?;
        node.params.push(Branch { segment, shape, rank: Segment::rank(pieces), child: next });
        // Stable: of equals the first that was added stays first.
        node.params.sort_by_key(|branch| branch.rank);
        self.nodes.push(Node::default());
        Ok(next)
    }

    fn place(
        &mut self,
        at: usize,
        value: usize,
        slot: impl FnOnce(&mut Node) -> &mut Option<usize>,
    ) -> Result<(), Refused> {
        let Some(node) = self.nodes.get_mut(at) else { return Ok(()) };
        match slot(node) {
            Some(other) => Err(Refused::Taken(*other)),
            empty => {
                *empty = Some(value);
                Ok(())
            }
        }
    }
}

/// Why a pattern was not added.
#[derive(Debug)]
pub(super) enum Refused {
    /// The same paths lead to this value already.
    Taken(usize),
    Malformed(String),
}

struct Walk<'a, F> {
    tree: &'a Tree,
    path: &'a [u8],
    base: usize,
    /// Go on as if a slash followed the path.
    slash: bool,
    merge: bool,
    values: Vec<Span>,
    accept: F,
}

impl<F: FnMut(usize, &mut Vec<Span>) -> bool> Walk<'_, F> {
    /// Goes on below a node with the segment that starts at `start`.
    fn step(&mut self, node: usize, mut start: usize) -> bool {
        let tree = self.tree;
        let Some(node) = tree.nodes.get(node) else { return false };
        while self.merge && self.path.get(start) == Some(&b'/') {
            start += 1;
        }
        let rest = self.path.get(start..).unwrap_or_default();
        let end = memchr::memchr(b'/', rest);
        let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let next = end.map(|end| start + end + 1);
        let child = if text.contains(&b'%') {
            let decoded: std::borrow::Cow<'_, [u8]> = percent_decode(text).into();
            node.fixed.find(&decoded)
        } else {
            node.fixed.find(text)
        };
        if child.is_some_and(|child| self.descend(child, next)) {
            return true;
        }
        for branch in &node.params {
            let count = self.values.len();
            if branch.segment.capture(text, self.base + start, &mut self.values) {
                if self.descend(branch.child, next) {
                    return true;
                }
                self.values.truncate(count);
            }
        }
        match node.tail {
            Some(tail) if !rest.is_empty() => {
                self.values.push(Span::new(self.base + start, self.base + self.path.len()));
                let accepted = (self.accept)(tail, &mut self.values);
                if !accepted {
                    self.values.pop();
                }
                accepted
            }
            _ => false,
        }
    }

    /// Goes on with the next segment, or ends here when there is none.
    #[inline]
    fn descend(&mut self, node: usize, next: Option<usize>) -> bool {
        if let Some(next) = next {
            return self.step(node, next);
        }
        let tree = self.tree;
        let mut leaf = tree.nodes.get(node);
        if self.slash {
            let below = leaf.and_then(|node| node.fixed.find(b""));
            leaf = below.and_then(|node| tree.nodes.get(node));
        }
        let value = leaf.and_then(|node| node.leaf);
        value.is_some_and(|value| (self.accept)(value, &mut self.values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture(Tree, Vec<&'static str>);

    impl Fixture {
        fn new(patterns: &[&'static str]) -> Self {
            let mut tree = Tree::new();
            for (index, text) in patterns.iter().enumerate() {
                let pattern = Pattern::parse(text).expect(text);
                tree.insert(&pattern, index).expect(text);
            }
            tree.finish();
            Self(tree, patterns.to_vec())
        }

        /// The pattern that a path finds, with the values.
        fn find(&self, path: &str) -> (&'static str, Vec<String>) {
            self.lenient(path, Lenience::NONE)
        }

        fn lenient(&self, path: &str, lenience: Lenience) -> (&'static str, Vec<String>) {
            let mut found = ("", Vec::new());
            self.0.walk(path.as_bytes(), 0, lenience, |value, spans| {
                let texts = spans.iter().map(|span| String::from_utf8_lossy(span.of(path.as_bytes())).into());
                found = (self.1[value], texts.collect());
                true
            });
            found
        }
    }

    fn some(pattern: &'static str, values: &[&str]) -> (&'static str, Vec<String>) {
        (pattern, values.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_stricter_pattern_wins_whatever_came_first() {
        let tree = Fixture::new(&[
            "/{*tail}",
            "/{name}",
            "/{word:word}",
            "/{code:[a-z]{2}}",
            "/{id:int}",
            "/v{id}",
            "/me",
            "/{id:uuid}",
        ]);
        assert_eq!(tree.find("/me"), some("/me", &[]));
        assert_eq!(tree.find("/v1"), some("/v{id}", &["1"]));
        assert_eq!(tree.find("/42"), some("/{id:int}", &["42"]));
        assert_eq!(tree.find("/cats"), some("/{word:word}", &["cats"]));
        assert_eq!(tree.find("/a.b"), some("/{name}", &["a.b"]));
        assert_eq!(tree.find("/a/b"), some("/{*tail}", &["a/b"]));
        let uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert_eq!(tree.find(&format!("/{uuid}")), some("/{id:uuid}", &[uuid]));
    }

    #[test]
    fn a_way_that_leads_nowhere_is_given_up() {
        let tree = Fixture::new(&["/{id:int}/a", "/{name}/b", "/5/c", "/{*tail}"]);
        assert_eq!(tree.find("/5/a"), some("/{id:int}/a", &["5"]));
        assert_eq!(tree.find("/5/b"), some("/{name}/b", &["5"]));
        assert_eq!(tree.find("/5/c"), some("/5/c", &[]));
        assert_eq!(tree.find("/5/d"), some("/{*tail}", &["5/d"]));
    }

    #[test]
    fn text_may_stand_around_and_between_parameters() {
        let tree = Fixture::new(&["/img-{id:int}.png", "/{from}-{to}", "/{y:uint}/{m:[0-9]{2}}.{kind}"]);
        assert_eq!(tree.find("/img-7.png"), some("/img-{id:int}.png", &["7"]));
        assert_eq!(tree.find("/img-x.png"), some("/{from}-{to}", &["img", "x.png"]));
        assert_eq!(
            tree.find("/2024/01.html"),
            some("/{y:uint}/{m:[0-9]{2}}.{kind}", &["2024", "01", "html"])
        );
        assert_eq!(tree.find("/img-.png").0, "/{from}-{to}");
    }

    #[test]
    fn parameters_and_tails_are_never_empty() {
        let tree = Fixture::new(&["/a/{x}", "/b/{*x}"]);
        assert_eq!(tree.find("/a/").0, "");
        assert_eq!(tree.find("/b/").0, "");
        assert_eq!(tree.find("/b//"), some("/b/{*x}", &["/"]));
    }

    #[test]
    fn an_encoded_path_finds_the_text_it_means() {
        let tree = Fixture::new(&["/a b/{x}", "/caf%C3%A9"]);
        assert_eq!(tree.find("/a%20b/c%2Fd"), some("/a b/{x}", &["c%2Fd"]));
        assert_eq!(tree.find("/caf%c3%a9").0, "/caf%C3%A9");
        assert_eq!(tree.find("/a%2fb/c").0, "");
    }

    #[test]
    fn slashes_count_unless_they_are_forgiven() {
        let tree = Fixture::new(&["/a", "/b/", "/c/{x}/", "/"]);
        let end = Lenience { end: true, merge: false };
        let both = Lenience { end: true, merge: true };
        for (path, strict, forgiven, merged) in [
            ("/a/", "", "/a", "/a"),
            ("/b", "", "/b/", "/b/"),
            ("/c/1", "", "/c/{x}/", "/c/{x}/"),
            ("//c//1", "", "", "/c/{x}/"),
            ("/a//", "", "", "/a"),
        ] {
            assert_eq!(tree.find(path).0, strict, "{path}");
            assert_eq!(tree.lenient(path, end).0, forgiven, "{path}");
            assert_eq!(tree.lenient(path, both).0, merged, "{path}");
        }
    }

    #[test]
    fn two_patterns_for_the_same_paths_cannot_be_told_apart() {
        for (one, other) in
            [("/{a}", "/{b}"), ("/{a:int}/x", "/{b:int}/x"), ("/{*a}", "/{*b}"), ("/a%20b", "/a b")]
        {
            let mut tree = Tree::new();
            tree.insert(&Pattern::parse(one).expect(one), 7).expect(one);
            let refused = tree.insert(&Pattern::parse(other).expect(other), 8).expect_err(other);
            assert!(matches!(refused, Refused::Taken(7)), "{one} {other}: {refused:?}");
        }
    }
}
