use std::fmt;
use std::sync::Arc;

/// Where a value was written, as the person who wrote it would say.
///
/// The order is that in which mistakes are told: the file from top to bottom, then what lies over it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    File {
        path: Arc<str>,
        line: usize,
        column: usize,
    },
    Variable(Arc<str>),
    Flag(Arc<str>),
    /// Nobody wrote it.
    Default,
}

impl Origin {
    /// Reads what `Display` writes of a variable or a flag.
    pub(super) fn of(said: &str) -> Self {
        match said.split_once(' ') {
            Some(("variable", name)) => Origin::Variable(Arc::from(name)),
            Some(("flag", name)) => Origin::Flag(Arc::from(name)),
            _ => Origin::Default,
        }
    }

    /// The place of a byte of a file's text.
    pub(super) fn in_file(path: &Arc<str>, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            path: Arc::clone(path),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("the default"),
            Origin::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Origin::Variable(name) => write!(f, "variable {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_columns_count_characters() {
        let path: Arc<str> = Arc::from("a.toml");
        let text = "x = 1\nä = 'é' # y";
        let offset = text.find('#').unwrap();
        assert_eq!(Origin::in_file(&path, text, 0).to_string(), "a.toml:1:1");
        assert_eq!(Origin::in_file(&path, text, offset).to_string(), "a.toml:2:9");
    }
}
