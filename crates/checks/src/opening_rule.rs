//! When a breaker must open, in the simplest words: all ends of calls are kept, and each question
//! counts them anew. Shares nothing with the breaker.

use std::time::Duration;

use crate::expectations::nanos;

/// What opens a closed breaker. Only calls that ended with a success or a failure count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpeningRule {
    /// So many failures in a row, at least 1.
    Consecutive(u32),
    /// Shares of bad calls.
    Rates {
        /// The calls that are looked at.
        span: Span,
        /// Below so many calls nothing opens it, at least 1.
        minimum_calls: u32,
        /// Percent of failed calls that open it.
        failure_percent: u32,
        /// Time above which a call is slow, and percent of slow calls that open it.
        slow: Option<(Duration, u32)>,
    },
}

/// Which of the ended calls a rate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// The last ones, so many.
    Calls(u32),
    /// Those that ended a short time ago.
    Time {
        /// What ended longer ago is never counted.
        window: Duration,
        /// What ended up to so much less long ago need not be counted.
        grain: Duration,
    },
}

/// Whether a call was slow, as far as that can be told from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slow {
    No,
    Perhaps,
    Yes,
}

/// A call that ended and counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) at_ns: u64,
    pub(crate) failed: bool,
    pub(crate) slow: Slow,
}

/// What a rule says after the last end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    Closed,
    /// One may think so or so: times are told with some slack, and windows have a grain.
    Either,
    Open,
}

impl OpeningRule {
    /// Whether a call that took so long is slow.
    pub(crate) fn slow(&self, took_ns: u64, slack_ns: u64) -> Slow {
        let Self::Rates { slow: Some((bound, _)), .. } = self else {
            return Slow::No;
        };
        let bound_ns = nanos(*bound);
        if took_ns > bound_ns.saturating_add(slack_ns) {
            Slow::Yes
        } else if took_ns.saturating_add(slack_ns) <= bound_ns {
            Slow::No
        } else {
            Slow::Perhaps
        }
    }

    /// Judges the ends of a stay in `CLOSED`, in their order.
    pub(crate) fn ruling(&self, ends: &[Ended], slack_ns: u64) -> Ruling {
        match *self {
            Self::Consecutive(wanted) if failures_in_a_row(ends) >= wanted => Ruling::Open,
            Self::Consecutive(_) => Ruling::Closed,
            Self::Rates { span, .. } => {
                let looks: Vec<_> = span.starts(ends, slack_ns).map(|from| &ends[from..]).collect();
                if looks.iter().all(|look| self.opens(look, &[Slow::Yes])) {
                    Ruling::Open
                } else if looks.iter().any(|look| self.opens(look, &[Slow::Yes, Slow::Perhaps])) {
                    Ruling::Either
                } else {
                    Ruling::Closed
                }
            }
        }
    }

    /// Judges rates over exactly these calls.
    fn opens(&self, ends: &[Ended], slow_is: &[Slow]) -> bool {
        let Self::Rates { minimum_calls, failure_percent, slow, .. } = *self else {
            return false;
        };
        let share = |of: usize, percent: u32| of * 100 >= ends.len() * size(percent);
        let failed = ends.iter().filter(|end| end.failed).count();
        let late = ends.iter().filter(|end| slow_is.contains(&end.slow)).count();
        ends.len() >= size(minimum_calls)
            && (share(failed, failure_percent)
                || slow.is_some_and(|(_, percent)| share(late, percent)))
    }
}

impl Span {
    /// Positions at which the calls that are looked at may begin.
    fn starts(self, ends: &[Ended], slack_ns: u64) -> std::ops::RangeInclusive<usize> {
        match self {
            Self::Calls(calls) => {
                let from = ends.len().saturating_sub(size(calls));
                from..=from
            }
            Self::Time { window, grain } => {
                let now_ns = ends.last().map_or(0, |end| end.at_ns);
                let since = |age_ns: u64| {
                    let not_before_ns = now_ns.saturating_sub(age_ns);
                    ends.partition_point(|end| end.at_ns < not_before_ns)
                };
                let sure_ns = nanos(window.saturating_sub(grain)).saturating_sub(slack_ns);
                since(nanos(window).saturating_add(slack_ns))..=since(sure_ns)
            }
        }
    }
}

/// The failures at the end.
pub(crate) fn failures_in_a_row(ends: &[Ended]) -> u32 {
    let row = ends.iter().rev().take_while(|end| end.failed).count();
    u32::try_from(row).unwrap_or(u32::MAX)
}

fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
