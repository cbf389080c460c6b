use syn::{Attribute, LitStr, Result, meta::ParseNestedMeta};

use crate::config::pass_over;

/// What serde's attributes of a struct say of the keys in it.
pub(crate) struct Names {
    /// `#[serde(default)]`: no key has to be set.
    pub(crate) defaults: bool,
    case: Option<String>,
}

/// What serde's attributes of a field say of its key.
#[derive(Default)]
pub(crate) struct Rename {
    pub(crate) name: Option<String>,
    pub(crate) defaults: bool,
    pub(crate) skipped: bool,
    pub(crate) flat: bool,
}

impl Names {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut names = Names { defaults: false, case: None };
        each(attributes, |meta| {
            if meta.path.is_ident("default") {
                names.defaults = true;
            } else if meta.path.is_ident("rename_all") {
                names.case = Some(both_ways(meta)?);
                return Ok(());
            }
            pass_over(meta)
        })?;
        Ok(names)
    }

    /// The key of a field.
    pub(crate) fn key(&self, field: &str) -> String {
        match self.case.as_deref() {
            Some("kebab-case") => field.replace('_', "-"),
            Some("SCREAMING-KEBAB-CASE") => field.replace('_', "-").to_uppercase(),
            Some("SCREAMING_SNAKE_CASE" | "UPPERCASE") => field.to_uppercase(),
            Some("PascalCase") => field.split('_').map(capital).collect(),
            Some("camelCase") => {
                let pascal: String = field.split('_').map(capital).collect();
                let (first, rest) = pascal.split_at(pascal.chars().next().map_or(0, char::len_utf8));
                first.to_lowercase() + rest
            }
            _ => field.to_owned(),
        }
    }
}

impl Rename {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut rename = Rename::default();
        each(attributes, |meta| {
            if meta.path.is_ident("rename") {
                rename.name = Some(both_ways(meta)?);
                return Ok(());
            }
            rename.defaults |= meta.path.is_ident("default");
            rename.skipped |= meta.path.is_ident("skip") || meta.path.is_ident("skip_deserializing");
            rename.flat |= meta.path.is_ident("flatten");
            pass_over(meta)
        })?;
        Ok(rename)
    }
}

/// A name that is the same for reading and writing.
fn both_ways(meta: &ParseNestedMeta<'_>) -> Result<String> {
    if meta.input.peek(syn::token::Paren) {
        return Err(meta.error("settings are written as they are read: give one name for both"));
    }
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

fn each(attributes: &[Attribute], mut read: impl FnMut(&ParseNestedMeta<'_>) -> Result<()>) -> Result<()> {
    let mut serde = attributes.iter().filter(|attribute| attribute.path().is_ident("serde"));
    serde.try_for_each(|attribute| attribute.parse_nested_meta(|meta| read(&meta)))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cases_are_those_of_serde() {
        let key = |case: &str| Names { defaults: false, case: Some(case.to_owned()) }.key("idle_time_out");
        assert_eq!(key("snake_case"), "idle_time_out");
        assert_eq!(key("kebab-case"), "idle-time-out");
        assert_eq!(key("camelCase"), "idleTimeOut");
        assert_eq!(key("PascalCase"), "IdleTimeOut");
        assert_eq!(key("SCREAMING_SNAKE_CASE"), "IDLE_TIME_OUT");
    }
}
