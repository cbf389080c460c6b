/// What becomes of the times of a [`Cron`](super::Cron) that passed while nothing could run: the
/// machine slept, the clock was set ahead, or the process was down (see
/// [`Cron::since`](super::Cron::since)).
///
/// A time that is less than a minute ago is not missed: it runs late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Missed {
    /// They are left out. The default.
    #[default]
    Skip,
    /// One run stands for all of them.
    Once,
    /// Each is made up for, one after the other, but no more than the latest so many.
    All(usize),
}
