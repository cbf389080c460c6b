use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use super::field::Field;
use super::layer::Layer;
use super::origin::Origin;
use super::path::dotted;
use super::problem::Problem;
use super::schema::Schema;

/// The variables of a program: the layers they make, and the file one of them names.
pub(super) struct Variables {
    pub(super) layers: Vec<Layer>,
    pub(super) file: Option<(String, Origin)>,
}

/// Reads the variables that begin with the prefix of the program. An empty one is as good as none.
pub(super) fn read(
    schema: &Schema,
    vars: &BTreeMap<OsString, OsString>,
    problems: &mut Vec<Problem>,
) -> Variables {
    let mut read = Variables { layers: Vec::new(), file: None };
    let prefix = format!("{}_", schema.prefix);
    for (name, value) in vars {
        let Some(name) = name.to_str() else { continue };
        let Some(rest) = name.strip_prefix(&prefix).filter(|rest| !rest.is_empty()) else { continue };
        let origin = Origin::Variable(Arc::from(name));
        match value.to_str() {
            Some("") => {}
            Some(value) if rest == "CONFIG" => read.file = Some((value.to_owned(), origin)),
            Some(value) => read.take(schema, rest, value, origin, problems),
            None => problems.push(Problem::new(origin, "its value is not valid UTF-8")),
        }
    }
    read
}

impl Variables {
    fn take(
        &mut self,
        schema: &Schema,
        rest: &str,
        value: &str,
        origin: Origin,
        problems: &mut Vec<Problem>,
    ) {
        let keys: Vec<_> = rest.split("__").collect();
        let (set, file) = (schema.resolve(&keys).map(|(path, _)| path), secret_file(schema, rest));
        if is_service_link(rest, value) && (set.is_none() || value.contains("://")) {
            return;
        }
        let within = if set.is_none() && file.is_some() { Some("file".to_owned()) } else { None };
        let Some(mut path) = set.or(file) else {
            let given: Vec<_> = keys.iter().map(|key| key.to_lowercase()).collect();
            return problems.push(Problem::new(origin, unknown(schema, &given)));
        };
        if self.layers.iter().any(|layer| layer.path.starts_with(&path)) {
            return problems.push(twice(schema, &path));
        }
        path.extend(within);
        self.layers.push(Layer::text(path, value, &origin));
    }
}

fn unknown(schema: &Schema, given: &[String]) -> String {
    match schema.suggest(given) {
        Some(path) => format!("there is no such setting; did you mean `{}`?", schema.variable(&path)),
        None => "there is no such setting".to_owned(),
    }
}

fn twice(schema: &Schema, path: &[String]) -> Problem {
    let origin = Origin::Variable(Arc::from(schema.variable(path)));
    Problem::new(origin, format!("`{}` is set by another variable too", dotted(path)))
}

/// The secret that `TOKEN_FILE` means.
fn secret_file(schema: &Schema, rest: &str) -> Option<Vec<String>> {
    let keys: Vec<_> = rest.strip_suffix("_FILE")?.split("__").collect();
    let (path, field) = schema.resolve(&keys)?;
    field.is_some_and(Field::is_secret).then_some(path)
}

/// Kubernetes gives each container of a namespace variables for each service of it, named after the service: a
/// program that is called like its service finds `RATES_PORT=tcp://10.0.0.1:80` and more, and nobody meant it.
fn is_service_link(rest: &str, value: &str) -> bool {
    let protocol = value.split("://").next().filter(|start| *start != value);
    let address = matches!(protocol, Some("tcp" | "udp" | "sctp"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = rest.strip_prefix("PORT_").and_then(|rest| rest.split_once('_'));
    let of_port = port.is_some_and(|(number, rest)| {
        digits(number) && ["TCP", "UDP", "SCTP"].iter().any(|protocol| rest.starts_with(protocol))
    });
    rest == "SERVICE_HOST"
        || rest == "SERVICE_PORT"
        || rest.starts_with("SERVICE_PORT_")
        || (rest == "PORT" && address)
        || of_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_kubernetes_are_left_alone() {
        assert!(is_service_link("PORT", "tcp://10.0.0.1:80"));
        assert!(is_service_link("PORT_80_TCP_ADDR", "10.0.0.1"));
        assert!(is_service_link("SERVICE_PORT_HTTP", "80"));
        assert!(!is_service_link("PORT", "80"));
        assert!(!is_service_link("PORT_RANGE_TCP", "80"));
    }
}
