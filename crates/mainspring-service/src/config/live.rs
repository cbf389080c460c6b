use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mainspring_task::Shared;

use super::error::Error;
use super::field::Config;
use super::loaded::{Fingerprints, Loaded};
use super::loader::Loader;
use super::path::dotted;
use super::secret::MASK;

/// Settings that can be loaded again while the program runs, on SIGHUP for one.
///
/// Clones share the settings. [`settings`](Live::settings) is a watched value, so a service waits for a change with
/// `changed` or `until`. Arguments and variables of a process stay as they are; what changes is the file, and the
/// files of secrets.
///
/// ```
/// use mainspring_macros::Config;
/// use mainspring_service::config::{Loader, Sources};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Default, Serialize, Deserialize, Config)]
/// #[serde(default)]
/// #[config(crate = "mainspring_service::config")] // only within this workspace
/// struct Settings { level: String }
///
/// let sources = Sources::none().file("rates.toml", "level = 'info'");
/// let live = Loader::new("rates").sources(sources).live::<Settings>().unwrap();
/// assert_eq!(live.settings().get().level, "info");
/// assert!(live.reload().unwrap().is_empty());
/// ```
pub struct Live<T> {
    loader: Arc<Loader>,
    settings: Shared<Arc<T>>,
    /// Held for as long as a reload takes, so that two of them do not overtake each other.
    known: Arc<Mutex<Known>>,
}

/// What a change is told by.
struct Known {
    /// The values as they are written. `None` when TOML has no form for them, a number past 2^63 for one.
    written: Option<BTreeMap<Vec<String>, toml::Value>>,
    values: Fingerprints,
    secrets: Fingerprints,
}

/// The keys whose values a reload has changed, in alphabetical order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    keys: BTreeSet<String>,
}

impl<T: Config> Live<T> {
    pub(super) fn new(loader: Loader, loaded: Loaded<T>) -> Self {
        let (settings, known) = Known::of(loaded);
        Live {
            loader: Arc::new(loader),
            settings: Shared::new(Arc::new(settings)),
            known: Arc::new(Mutex::new(known)),
        }
    }

    /// The settings in force, to be read and watched.
    #[must_use]
    pub fn settings(&self) -> Shared<Arc<T>> {
        self.settings.clone()
    }

    /// Reads all layers again, puts the settings in force and says which keys have changed.
    ///
    /// Nobody who watches is woken when nothing has changed. It reads small files and so blocks for some
    /// microseconds; where files are slow, call it through the blocking pool.
    ///
    /// # Errors
    ///
    /// When anything is wrong with the new settings; the old ones stay in force, all of them.
    pub fn reload(&self) -> Result<Changes, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (settings, now) = Known::of(self.loader.read::<T>()?);
        let changes = known.changes(&now);
        if !changes.is_empty() {
            *known = now;
            self.settings.set(Arc::new(settings));
        }
        Ok(changes)
    }
}

impl Known {
    fn of<T: Config>(loaded: Loaded<T>) -> (T, Self) {
        let Loaded { settings, secrets, values } = loaded;
        let written = toml::Value::try_from(&settings).ok().map(|value| {
            let mut found = BTreeMap::new();
            collect(value, &mut Vec::new(), &mut found);
            found
        });
        (settings, Known { written, values, secrets })
    }

    fn changes(&self, now: &Known) -> Changes {
        let mut keys = BTreeSet::new();
        match (&self.written, &now.written) {
            (Some(old), Some(new)) => {
                differences(old, new, &mut keys);
                keys.extend(self.unseen(now, new));
            }
            _ => differences(&self.values, &now.values, &mut keys),
        }
        differences(&self.secrets, &now.secrets, &mut keys);
        Changes { keys }
    }

    /// The changes that what is `written` does not show: of secrets that serde has buffered on their way to a
    /// flattened struct or a tagged enum, and of values that are not written at all.
    fn unseen(&self, now: &Known, written: &BTreeMap<Vec<String>, toml::Value>) -> BTreeSet<String> {
        let is_shown = |path: &Vec<String>| {
            let beside = |key: &Vec<String>| key.starts_with(path) || path.starts_with(key);
            now.secrets.keys().any(beside)
                || written.iter().any(|(key, value)| beside(key) && !value.to_string().contains(MASK))
        };
        let mut keys = BTreeSet::new();
        let hidden = |values: &Fingerprints| -> Fingerprints {
            values
                .iter()
                .filter(|(path, _)| !is_shown(path))
                .map(|(path, print)| (path.clone(), *print))
                .collect()
        };
        differences(&hidden(&self.values), &hidden(&now.values), &mut keys);
        keys
    }
}

impl Changes {
    /// Nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The changed keys: `http.port`.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// Whether this key has changed, or one in the table of this name.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.keys.iter().any(|changed| {
            changed.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keys.is_empty() {
            return f.write_str("nothing has changed");
        }
        f.write_str(&self.keys().collect::<Vec<_>>().join(", "))
    }
}

/// Puts down each value that is no table, by its path.
fn collect(value: toml::Value, path: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, toml::Value>) {
    let toml::Value::Table(entries) = value else {
        found.insert(path.clone(), value);
        return;
    };
    for (key, value) in entries {
        path.push(key);
        collect(value, path, found);
        path.pop();
    }
}

fn differences<V: PartialEq>(
    old: &BTreeMap<Vec<String>, V>,
    new: &BTreeMap<Vec<String>, V>,
    keys: &mut BTreeSet<String>,
) {
    let all: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    keys.extend(all.into_iter().filter(|key| old.get(*key) != new.get(*key)).map(|key| dotted(key)));
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Live {
            loader: Arc::clone(&self.loader),
            settings: self.settings.clone(),
            known: Arc::clone(&self.known),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("settings", &self.settings).finish_non_exhaustive()
    }
}
