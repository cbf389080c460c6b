use std::fmt;

use ::config::{Config, ConfigError, Map, Source, Value};

use super::origin::Origin;

/// The root of all layers is a table under this key: `config` takes the keys above it for paths, and a key of a file
/// may have a dot in it.
const ROOT: &str = "settings";

/// What one source says, as `config` takes it: the file is a tree, a variable or a flag one text at its path.
#[derive(Clone)]
pub(super) struct Layer {
    pub(super) path: Vec<String>,
    value: Value,
}

impl Layer {
    /// A text whose meaning the type of the setting decides.
    pub(super) fn text(path: Vec<String>, text: &str, origin: &Origin) -> Self {
        Layer { path, value: Value::new(Some(&origin.to_string()), text) }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let within = |value, key: &String| Value::new(None, Map::from([(key.clone(), value)]));
        let tree = self.path.iter().rev().fold(self.value.clone(), within);
        Ok(Map::from([(ROOT.to_owned(), tree)]))
    }
}

/// Its value may be a secret.
impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Lays the variables over the file and the flags over both.
pub(super) fn join(file: Value, variables: Vec<Layer>, flags: Vec<Layer>) -> Value {
    let file = Layer { path: Vec::new(), value: file };
    let joined = Config::builder().add_source(file).add_source(variables).add_source(flags).build();
    let root = joined.and_then(|joined| joined.cache.into_table()).map(|mut layers| layers.remove(ROOT));
    root.ok().flatten().expect("no layer fails, and the file's is there even when it is empty")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    fn layer(key: &str, text: &str) -> Layer {
        Layer::text(path(key), text, &Origin::Flag(key.into()))
    }

    fn joined(variables: Vec<Layer>, flags: Vec<Layer>) -> impl Fn(&str) -> Option<String> {
        let tree = join(tree::empty(), variables, flags);
        move |key| Some(tree::at(&tree, &path(key))?.kind.to_string())
    }

    #[test]
    fn tables_are_joined_and_values_replaced() {
        let over = vec![layer("http.port", "2"), layer("name", "n")];
        let said = joined(vec![layer("http.port", "1"), layer("http.host", "a")], over);
        assert_eq!(said("http.port").unwrap(), "2");
        assert_eq!(said("http.host").unwrap(), "a");
        assert_eq!(said("name").unwrap(), "n");
    }

    #[test]
    fn no_part_of_a_key_is_taken_for_a_path() {
        let odd = Layer::text(vec!["a.b[0]".to_owned()], "1", &Origin::Default);
        let tree = join(tree::empty(), vec![odd], Vec::new());
        assert!(tree::at(&tree, &["a.b[0]".to_owned()]).is_some());
    }

    #[test]
    fn a_layer_does_not_show_its_value() {
        assert!(!format!("{:?}", layer("token", "hunter2")).contains("hunter2"));
    }
}
