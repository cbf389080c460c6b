/// The way from the root to a value, as a chain that lives on the stack.
pub(super) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl Path<'_> {
    pub(super) fn parts(&self) -> Vec<String> {
        let (above, last) = match self {
            Path::Root => return Vec::new(),
            Path::Key(above, key) => (above, (*key).to_owned()),
            Path::Element(above, index) => (above, element(*index)),
        };
        let mut parts = above.parts();
        parts.push(last);
        parts
    }
}

/// How a place in a list is written as a part of a path.
pub(super) fn element(index: usize) -> String {
    format!("[{index}]")
}

pub(super) fn index(key: &str) -> Option<usize> {
    key.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// A path as it is read: `peers[2].port`. A key that has a dot is in quotes, as TOML has it: `hosts."a.example".port`.
pub(super) fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for key in path {
        if !text.is_empty() && index(key).is_none() {
            text.push('.');
        }
        let quote = if key.contains('.') { "\"" } else { "" };
        text.push_str(quote);
        if key.chars().any(char::is_control) {
            text.extend(key.escape_debug());
        } else {
            text.push_str(key);
        }
        text.push_str(quote);
    }
    text
}
