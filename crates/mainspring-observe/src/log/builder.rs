use std::{io, ops::RangeInclusive, sync::Arc, time::Duration};

use mainspring_service::entrypoint::Environment;
use tracing::Subscriber;
use tracing_subscriber::{Layer, Registry, fmt, layer::SubscriberExt as _, registry::LookupSpan, reload};

use super::{
    Error, Format, Guard, Handle, Output,
    buffer::Buffer,
    error::Kind,
    filter::Filter,
    format::Style,
    guard::{self, Reload},
    json::{JsonEvent, JsonFields},
    line::Line,
    text::{TextEvent, TextFields},
    writer::Writer,
};

/// From a few short lines up to what a machine can surely address twice.
const BUFFERS: RangeInclusive<usize> = 1024..=1 << 30;

/// Describes a log; [`install`](Self::install) makes it the process's.
///
/// Plain data: nothing is opened or started before `install` or [`layer`](Self::layer). The [module](super)
/// says how it works.
///
/// # Examples
///
/// ```
/// use mainspring_observe::log::{Format, Log, Output};
/// use tracing_subscriber::{Registry, layer::SubscriberExt as _};
///
/// let path = std::env::temp_dir().join(format!("mainspring-log-{}", std::process::id()));
/// let log = Log::new().filter("info,noisy=error").format(Format::Plain).output(Output::File(path.clone()));
///
/// let (layer, guard) = log.layer::<Registry>()?;
/// tracing::subscriber::with_default(Registry::default().with(layer), || {
///     tracing::info!(target: "rates", service = "tcp", "listening");
///     tracing::warn!(target: "noisy", "not shown");
/// });
/// drop(guard); // writes out what is left
///
/// let text = std::fs::read_to_string(&path)?;
/// assert_eq!(text.lines().count(), 1);
/// assert!(text.ends_with("  INFO rates: listening service=\"tcp\"\n"));
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Log {
    filter: Filter,
    format: Format,
    no_color: bool,
    buffer: usize,
    flush_every: Duration,
    output: Output,
    exit_flush: Duration,
}

