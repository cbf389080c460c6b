use std::ffi::OsString;
use std::iter::Peekable;
use std::sync::Arc;

use super::field::Field;
use super::layer::Layer;
use super::origin::Origin;
use super::problem::Problem;
use super::schema::{Schema, distance};

/// What a command line asks for.
pub(super) struct Request {
    pub(super) help: bool,
    pub(super) check: bool,
    pub(super) print: bool,
    /// The file, and who said so.
    pub(super) file: Option<(String, Origin)>,
    pub(super) layers: Vec<Layer>,
}

/// The flags that are no settings, by which no top-level key can be called.
pub(super) const RESERVED: [&str; 5] = ["help", "check", "config", "print-config", "set"];

/// Reads a command line. What follows `--` is left to the program.
///
/// No message shows the value of a flag: a secret may stand there, even after a flag that is misspelt.
pub(super) fn read(schema: &Schema, args: &[OsString], problems: &mut Vec<Problem>) -> Request {
    let request = Request { help: false, check: false, print: false, file: None, layers: Vec::new() };
    let mut line = Line { schema, request, problems, rest: args.iter().enumerate().peekable() };
    while let Some((index, arg)) = line.rest.next() {
        match arg.to_str() {
            Some("--") => break,
            Some(arg) => line.take(index + 1, arg),
            None => line.refuse(Origin::Default, format!("argument {} is not valid UTF-8", index + 1)),
        }
    }
    line.request
}

struct Line<'a, I: Iterator<Item = (usize, &'a OsString)>> {
    schema: &'a Schema,
    request: Request,
    problems: &'a mut Vec<Problem>,
    rest: Peekable<I>,
}

impl<'a, I: Iterator<Item = (usize, &'a OsString)>> Line<'a, I> {
    fn take(&mut self, number: usize, arg: &'a str) {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (arg, None),
        };
        match name {
            "--help" | "-h" => self.request.help = true,
            "--check" => self.request.check = true,
            "--print-config" => self.request.print = true,
            "--config" => self.file(value),
            "--set" => self.set(value),
            name => match name.strip_prefix("--") {
                Some(key) => self.flag(name, key, value),
                None => self.refuse(
                    Origin::Default,
                    format!("argument {number} belongs to no flag; a setting is written `--key=value`"),
                ),
            },
        }
    }

    fn file(&mut self, value: Option<&'a str>) {
        let origin = flag("--config");
        match value.or_else(|| self.next_value()) {
            Some(path) if !path.is_empty() => self.request.file = Some((path.to_owned(), origin)),
            _ => self.refuse(origin, "expected the name of a file after it".to_owned()),
        }
    }

    fn set(&mut self, value: Option<&'a str>) {
        let pair = value.or_else(|| self.next_value()).and_then(|pair| pair.split_once('='));
        let Some((key, value)) = pair else {
            return self.refuse(flag("--set"), "expected `key=value` after it".to_owned());
        };
        let name = format!("--set {key}");
        match self.find(key) {
            Some((path, _)) => self.request.layers.push(Layer::text(path, value, &flag(&name))),
            None => self
                .unknown(&name, key, |schema, path| format!("--set {}", schema.flag(path)[2..].to_owned())),
        }
    }

    fn flag(&mut self, name: &str, key: &str, value: Option<&'a str>) {
        let Some((path, field)) = self.find(key) else {
            // Its value is no argument of its own.
            if value.is_none() {
                self.next_value();
            }
            return self.unknown(name, key, |schema, path| schema.flag(path));
        };
        let value = match field {
            Some(field) if field.is_bool() => value.or_else(|| self.next_bool()).or(Some("true")),
            _ => value.or_else(|| self.next_value()),
        };
        match value {
            Some(value) => self.request.layers.push(Layer::text(path, value, &flag(name))),
            None => {
                let looks = field.map_or_else(|| "value".to_owned(), Field::looks);
                self.refuse(flag(name), format!("expected a value after it ({looks})"));
            }
        }
    }

    fn find(&self, key: &str) -> Option<(Vec<String>, Option<&'a Field>)> {
        self.schema.resolve(&key.split('.').collect::<Vec<_>>())
    }

    /// The next argument, unless it is a flag.
    fn next_value(&mut self) -> Option<&'a str> {
        self.next_if(|arg| !arg.starts_with("--"))
    }

    fn next_bool(&mut self) -> Option<&'a str> {
        self.next_if(|arg| arg == "true" || arg == "false")
    }

    fn next_if(&mut self, accept: impl FnOnce(&str) -> bool) -> Option<&'a str> {
        let (_, arg) = self.rest.next_if(|(_, arg)| arg.to_str().is_some_and(accept))?;
        arg.to_str()
    }

    fn unknown(&mut self, name: &str, key: &str, write: impl FnOnce(&Schema, &[String]) -> String) {
        let given: Vec<_> = key.split('.').map(str::to_owned).collect();
        let near = RESERVED.into_iter().find(|known| distance(known, key) == 1);
        let meant = near.map(|known| format!("--{known}"));
        let meant = meant.or_else(|| self.schema.suggest(&given).map(|path| write(self.schema, &path)));
        let message = match meant {
            Some(meant) => format!("there is no such flag; did you mean `{meant}`?"),
            None => "there is no such flag; `--help` lists them".to_owned(),
        };
        self.refuse(flag(name), message);
    }

    fn refuse(&mut self, origin: Origin, message: String) {
        self.problems.push(Problem::new(origin, message));
    }
}

fn flag(name: &str) -> Origin {
    Origin::Flag(Arc::from(name))
}
