use std::fmt;
use std::hash::RandomState;
use std::io::Write;

use super::error::Error;
use super::field::Config;
use super::live::Live;
use super::loaded::{self, Loaded};
use super::problem::Problem;
use super::schema::Schema;
use super::sources::Sources;
use super::{help, print};

/// Loads the settings of a program: its defaults, and over them a TOML file, variables and flags.
///
/// For a program called `rates` the file is `rates.toml` in the working directory, if it is there, or the one named
/// by `RATES_CONFIG` or `--config`; the variables begin with `RATES_`. See [the module](crate::config) for what each
/// layer looks like, and for the flags every program gets.
///
/// ```
/// use mainspring_macros::Config;
/// use mainspring_service::config::{Loader, Sources};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Default, Serialize, Deserialize, Config)]
/// #[serde(default)]
/// #[config(crate = "mainspring_service::config")] // only within this workspace
/// struct Settings {
///     /// Threads that work.
///     workers: u8,
/// }
///
/// let sources = Sources::none().file("rates.toml", "workers = 2").args(["--workers=3"]);
/// let settings: Settings = Loader::new("rates").sources(sources).load().unwrap();
/// assert_eq!(settings.workers, 3);
/// ```
#[derive(Clone)]
pub struct Loader {
    name: String,
    about: String,
    prefix: String,
    file: String,
    /// Those of the process when there are none; it is looked at as late as possible.
    sources: Option<Sources>,
    /// One for all reloads, so that the fingerprints of secrets can be compared.
    hasher: RandomState,
}

/// What a program is to do after its command line has been read.
#[derive(Debug)]
pub enum Answer<T> {
    /// Go on with these settings.
    Run(T),
    /// Write this text to standard output and end: what `--help`, `--print-config` or `--check` asked for.
    Print(String),
}

impl Loader {
    /// Loads the settings of the program of this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let prefix = name.to_uppercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        Loader {
            name: name.to_owned(),
            about: String::new(),
            prefix,
            file: format!("{name}.toml"),
            sources: None,
            hasher: RandomState::new(),
        }
    }

    /// What the program is, in a sentence, for `--help` and `--print-config`. Default: nothing is said.
    #[must_use]
    pub fn about(self, about: impl Into<String>) -> Self {
        Loader { about: about.into(), ..self }
    }

    /// What its variables begin with, without the `_` after it. Default: the name in capital letters.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Loader { prefix: prefix.into(), ..self }
    }

    /// The file that is read when no other is named. Default: the name with `.toml`.
    #[must_use]
    pub fn file(self, path: impl Into<String>) -> Self {
        Loader { file: path.into(), ..self }
    }

    /// Where arguments, variables and files come from. Default: from the process.
    #[must_use]
    pub fn sources(self, sources: Sources) -> Self {
        Loader { sources: Some(sources), ..self }
    }

    /// Loads the settings; the first thing a `main` does.
    ///
    /// `--help`, `--print-config` and `--check` are answered here: the process writes its answer and **ends**, as it
    /// does in every parser of command lines. Nothing runs yet that could be cut off. Where it must not end, in a
    /// test or in a process that holds something already, [`answer`](Loader::answer) serves.
    ///
    /// # Errors
    ///
    /// When anything is wrong with the settings; all of it is in the one error. After `--check` the process writes
    /// the error and ends with exit code 2 instead.
    pub fn load<T: Config>(self) -> Result<T, Error> {
        self.run().map(|loaded| loaded.settings)
    }

    /// Loads the settings, and keeps what is needed to load them again while the program runs.
    ///
    /// # Errors
    ///
    /// As for [`load`](Loader::load), which ends the process in the same cases.
    pub fn live<T: Config>(mut self) -> Result<Live<T>, Error> {
        self.sources.get_or_insert_with(Sources::process);
        let loaded = self.run()?;
        Ok(Live::new(self, loaded))
    }

    /// Loads the settings or says what else the command line asks for; the process goes on in any case.
    ///
    /// # Errors
    ///
    /// When anything is wrong with the settings. `--help` is answered even then.
    pub fn answer<T: Config>(&self) -> Result<Answer<T>, Error> {
        Ok(match self.ask()? {
            Answer::Run(loaded) => Answer::Run(loaded.settings),
            Answer::Print(text) => Answer::Print(text),
        })
    }

    /// Loads the settings, or ends the process with what else it was asked for.
    fn run<T: Config>(&self) -> Result<Loaded<T>, Error> {
        match self.ask() {
            Ok(Answer::Run(loaded)) => Ok(loaded),
            Ok(Answer::Print(text)) => end(0, &mut std::io::stdout(), &text),
            Err(error) if error.is_check() => {
                end(error.exit_code(), &mut std::io::stderr(), &format!("error: {error}\n"))
            }
            Err(error) => Err(error),
        }
    }

    fn ask<T: Config>(&self) -> Result<Answer<Loaded<T>>, Error> {
        let sources = self.sources.clone().unwrap_or_else(Sources::process);
        let (mut schema, mut problems) = (self.schema::<T>(), Vec::new());
        let layers = loaded::layers(&mut schema, &sources, &mut problems);
        let request = &layers.request;
        if request.help {
            return Ok(Answer::Print(help::text::<T>(&self.name, &self.about, &schema)));
        }
        let loaded = loaded::read::<T>(&schema, &layers, &sources, &self.hasher, &mut problems);
        let Some(loaded) = loaded.filter(|_| problems.is_empty()) else {
            return Err(Error::new(problems).asked(request.check));
        };
        if request.print {
            let text = print::text(&self.name, &self.about, &schema, &layers, &loaded.settings);
            return text.map(Answer::Print).map_err(|problem| Error::new(vec![problem]));
        }
        if request.check {
            return Ok(Answer::Print(format!("the settings of {} are in order\n", self.name)));
        }
        Ok(Answer::Run(loaded))
    }

    pub(super) fn read<T: Config>(&self) -> Result<Loaded<T>, Error> {
        let sources = self.sources.clone().unwrap_or_else(Sources::process);
        let (mut schema, mut problems) = (self.schema::<T>(), Vec::<Problem>::new());
        let layers = loaded::layers(&mut schema, &sources, &mut problems);
        let loaded = loaded::read::<T>(&schema, &layers, &sources, &self.hasher, &mut problems);
        loaded.filter(|_| problems.is_empty()).ok_or_else(|| Error::new(problems))
    }

    fn schema<T: Config>(&self) -> Schema {
        Schema { fields: T::fields(), prefix: self.prefix.clone(), file: self.file.clone() }
    }
}

/// The values of the sources may be secrets, so only their numbers are shown.
impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .field("file", &self.file)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

/// Ends the process with a text.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line asked for an answer and not for a run: no log, no task and no runtime is there yet"
)]
fn end(code: u8, stream: &mut dyn Write, text: &str) -> ! {
    // Whoever closed the other end of the stream wants no more of it.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    std::process::exit(i32::from(code))
}
