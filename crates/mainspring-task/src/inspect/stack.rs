//! From addresses to names: frames, and the chain of those that are the program's own.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Addresses whose names are kept. A program has few places at which it waits.
const KEPT: usize = 50_000;

/// Crates whose frames say how a wait works, not where it is.
const MACHINERY: [&str; 13] = [
    "std",
    "core",
    "alloc",
    "test",
    "backtrace",
    "tokio",
    "tokio_util",
    "futures_core",
    "futures_util",
    "futures_channel",
    "futures_executor",
    "pin_project_lite",
    "mainspring_task",
];

/// One function in a stack, and the line it stands at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Frame {
    /// The function's path; its address when the program has no symbols. What is awaited inside a
    /// closure or an `async` block is shown as of the function around it.
    pub function: Arc<str>,
    /// The source file, as a rule with its whole path; `None` without debug information. Inside of a macro
    /// such as `select!`, the file and line of the macro.
    pub file: Option<Arc<str>>,
    /// The line in it, from 1.
    pub line: Option<u32>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, " ({file}:{line})"),
            (Some(file), None) => write!(f, " ({file})"),
            (None, _) => Ok(()),
        }
    }
}

/// What the innermost frame of a stack is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Inner {
    /// A future that keeps a waker.
    Leaf,
    /// Whatever a thread is in.
    Blocked,
}

/// The program's own frames of one stack, the outermost first, and the call they end in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Chain {
    pub(super) frames: Vec<Frame>,
    /// The function of a library that the last of them is in.
    pub(super) call: Option<Arc<str>>,
}

impl Chain {
    /// Names what stands at the addresses, the innermost first. Slow when they are new: the program's
    /// debug information is read.
    pub(super) fn resolve(addresses: &[usize], inner: Inner) -> Self {
        let mut frames: Vec<Frame> = addresses
            .iter()
            .flat_map(|address| symbols(*address).iter().cloned().collect::<Vec<_>>())
            .collect();
        let body = frames.iter().position(|frame| is_body(&frame.function));
        frames.truncate(body.unwrap_or(frames.len()));
        if inner == Inner::Leaf {
            frames.drain(..waker_frames(&frames));
        }
        let own = frames.iter().position(|frame| !is_machinery(frame));
        let library = &frames[..own.unwrap_or(frames.len())];
        let call = match inner {
            Inner::Blocked => library.last(),
            // Pins, boxes and poll functions lie between a future and the one that polls it.
            Inner::Leaf => library.iter().rev().find(|frame| !is_wrapper(frame)).or(library.last()),
        };
        let call = call.map(|frame| without_poll(&tidy(&frame.function)));
        let mut frames: Vec<Frame> = frames
            .into_iter()
            .filter(|frame| !is_machinery(frame))
            .map(|frame| Frame { function: tidy(&frame.function), ..frame })
            .collect();
        frames.reverse();
        // A macro of a library adds frames at its own lines to those of the function it stands in.
        let in_macro = |frame: &Frame| frame.file.as_deref().is_some_and(is_machinery_file);
        frames.dedup_by(|inner, outer| inner.function == outer.function && in_macro(inner));
        Chain { frames, call }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, frame) in self.frames.iter().enumerate() {
            write!(f, "{}{frame}", if index == 0 { "" } else { " > " })?;
        }
        match &self.call {
            Some(call) if self.frames.is_empty() => f.write_str(call),
            Some(call) => write!(f, " > {call}"),
            None => Ok(()),
        }
    }
}

/// What stands at a return address: several functions where calls have been inlined, the innermost
/// first. Names are as the compiler made them.
fn symbols(address: usize) -> Arc<[Frame]> {
    static KNOWN: LazyLock<Mutex<HashMap<usize, Arc<[Frame]>>>> = LazyLock::new(Mutex::default);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(frames) = known().get(&address) {
        return Arc::clone(frames);
    }
    let mut frames = Vec::new();
    backtrace::resolve(std::ptr::without_provenance_mut(address), |symbol| {
        frames.push(Frame {
            function: symbol
                .name()
                .map_or_else(|| format!("{address:#x}"), |name| format!("{name:#}"))
                .into(),
            file: symbol.filename().map(|file| file.to_string_lossy().into()),
            line: symbol.lineno(),
        });
    });
    if frames.is_empty() {
        frames.push(Frame { function: format!("{address:#x}").into(), file: None, line: None });
    }
    let frames: Arc<[Frame]> = frames.into();
    let mut known = known();
    if known.len() >= KEPT {
        known.clear();
    }
    known.insert(address, Arc::clone(&frames));
    frames
}

/// How many of the first frames belong to the recording itself.
fn waker_frames(frames: &[Frame]) -> usize {
    let recording = |frame: &Frame| {
        let function = &*frame.function;
        function.contains("trace_waker::clone")
            || function.contains("trace_waker::wake_by_ref")
            || function.contains("task::wake::Waker")
            || function.contains("task::wake::RawWaker")
    };
    frames.iter().take(16).rposition(recording).map_or(0, |last| last + 1)
}

fn is_body(function: &str) -> bool {
    function.contains("mainspring_task::task::body::Body") || function.contains("trace_waker::bottom")
}