impl Log {
    /// Describes a log at level `info`, [`Format::Auto`], to [`Output::Stderr`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            filter: Filter { level: "info".to_owned(), directives: String::new(), origin: "the program" },
            format: Format::Auto,
            no_color: false,
            buffer: 4 << 20,
            flush_every: Duration::from_millis(200),
            output: Output::Stderr,
            exit_flush: Duration::from_secs(1),
        }
    }

    /// Sets the level for everything no directive names: `off`, `error`, `warn`, `info` (the default), `debug`
    /// or `trace`.
    #[must_use]
    pub fn level(mut self, level: impl Into<String>) -> Self {
        self.filter.level = level.into();
        self
    }

    /// Sets directives, separated by commas, that add to the level: `"my_crate=debug,hyper=off"`.
    ///
    /// They are those of [`EnvFilter`](tracing_subscriber::EnvFilter): `target=level`,
    /// `target[span{field=value}]=level`. A bare level replaces [`level`](Self::level). The environment's filter,
    /// if set, takes the place of these.
    #[must_use]
    pub fn filter(mut self, directives: impl Into<String>) -> Self {
        self.filter.directives = directives.into();
        self
    }

    /// Sets how lines look; [`Format::Auto`] by default.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Sets the bound of the buffer in bytes: 1024 to 1 GiB, 4 MiB by default.
    ///
    /// The process holds up to twice as much: what is collected, and what is being written. The kernel gives the
    /// memory when it is first used.
    #[must_use]
    pub fn buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes;
        self
    }

    /// Sets how long a line may wait for others before it is written; 200 ms by default.
    #[must_use]
    pub fn flush_every(mut self, interval: Duration) -> Self {
        self.flush_every = interval;
        self
    }

    /// Sets where the lines go; [`Output::Stderr`] by default.
    #[must_use]
    pub fn output(mut self, output: Output) -> Self {
        self.output = output;
        self
    }

    /// Bounds how long dropping the [`Guard`] may take; 1 s by default.
    #[must_use]
    pub fn exit_flush(mut self, bound: Duration) -> Self {
        self.exit_flush = bound;
        self
    }

    /// Opens the output, starts the writer, and sets the process's `tracing` subscriber.
    ///
    /// An entrypoint that is given the log does this itself. What the environment says goes before
    /// [`filter`](Self::filter) and [`Format::Auto`]; `&Environment::default()` says nothing.
    ///
    /// # Errors
    ///
    /// Those of [`layer`](Self::layer), and [`is_already_installed`](Error::is_already_installed).
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_observe::log::{self, Log};
    /// use mainspring_service::entrypoint::Environment;
    ///
    /// let guard = Log::new().level("warn").install(&Environment::default())?;
    /// tracing::info!("not shown");
    /// log::handle().expect("it is installed").filter("info")?;
    /// tracing::info!("shown");
    /// assert_eq!(log::stats().lines, 1);
    ///
    /// let error = Log::new().install(&Environment::default()).unwrap_err();
    /// assert!(error.is_already_installed());
    /// # drop(guard);
    /// # Ok::<(), log::Error>(())
    /// ```
    pub fn install(mut self, environment: &Environment) -> Result<Guard, Error> {
        if let Some(directives) = &environment.filter {
            self.filter = self.filter.with(directives, "the environment");
        }
        self.no_color |= environment.no_color;
        let (layer, guard) = self.layer()?;
        tracing::subscriber::set_global_default(Registry::default().with(layer))
            .map_err(|_| Kind::AlreadyInstalled)?;
        guard::set_installed(guard.handle());
        Ok(guard)
    }

    /// Opens the output, starts the writer, and returns the layer for a subscriber of one's own.
    ///
    /// The filter belongs to the layer: other layers see what they ask for.
    ///
    /// # Errors
    ///
    /// * [`is_bad_filter`](Error::is_bad_filter): a level or a directive cannot be read.
    /// * [`is_bad_buffer`](Error::is_bad_buffer): the buffer is smaller than 1024 bytes or larger than 1 GiB.
    /// * [`is_output`](Error::is_output): the output cannot be opened.
    /// * [`is_thread`](Error::is_thread): the system refuses the writer's thread.
    pub fn layer<S>(self) -> Result<(impl Layer<S> + Send + Sync + use<S>, Guard), Error>
    where
        S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    {
        let (filter, reload) = reload::Layer::new(self.filter.parse()?);
        let reload: Reload = Arc::new(move |filter| reload.reload(filter));
        if !BUFFERS.contains(&self.buffer) {
            return Err(Kind::Buffer { bytes: self.buffer, allowed: BUFFERS }.into());
        }
        let sink = self.output.open()?;
        let style = self.format.resolve(sink.is_terminal, self.no_color);
        let buffer = Arc::new(Buffer::new(self.buffer));
        Writer::new(Arc::clone(&buffer), sink.write, style, self.flush_every).spawn(self.buffer)?;
        let layer = lines(style, Arc::clone(&buffer)).with_filter(filter);
        let handle = Handle { buffer, filter: self.filter, reload };
        Ok((layer, Guard { handle, exit_flush: self.exit_flush }))
    }
}

fn lines<S>(style: Style, buffer: Arc<Buffer>) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    // An event that cannot be formatted is left out: the alternative prints to the real stderr, and may block.
    let layer = fmt::layer().with_writer(io::sink).log_internal_errors(false);
    match style {
        Style::Text { color } => {
            let layer = layer.with_ansi(color).fmt_fields(TextFields);
            layer.event_format(Line { format: TextEvent { color }, buffer }).boxed()
        }
        Style::Json => layer.fmt_fields(JsonFields).event_format(Line { format: JsonEvent, buffer }).boxed(),
    }
}
