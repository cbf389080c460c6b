//! Why an app's routes make no sense.

use std::fmt;
use std::panic::Location;

use http::Method;

/// Routes that conflict, are malformed, or want a state that the app does not have.
///
/// The message names the routes and the places in the code where they were added; all faults are told at once.
#[derive(Debug)]
pub struct RouteError(pub(crate) Vec<Fault>);

#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) route: String,
    pub(crate) place: &'static Location<'static>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Conflict {
        with: String,
        place: &'static Location<'static>,
    },
    /// Two routes of an app have one name.
    Name {
        name: String,
        with: String,
        place: &'static Location<'static>,
    },
    Malformed(String),
    NoState(&'static str),
}

impl RouteError {
    /// Whether two routes answer the same requests, or have the same name.
    pub fn is_conflict(&self) -> bool {
        self.0.iter().any(|fault| matches!(fault.kind, Kind::Conflict { .. } | Kind::Name { .. }))
    }

    /// Whether a pattern is no pattern, a prefix no prefix or a host no host.
    pub fn is_malformed(&self) -> bool {
        self.0.iter().any(|fault| matches!(fault.kind, Kind::Malformed(_)))
    }

    /// Whether a handler takes a state that the app does not have.
    pub fn is_missing_state(&self) -> bool {
        self.0.iter().any(|fault| matches!(fault.kind, Kind::NoState(_)))
    }
}

pub(crate) fn label(method: Option<&Method>, pattern: &str) -> String {
    format!("{} {pattern}", method.map_or("any method", Method::as_str))
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let Fault { kind, route, place } = fault;
            if index > 0 {
                f.write_str("; ")?;
            }
            match kind {
                Kind::Conflict { with, place: other } => {
                    write!(f, "route `{route}` at {place} conflicts with `{with}` at {other}")?;
                }
                Kind::Name { name, with, place: other } => {
                    write!(f, "route `{route}` at {place} is called `{name}`, as is `{with}` at {other}")?;
                }
                Kind::Malformed(why) => write!(f, "route `{route}` at {place} is malformed: {why}")?,
                Kind::NoState(name) => {
                    write!(f, "route `{route}` at {place} takes State<{name}>, which the app does not have")?;
                }
            }
        }
        Ok(())
    }
}

impl std::error::Error for RouteError {}
