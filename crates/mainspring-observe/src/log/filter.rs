use tracing_subscriber::{EnvFilter, filter::Directive};

use super::error::{Error, Kind};

pub(super) const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Which lines pass: a level for everything, and directives for what differs from it.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) level: String,
    pub(super) directives: String,
    /// Where the directives came from, for the error's text.
    pub(super) origin: &'static str,
}

impl Filter {
    /// Same level, other directives.
    pub(super) fn with(&self, directives: &str, origin: &'static str) -> Self {
        Self { level: self.level.clone(), directives: directives.to_owned(), origin }
    }

    pub(super) fn parse(&self) -> Result<EnvFilter, Error> {
        let level = self.level.trim().to_ascii_lowercase();
        if !LEVELS.contains(&level.as_str()) {
            return Err(Kind::Level { level: self.level.clone() }.into());
        }
        let mut filter = EnvFilter::default();
        // A later directive for the same target replaces the earlier one, so a bare level among the
        // directives takes the place of this one.
        for directive in std::iter::once(level.as_str()).chain(self.directives.split(',').map(str::trim)) {
            if !directive.is_empty() {
                filter = filter.add_directive(self.directive(directive)?);
            }
        }
        Ok(filter)
    }

    fn directive(&self, text: &str) -> Result<Directive, Error> {
        text.parse().map_err(|source| {
            Kind::Directive { directive: text.to_owned(), origin: self.origin, source }.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(level: &str, directives: &str) -> Result<String, Error> {
        let filter = Filter { level: level.into(), directives: directives.into(), origin: "the test" };
        filter.parse().map(|filter| filter.to_string())
    }

    #[test]
    fn directives_add_to_the_level() {
        assert_eq!(parse("info", "my_crate=debug").unwrap(), "my_crate=debug,info");
    }

    #[test]
    fn a_bare_level_among_the_directives_replaces_the_level() {
        assert_eq!(parse("info", "warn, my_crate=debug,").unwrap(), "my_crate=debug,warn");
    }

    #[test]
    fn an_unknown_level_is_named_with_the_known_ones() {
        let error = parse("inof", "").unwrap_err();
        assert!(error.is_bad_filter());
        assert_eq!(error.to_string(), "log level \"inof\": expected off, error, warn, info, debug or trace");
    }

    #[test]
    fn a_bad_directive_is_named_with_its_origin() {
        let error = parse("info", "debug,my_crate=loud,warn").unwrap_err();
        assert!(error.is_bad_filter());
        let text = error.to_string();
        assert!(text.starts_with("log filter from the test: bad directive \"my_crate=loud\": "), "{text}");
    }
}
