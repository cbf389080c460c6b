use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

/// Where settings come from: arguments, variables and files.
///
/// A program takes its [process](Sources::process)'s; a test gives them by value, and touches nothing outside.
///
/// ```
/// use mainspring_service::config::Sources;
///
/// let sources = Sources::none()
///     .file("rates.toml", "[http]\nport = 80")
///     .var("RATES_HTTP__PORT", "81")
///     .args(["--http.port", "82"]);
/// # drop(sources);
/// ```
#[derive(Clone)]
pub struct Sources {
    pub(super) args: Vec<OsString>,
    pub(super) vars: BTreeMap<OsString, OsString>,
    pub(super) files: Arc<dyn Files>,
}

/// Reads the files that are named by settings.
///
/// It is asked for the file of the settings and for those of secrets, nothing else. A store of secrets can stand
/// behind it.
pub trait Files: Send + Sync + 'static {
    /// The text of a file.
    ///
    /// # Errors
    ///
    /// When there is none (`NotFound`), or it cannot be read as text.
    fn read(&self, path: &Path) -> io::Result<Zeroizing<String>>;
}

impl Sources {
    /// Nothing at all.
    #[must_use]
    pub fn none() -> Self {
        Sources { args: Vec::new(), vars: BTreeMap::new(), files: Arc::new(Given::default()) }
    }

    /// The arguments and the environment of this process, and the files of its machine.
    #[must_use]
    pub fn process() -> Self {
        // `vars_os` and `args_os`, for the others panic at the first name that is no text, whosever it is.
        Sources {
            args: std::env::args_os().skip(1).collect(),
            vars: std::env::vars_os().collect(),
            files: Arc::new(Disk),
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// These arguments and no others, without the name of the program: a program with words of its own on its
    /// command line hands over what follows them.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// One more variable.
    #[must_use]
    pub fn var(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    /// A file with this text, which hides the one of the same path.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, text: &str) -> Self {
        let text = Zeroizing::new(text.to_owned());
        self.files = Arc::new(Given { text: Some((path.into(), text)), below: Some(self.files) });
        self
    }

    /// Files from elsewhere.
    #[must_use]
    pub fn files(mut self, files: impl Files) -> Self {
        self.files = Arc::new(files);
        self
    }
}

/// The number of each, for a value of any may be a secret.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("args", &self.args.len())
            .field("vars", &self.vars.len())
            .finish_non_exhaustive()
    }
}

struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Zeroizing<String>> {
        std::fs::read_to_string(path).map(Zeroizing::new)
    }
}

#[derive(Default)]
struct Given {
    text: Option<(PathBuf, Zeroizing<String>)>,
    below: Option<Arc<dyn Files>>,
}

impl Files for Given {
    fn read(&self, path: &Path) -> io::Result<Zeroizing<String>> {
        match (&self.text, &self.below) {
            (Some((name, text)), _) if name == path => Ok(text.clone()),
            (_, Some(below)) => below.read(path),
            // The same words as those of a real file that is not there.
            (_, None) => Err(not_found()),
        }
    }
}

fn not_found() -> io::Error {
    const ENOENT: i32 = 2;
    io::Error::from_raw_os_error(ENOENT)
}
