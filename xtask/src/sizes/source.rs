//! One file, measured.

use std::ops::RangeInclusive;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItem, Item, Meta, Signature, Visibility};

use super::line::{self, Line};

/// The counts of one file.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// All lines.
    pub(super) length: usize,
    pub(super) code: usize,
    pub(super) docs: usize,
    pub(super) comments: usize,
    /// Lines that are not blank, under `#[cfg(test)]`.
    pub(super) tests: usize,
    /// Code blocks in doc comments.
    pub(super) examples: usize,
    pub(super) functions: Vec<Function>,
    /// `pub fn`, and how many of them have docs.
    pub(super) public: usize,
    pub(super) documented: usize,
    /// Names of `#[cfg(test)] mod name;`, whose files are tests too.
    pub(super) test_modules: Vec<String>,
}

/// One function outside the tests.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    /// Where it starts, from 1.
    pub(super) line: usize,
    /// Lines between the braces.
    pub(super) length: usize,
    /// Arguments, `self` included.
    pub(super) arguments: usize,
    /// The reason given above it for its length.
    pub(super) argued: Option<String>,
}

impl Source {
    /// Measures `text`.
    pub(super) fn parse(text: &str) -> syn::Result<Source> {
        let file = syn::parse_file(text)?;
        let lines = line::lines(text, text.parse()?);
        let mut walk = Walk { text: text.lines().collect(), source: Source::default(), tests: Vec::new() };
        if is_test(&file.attrs) {
            walk.tests.push(1..=lines.len());
        } else {
            walk.visit_file(&file);
        }
        Ok(walk.finish(&lines))
    }

    /// The same file, all of it tests.
    pub(super) fn into_tests(self) -> Source {
        let tests = self.code + self.docs + self.comments + self.tests;
        Source { length: self.length, tests, ..Source::default() }
    }
}