fn is_wrapper(frame: &Frame) -> bool {
    matches!(crate_of(&frame.function), Some("std" | "core" | "alloc"))
}

fn is_machinery(frame: &Frame) -> bool {
    match crate_of(&frame.function) {
        Some(name) => MACHINERY.contains(&name),
        // Without a file it is C, or what the compiler puts in; an address may be anybody's.
        None => frame.file.as_deref().map_or(!frame.function.starts_with("0x"), is_machinery_file),
    }
}

/// The crate of a function's path; `None` when there is only a name, as for what was inlined in a
/// program with line tables alone.
fn crate_of(function: &str) -> Option<&str> {
    let mut path = function;
    // `<&mut T as other::Trait>::method`: where the type has no crate, the trait has.
    if let Some(inner) = path.strip_prefix('<')
        && let Some((this, of)) = inner.split_once(" as ")
    {
        let this = this.trim_start_matches(['<', '&', '(', '[', '*']).trim_start_matches("mut ");
        path = if this.split(['<', ' ', '>']).next().is_some_and(|name| name.contains("::")) {
            this
        } else {
            of
        };
    }
    let path = path.trim_start_matches(['<', '&', '(', '[', '*']);
    let path =
        ["mut ", "const ", "dyn ", "impl "].iter().fold(path, |path, word| path.trim_start_matches(word));
    let (name, _) = path.split_once("::")?;
    name.chars().all(|char| char == '_' || char.is_ascii_alphanumeric()).then_some(name)
}

fn is_machinery_file(file: &str) -> bool {
    file.starts_with("/rustc/")
        || file.contains("/rustlib/src/")
        || file.contains("/sysdeps/")
        || file.contains("glibc")
        || package_of(file).is_some_and(|package| MACHINERY.contains(&package.as_str()))
}

/// The package a source file belongs to, by the folder around its `src`, without the version.
fn package_of(file: &str) -> Option<String> {
    let (folders, _) = file.split_once("/src/").map(|(start, rest)| match rest.split_once("/src/") {
        // The registry keeps packages in a `src` of its own.
        Some((inner, rest)) => (inner, rest),
        None => (start, rest),
    })?;
    let folder = folders.rsplit('/').next()?;
    let version = folder.find(|char: char| char.is_ascii_digit()).filter(|at| folder[..*at].ends_with('-'));
    Some(folder[..version.map_or(folder.len(), |at| at - 1)].replace('-', "_"))
}

/// A path without the closures at its end.
fn tidy(function: &str) -> Arc<str> {
    let mut path = function;
    while let Some((outer, last)) = path.rsplit_once("::")
        && last.starts_with('{')
    {
        path = outer;
    }
    path.into()
}

/// The future's type, where the function is its `poll`.
fn without_poll(function: &str) -> Arc<str> {
    let future = function
        .strip_suffix("future::Future>::poll")
        .and_then(|path| path.strip_prefix('<')?.rsplit_once(" as "))
        .map(|(future, _)| future);
    future.unwrap_or(function).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, file: Option<&str>) -> Frame {
        Frame { function: function.into(), file: file.map(Into::into), line: Some(1) }
    }

    #[test]
    fn crates_are_told_by_the_path() {
        assert_eq!(crate_of("app::db::load::{{closure}}"), Some("app"));
        assert_eq!(crate_of("<tokio::time::Sleep as core::future::Future>::poll"), Some("tokio"));
        assert_eq!(crate_of("<core::pin::Pin<P> as core::future::Future>::poll"), Some("core"));
        assert_eq!(crate_of("<F as futures_core::future::TryFuture>::try_poll"), Some("futures_core"));
        assert_eq!(crate_of("<&mut app::Conn as core::future::Future>::poll"), Some("app"));
        assert_eq!(crate_of("{async_fn#0}"), None);
    }

    #[test]
    fn without_a_path_the_file_tells() {
        let registry = "/root/.cargo/registry/src/index-1/tokio-1.54.1/src/time/sleep.rs";
        assert!(is_machinery(&frame("{impl#3}", Some(registry))));
        assert!(is_machinery(&frame("poll", Some("/rustc/abc/library/core/src/task.rs"))));
        assert!(is_machinery(&frame("{async_fn#0}", Some("crates/mainspring-task/src/time/timeout.rs"))));
        assert!(!is_machinery(&frame("{async_fn#0}", Some("crates/mainspring-task/tests/place.rs"))));
        assert!(!is_machinery(&frame("{async_fn#0}", Some("src/tokio/main.rs"))));
    }

    #[test]
    fn a_poll_is_shown_as_the_future() {
        let poll = "<tokio::time::sleep::Sleep as core::future::future::Future>::poll";
        assert_eq!(&*without_poll(poll), "tokio::time::sleep::Sleep");
        assert_eq!(
            &*without_poll("tokio::sync::oneshot::Receiver<T>::recv"),
            "tokio::sync::oneshot::Receiver<T>::recv"
        );
    }

    #[test]
    fn closures_are_shown_as_the_function_around_them() {
        assert_eq!(&*tidy("app::main::{{closure}}::{{closure}}"), "app::main");
        assert_eq!(&*tidy("app::main::{closure#0}"), "app::main");
        assert_eq!(&*tidy("{async_fn#0}"), "{async_fn#0}");
    }
}
