use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use ::config::Value;

use super::arguments::{self, RESERVED, Request};
use super::document::{self, Document};
use super::fault::{Fault, What};
use super::field::{Config, Field, Shape};
use super::layer::join;
use super::origin::Origin;
use super::path::dotted;
use super::problem::Problem;
use super::reader::{self, Findings, Unknown};
use super::schema::{Schema, nearest};
use super::sources::{Files, Sources};
use super::tree::{self, Content, at};
use super::variables;

/// All layers, one over the other.
pub(super) struct Layers {
    pub(super) tree: Value,
    /// What is known of the file.
    pub(super) document: Document,
    pub(super) request: Request,
    /// The file could not be read, so what it lacks says nothing.
    torn: bool,
}

/// Settings, and what is known of them beside their values.
pub(super) struct Loaded<T> {
    pub(super) settings: T,
    /// Of each secret by its path.
    pub(super) secrets: Fingerprints,
    /// Of each value that is set, by its path.
    pub(super) values: Fingerprints,
}

/// Values by which a change can be told without keeping what has changed.
pub(super) type Fingerprints = BTreeMap<Vec<String>, u64>;

/// Reads the three layers that lie over the defaults.
pub(super) fn layers(schema: &mut Schema, sources: &Sources, problems: &mut Vec<Problem>) -> Layers {
    reserved(schema, problems);
    let mut request = arguments::read(schema, &sources.args, problems);
    let variables = variables::read(schema, &sources.vars, problems);
    let named = request.file.clone().or(variables.file);
    let before = problems.len();
    let (file, document) = file(schema, named, &*sources.files, problems);
    let torn = problems.len() > before;
    let tree = join(file, variables.layers, std::mem::take(&mut request.layers));
    Layers { tree, document, request, torn }
}

/// A file that is named has to be there; the one that is looked for by habit need not.
fn file(
    schema: &mut Schema,
    named: Option<(String, Origin)>,
    files: &dyn Files,
    problems: &mut Vec<Problem>,
) -> (Value, Document) {
    let nothing = || (tree::empty(), Document::default());
    let (path, origin) = match named {
        Some((path, origin)) => (path, Some(origin)),
        None => (schema.file.clone(), None),
    };
    schema.file.clone_from(&path);
    match files.read(path.as_ref()) {
        Ok(text) => document::read(&path, &text, problems),
        Err(error) if origin.is_none() && error.kind() == std::io::ErrorKind::NotFound => nothing(),
        Err(error) => {
            let origin = origin.unwrap_or(Origin::Default);
            problems.push(Problem::new(origin, format!("cannot read the settings from {path}: {error}")));
            nothing()
        }
    }
}

fn reserved(schema: &Schema, problems: &mut Vec<Problem>) {
    for field in &schema.fields {
        if RESERVED.contains(&field.name.replace('_', "-").as_str()) {
            let message = format!("the key `{}` of the program cannot be: `--{0}` has a meaning", field.name);
            problems.push(Problem::new(Origin::Default, message));
        }
    }
}

/// Gives the tree its type, and finds as many mistakes in it as can be found.
///
/// A struct stops at its first bad value. So the value is taken out, as if it had never been set, and the rest is
/// read again.
pub(super) fn read<T: Config>(
    schema: &Schema,
    layers: &Layers,
    sources: &Sources,
    hasher: &RandomState,
    problems: &mut Vec<Problem>,
) -> Option<Loaded<T>> {
    let mut tree = layers.tree.clone();
    let mut removed: Vec<Vec<String>> = Vec::new();
    loop {
        let findings = Findings::new(&*sources.files, hasher);
        let result = reader::read::<T>(&tree, &layers.document, &findings);
        unknown(schema, &findings, problems);
        let fault = match result {
            Ok(settings) => {
                invalid(&settings, layers, problems);
                let (secrets, values) = (findings.secrets.into_inner(), fingerprints(layers, hasher));
                return Some(Loaded { settings, secrets, values });
            }
            Err(fault) => fault,
        };
        let path = fault.place.as_ref().map(|place| place.path.clone()).unwrap_or_default();
        match fault.what {
            What::Missing(_) if layers.torn => {}
            What::Missing(field) => missing(schema, &tree, &path, field, &removed, problems),
            _ => note(problems, fault.problem()),
        }
        if !tree::remove(&mut tree, &path) {
            return None;
        }
        removed.push(path);
    }
}