/// Goes through a file and leaves its tests aside.
struct Walk<'a> {
    text: Vec<&'a str>,
    source: Source,
    /// The lines of each item under `#[cfg(test)]`.
    tests: Vec<RangeInclusive<usize>>,
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            return visit::visit_item(self, item);
        }
        self.leave(item);
        if let Item::Mod(module) = item
            && module.content.is_none()
        {
            self.source.test_modules.push(module.ident.to_string());
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(function) if is_test(&function.attrs) => self.leave(item),
            _ => visit::visit_impl_item(self, item),
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.publish(&function.vis, &function.attrs);
        self.measure(function, &function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.publish(&function.vis, &function.attrs);
        self.measure(function, &function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(function, &function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

impl Walk<'_> {
    fn leave(&mut self, item: &impl Spanned) {
        let span = item.span();
        self.tests.push(span.start().line..=span.end().line);
    }

    fn publish(&mut self, visibility: &Visibility, attributes: &[Attribute]) {
        if matches!(visibility, Visibility::Public(_)) {
            self.source.public += 1;
            self.source.documented += usize::from(attributes.iter().any(|one| one.path().is_ident("doc")));
        }
    }

    fn measure(&mut self, item: &impl Spanned, signature: &Signature, block: &Block) {
        let line = signature.span().start().line;
        let open = block.brace_token.span.open().start().line;
        let close = block.brace_token.span.close().start().line;
        let on_one_line = open == close && !block.stmts.is_empty();
        self.source.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            length: if on_one_line { 1 } else { close.saturating_sub(open + 1) },
            arguments: signature.inputs.len(),
            argued: self.argument(line).or_else(|| self.argument(item.span().start().line)),
        });
    }

    /// The reason in the comment that ends directly above `line`.
    fn argument(&self, line: usize) -> Option<String> {
        let above = self.text[..line - 1].iter().rev().map(|text| text.trim_start());
        above
            .take_while(|text| text.starts_with("//") && !text.starts_with("///"))
            .filter_map(|text| text.strip_prefix("// sizes:"))
            .map(|reason| reason.trim().to_owned())
            .find(|reason| !reason.is_empty())
    }

    fn finish(mut self, lines: &[Line]) -> Source {
        let mut fences = 0;
        for (index, line) in lines.iter().enumerate() {
            if *line != Line::Blank && self.tests.iter().any(|range| range.contains(&(index + 1))) {
                self.source.tests += 1;
                continue;
            }
            match line {
                Line::Blank => {}
                Line::Comment => self.source.comments += 1,
                Line::Code => self.source.code += 1,
                Line::Doc => {
                    self.source.docs += 1;
                    fences += usize::from(is_fence(self.text[index]));
                }
            }
        }
        Source { length: lines.len(), examples: fences / 2, ..self.source }
    }
}

fn is_fence(line: &str) -> bool {
    line.trim_start().trim_start_matches(['/', '!', '*']).trim_start().starts_with("```")
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item exists only in tests: `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[test]`, `#[tokio::test]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => is_test_condition(list.tokens.clone()),
        meta => meta.path().segments.last().is_some_and(|last| last.ident == "test"),
    })
}

fn is_test_condition(condition: TokenStream) -> bool {
    let mut tokens = condition.into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(word)), None) => word == "test",
        (Some(TokenTree::Ident(word)), Some(TokenTree::Group(all))) if word == "all" => {
            let mut parts = all.stream().into_iter();
            parts.any(|part| matches!(part, TokenTree::Ident(word) if word == "test"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::parse(text).expect("the text is Rust")
    }

    #[test]
    fn a_function_is_as_long_as_what_lies_between_its_braces() {
        let source = source(
            "fn long(\n    a: u8,\n) -> u8 {\n    let b = a;\n\n    b\n}\nfn short() -> u8 { 1 }\nfn empty() {}\n",
        );
        let lengths: Vec<_> = source.functions.iter().map(|one| (one.name.as_str(), one.length)).collect();
        assert_eq!(lengths, [("long", 3), ("short", 1), ("empty", 0)]);
    }

    #[test]
    fn methods_and_defaults_of_traits_count_and_signatures_do_not() {
        let source = source("trait A { fn a(&self); fn b(&self) { } }\nimpl B { fn c(&self, d: u8) { } }\n");
        let arguments: Vec<_> =
            source.functions.iter().map(|one| (one.name.as_str(), one.arguments)).collect();
        assert_eq!(arguments, [("b", 1), ("c", 2)]);
    }

    #[test]
    fn tests_stay_in_the_length_and_leave_the_other_counts() {
        let source =
            source("fn a() {}\n\n#[cfg(test)]\nmod tests {\n    // why\n\n    #[test]\n    fn b() {}\n}\n");
        assert_eq!((source.length, source.code, source.comments), (9, 1, 0));
        assert_eq!((source.tests, source.functions.len()), (6, 1));
    }

    #[test]
    fn a_condition_that_only_mentions_test_is_not_a_test() {
        let text = "#[cfg(not(test))]\nfn a() {}\n#[cfg(any(test, unix))]\nfn b() {}\n#[cfg(all(test, unix))]\nfn c() {}\n";
        let source = source(text);
        assert_eq!(source.functions.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_test_module_in_its_own_file_is_named() {
        let source = source("#[cfg(test)]\nmod tests;\nmod other;\n");
        assert_eq!(source.test_modules, ["tests"]);
    }

    #[test]
    fn a_whole_file_can_be_a_test() {
        let source = source("#![cfg(test)]\nfn a() {}\n");
        assert_eq!((source.tests, source.code, source.functions.len()), (2, 0, 0));
    }

    #[test]
    fn prose_is_counted_by_line() {
        let source =
            source("//! A.\n\n/// B.\n///\n/// ```\n/// assert!(true);\n/// ```\npub fn b() {} // c\n// d\n");
        assert_eq!((source.docs, source.comments, source.code, source.examples), (6, 1, 1, 1));
    }

    #[test]
    fn public_functions_without_docs_are_noticed() {
        let source = source("/// A.\npub fn a() {}\npub fn b() {}\nfn c() {}\npub(crate) fn d() {}\n");
        assert_eq!((source.public, source.documented), (2, 1));
    }

    #[test]
    fn a_reason_stands_above_the_docs_or_the_signature() {
        let source = source(
            "// sizes: one table\n// of states\n/// A.\nfn a() {}\n\n#[inline]\n// sizes: two\nfn b() {}\n",
        );
        let argued: Vec<_> = source.functions.iter().map(|one| one.argued.as_deref()).collect();
        assert_eq!(argued, [Some("one table"), Some("two")]);
    }

    #[test]
    fn a_reason_further_up_or_without_words_does_not_count() {
        let source = source("// sizes: far\n\nfn a() {}\n// sizes:\nfn b() {}\n");
        assert!(source.functions.iter().all(|one| one.argued.is_none()));
    }

    #[test]
    fn broken_text_is_an_error_with_its_place() {
        let error = Source::parse("fn a() {\n    let = ;\n}\n").expect_err("it is not Rust");
        assert_eq!(error.span().start().line, 2);
    }
}
