use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    sync::Arc,
};

use mainspring_task::context::visit_logged;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::{buffer::Buffer, text::Escape};

/// A thread that has formatted a huge line gives back what is above this.
const KEPT: usize = 16 << 10;

thread_local! {
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Formats an event with `F` and hands the line to the buffer.
///
/// The formatting layer has a buffer and a writer for that, and neither is used: what a value leaves there when
/// it panics in the middle of its line would become the start of the thread's next line.
pub(super) struct Line<F> {
    pub(super) format: F,
    pub(super) buffer: Arc<Buffer>,
    /// The format knows nothing of context variables: they are added to its line.
    pub(super) carries: bool,
}

impl<S, N, F> FormatEvent<S, N> for Line<F>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, _: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => self.push(context, &mut line, event),
            // A value that is being formatted logs itself.
            Err(_) => self.push(context, &mut String::new(), event),
        })
    }
}

impl<F> Line<F> {
    fn push<S, N>(&self, context: &FmtContext<'_, S, N>, line: &mut String, event: &Event<'_>) -> fmt::Result
    where
        S: Subscriber + for<'lookup> LookupSpan<'lookup>,
        N: for<'writer> FormatFields<'writer> + 'static,
        F: FormatEvent<S, N>,
    {
        line.clear();
        self.format.format_event(context, Writer::new(line), event)?;
        if self.carries {
            carry(line);
        }
        self.buffer.push(line.as_bytes(), *event.metadata().level() == Level::ERROR);
        line.clear();
        line.shrink_to(KEPT);
        Ok(())
    }
}

/// Adds the task's context variables that log lines carry to a line of text.
fn carry(line: &mut String) {
    visit_logged(|name, value| {
        let ended = line.ends_with('\n').then(|| line.pop()).is_some();
        // A value that cannot be shown must not cost the line.
        let _ = write!(line, " {name}=").and_then(|()| write!(Escape(line), "{value}"));
        line.extend(ended.then_some('\n'));
    });
}