fn fingerprints(layers: &Layers, hasher: &RandomState) -> Fingerprints {
    let mut leaves = Vec::new();
    tree::leaves(&layers.tree, &mut Vec::new(), &mut leaves);
    let print = |value| hasher.hash_one(Content(value, &layers.document));
    leaves.into_iter().map(|(path, value)| (path, print(value))).collect()
}

fn unknown(schema: &Schema, findings: &Findings<'_>, problems: &mut Vec<Problem>) {
    for Unknown { path, origin, known } in findings.unknown.borrow().iter() {
        let (last, above) = path.split_last().expect("an unknown key has a name");
        let near = nearest(last, known).map(|name| [above, &[name.to_owned()]].concat());
        let hint = near.or_else(|| schema.suggest(path)).map_or_else(
            || match &known[..] {
                [] => String::new(),
                known => format!("; known are {}", listed(known)),
            },
            |path| format!("; did you mean `{}`?", dotted(&path)),
        );
        note(problems, Problem::new(origin.clone(), format!("unknown key `{}`{hint}", dotted(path))));
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Says of all keys of a table that are not set and have to be; serde says it of the first only.
fn missing(
    schema: &Schema,
    tree: &Value,
    table: &[String],
    field: &str,
    removed: &[Vec<String>],
    problems: &mut Vec<Problem>,
) {
    let mut paths = Vec::new();
    required(schema.table(table).unwrap_or_default(), tree, &mut table.to_vec(), &mut paths);
    let named = [table, &[field.to_owned()]].concat();
    if !paths.iter().any(|path| path.starts_with(&named)) {
        paths.push(named);
    }
    // What was taken out for a mistake has been spoken of.
    let spoken =
        |path: &[String]| removed.iter().any(|gone| gone.starts_with(path) || path.starts_with(gone));
    for path in paths.iter().filter(|path| !spoken(path)) {
        note(problems, Problem::new(Origin::Default, unset(schema, path)));
    }
}

/// The keys that have to be set and are not; of a table that is not there, the keys in it.
fn required(fields: &[Field], tree: &Value, above: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for field in fields.iter().filter(|field| field.required) {
        above.push(field.name.clone());
        let before = found.len();
        if at(tree, above).is_none() {
            if let Shape::Table(inner) = &field.shape {
                required(inner, tree, above, found);
            }
            if found.len() == before {
                found.push(above.clone());
            }
        }
        above.pop();
    }
}

fn unset(schema: &Schema, path: &[String]) -> String {
    let (key, file, variable) = (dotted(path), &schema.file, schema.variable(path));
    let (name, above) = path.split_last().expect("a key has a name");
    let field = schema.table(above).and_then(|fields| fields.iter().find(|field| field.name == *name));
    match field {
        Some(field) if field.is_secret() => {
            format!("`{key}` is not set: set it in {file}, with {variable} or with {variable}_FILE")
        }
        _ => format!("`{key}` is not set: set it in {file}, with {variable} or with {}", schema.flag(path)),
    }
}

fn invalid<T: Config>(settings: &T, layers: &Layers, problems: &mut Vec<Problem>) {
    for invalid in settings.invalid() {
        let value = at(&layers.tree, &invalid.path).filter(|_| !invalid.path.is_empty());
        let key = value.map(|value| layers.document.key_origin(value, &invalid.path));
        let message = match &invalid.path[..] {
            [] => invalid.message,
            path => format!("`{}`: {}", dotted(path), invalid.message),
        };
        note(problems, Problem::new(key.unwrap_or(Origin::Default), message));
    }
}

fn note(problems: &mut Vec<Problem>, problem: Problem) {
    if !problems.contains(&problem) {
        problems.push(problem);
    }
}

/// The settings when nothing is set; not there when something has to be.
pub(super) fn defaults<T: Config>() -> Result<T, Fault> {
    let (sources, hasher) = (Sources::none(), RandomState::new());
    reader::read(&tree::empty(), &Document::default(), &Findings::new(&*sources.files, &hasher))
}
