use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;

use tokio::runtime::Handle;

use super::Cores;

/// The threads of services that do not run with the rest: one for each group.
#[derive(Default)]
pub(crate) struct Groups {
    threads: BTreeMap<String, Cores>,
}

impl Groups {
    pub(crate) fn start(names: impl IntoIterator<Item = String>) -> io::Result<Self> {
        let mut threads = BTreeMap::new();
        for name in names {
            if let Entry::Vacant(vacant) = threads.entry(name) {
                let thread = Cores::named(vacant.key())?;
                vacant.insert(thread);
            }
        }
        Ok(Groups { threads })
    }

    /// The runtime of a group.
    pub(crate) fn handle(&self, group: Option<&str>) -> Option<Handle> {
        self.threads.get(group?).and_then(Cores::first)
    }
}
