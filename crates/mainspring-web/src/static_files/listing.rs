//! A directory as a page.

use std::ffi::OsString;

use percent_encoding::utf8_percent_encode;

use crate::payload::Html;
use crate::route::UNRESERVED;

/// A line of the page. Directories come first, each kind by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    is_file: bool,
    name: String,
    length: u64,
}

impl Entry {
    /// `None` for what could not be asked for: hidden files, and names that are no UTF-8.
    pub(super) fn new(name: OsString, (is_dir, length): (bool, u64), hidden: bool) -> Option<Self> {
        let name = name.into_string().ok()?;
        super::path::relative(&percent_encoded(&name), hidden)?;
        Some(Self { is_file: !is_dir, name, length })
    }
}

/// The page; links are relative, so it works under any prefix.
pub(super) fn page(path: &str, entries: &[Entry]) -> Html<String> {
    let title = escaped(&crate::request::percent_decoded(path, false).unwrap_or_default());
    let mut page = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<h1>{title}</h1>\n<ul>\n\
         <li><a href=\"../\">../</a></li>\n"
    );
    for Entry { is_file, name, length } in entries {
        let slash = if *is_file { "" } else { "/" };
        let size = if *is_file { format!(" {length}") } else { String::new() };
        // `./` keeps a name with a colon from being read as a scheme.
        let line = format!(
            "<li><a href=\"./{}{slash}\">{}{slash}</a>{size}</li>\n",
            percent_encoded(name),
            escaped(name)
        );
        page.push_str(&line);
    }
    page.push_str("</ul>\n");
    Html(page)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn percent_encoded(name: &str) -> String {
    utf8_percent_encode(name, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_in_text_and_links() {
        let entries = [Entry { is_file: true, name: "<b>\"&.txt".to_owned(), length: 3 }];
        let Html(page) = page("/a%3Cb/", &entries);
        assert!(page.contains("<title>/a&lt;b/</title>"), "{page}");
        assert!(page.contains("href=\"./%3Cb%3E%22%26.txt\">&lt;b&gt;&quot;&amp;.txt</a> 3"), "{page}");
    }

    #[test]
    fn directories_come_first() {
        let mut entries: Vec<Entry> = [("b", false), ("a", false), ("z", true)]
            .into_iter()
            .filter_map(|(name, is_dir)| Entry::new(name.into(), (is_dir, 0), false))
            .collect();
        entries.sort();
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["z", "a", "b"]);
    }
}
