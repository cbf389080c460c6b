//! What each line of a file is.

use proc_macro2::{Span, TokenStream, TokenTree};

/// What a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Blank,
    Comment,
    Doc,
    Code,
}

/// Names every line of `text`, whose tokens are `tokens`.
///
/// The lexer decides, so a `//` inside a string is code. What is neither blank nor touched by a token is a comment.
pub(super) fn lines(text: &str, tokens: TokenStream) -> Vec<Line> {
    let source: Vec<&str> = text.lines().collect();
    let blank_or_comment = |line: &&str| if line.trim().is_empty() { Line::Blank } else { Line::Comment };
    let mut lines: Vec<Line> = source.iter().map(blank_or_comment).collect();
    paint(&source, tokens, &mut lines);
    lines
}

fn paint(source: &[&str], tokens: TokenStream, lines: &mut [Line]) {
    for token in tokens {
        match token {
            // A doc comment arrives as `#[doc = "…"]`, all of it spanning the comment: the `#` has named its lines.
            TokenTree::Group(group) if is_doc(source, group.span_open()) => {}
            TokenTree::Group(group) => {
                mark(source, group.span_open(), lines);
                paint(source, group.stream(), lines);
                mark(source, group.span_close(), lines);
            }
            leaf => mark(source, leaf.span(), lines),
        }
    }
}

fn mark(source: &[&str], span: Span, lines: &mut [Line]) {
    let kind = if is_doc(source, span) { Line::Doc } else { Line::Code };
    for line in &mut lines[span.start().line - 1..span.end().line] {
        // A line that holds both is code.
        if *line != Line::Blank && *line != Line::Code {
            *line = kind;
        }
    }
}

/// Whether a token begins where a comment does, which only the tokens of a doc comment can.
fn is_doc(source: &[&str], span: Span) -> bool {
    let start = span.start();
    let rest: String = source[start.line - 1].chars().skip(start.column).take(2).collect();
    rest == "//" || rest == "/*"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<Line> {
        lines(text, text.parse().expect("the text is Rust"))
    }

    #[test]
    fn each_kind_of_line_is_told_apart() {
        let text = "//! Crate.\n\n// Why.\n/// Doc.\nfn f() {} // trailing\n";
        assert_eq!(named(text), [Line::Doc, Line::Blank, Line::Comment, Line::Doc, Line::Code]);
    }

    #[test]
    fn slashes_inside_a_string_are_code() {
        let text = "const A: &str = \"\n// not a comment\n\";\n";
        assert_eq!(named(text), [Line::Code, Line::Code, Line::Code]);
    }

    #[test]
    fn block_comments_are_comments() {
        let text = "/* one\n   two */\n/** doc\n */\nfn f() {}\n";
        assert_eq!(named(text), [Line::Comment, Line::Comment, Line::Doc, Line::Doc, Line::Code]);
    }

    #[test]
    fn a_division_is_not_a_doc_comment() {
        assert_eq!(named("const A: u8 = 4\n    / 2;\n"), [Line::Code, Line::Code]);
    }
}
