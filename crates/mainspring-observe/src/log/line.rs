use std::{cell::RefCell, fmt, sync::Arc};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::buffer::Buffer;

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
        self.buffer.push(line.as_bytes(), *event.metadata().level() == Level::ERROR);
        line.clear();
        line.shrink_to(KEPT);
        Ok(())
    }
}
