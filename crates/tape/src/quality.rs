//! What can be wrong with rows that were read, and what is done about it.
//!
//! The checker is pure: rows in, verdicts out, in bounded memory. Every problem is counted, whatever
//! its policy; a row that is left out is counted as such.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use model::UnixNanos;

mod book;
mod checked;
mod checker;
mod ids;
mod report;
mod sorter;

pub use checked::{CheckedReader, QualityError, Sieve};
pub use checker::{Checker, RowAbout};
pub use report::{EXAMPLES_MAX, Example, QualityReport, Tally};
pub use sorter::SORT_ROWS_MAX;

/// Something wrong, or worth knowing, about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// A row is older than the newest one before it.
    Unsorted,
    /// A time that no market has: see [`TIMES`], or a bar that does not end after its beginning.
    AbsurdTime,
    /// A price of zero or less, a trade of nothing, a negative volume.
    NotPositive,
    /// A bar whose high is not its highest price or whose low is not its lowest.
    CrossedBar,
    /// A trade number that came before, within the last [`IDS_KEPT`] trades.
    DuplicateId,
    /// A second bar that begins when another one began.
    DuplicateBar,
    /// A bar that begins before the one before it ended.
    OverlappingBar,
    /// A bar that the venue had not finished when it answered.
    UnfinishedBar,
    /// Trade numbers left out, or not ascending. Counted are the numbers.
    MissingIds,
    /// A trade without number that equals another one of its instant. Mostly distinct trades.
    EqualTrade,
    /// No bar, or no trade for longer than [`QualityConfig::silence`]. Counted are holes and bars.
    Gap,
    /// A price that moved by more than [`QualityConfig::jump_bps`] from trade to trade or within a bar.
    Jump,
    /// A bar in which nobody traded.
    EmptyBar,
    /// Digits beyond the unit that were rounded: noise of floating-point numbers.
    Rounded,
    /// Best prices, or a book after a message, whose bid is not below its ask. In a book it shows when the
    /// next message begins: left out is what the next message begins with, so `skip` is of no use there.
    CrossedBook,
    /// A message of a book that does not go on where the one before ended. `skip` leaves out everything
    /// until the next snapshot.
    BrokenSequence,
    /// A message after which the book is not what the venue's checksum says. `skip` as above.
    WrongChecksum,
}

/// Rows outside are [`Problem::AbsurdTime`]: before 1990 or after 2099.
pub const TIMES: std::ops::Range<UnixNanos> =
    UnixNanos::from_secs(631_152_000)..UnixNanos::from_secs(4_102_444_800);

/// Longest bar: a month.
pub(crate) const BAR_MAX: Duration = Duration::from_hours(31 * 24);

/// Trade numbers that are remembered to find duplicates: more than the pages of any venue overlap,
/// and few enough to be searched for every number of a file that descends.
pub const IDS_KEPT: usize = 4 * 1024;

/// Levels of each side of a book that are remembered to find crossed ones.
pub const BOOK_LEVELS_KEPT: usize = 64 * 1024;

/// Trades of one instant that are compared with each other.
pub const EQUAL_TRADES_KEPT: usize = 64 * 1024;

impl Problem {
    /// Every problem.
    pub const ALL: [Self; 17] = [
        Self::Unsorted,
        Self::AbsurdTime,
        Self::NotPositive,
        Self::CrossedBar,
        Self::DuplicateId,
        Self::DuplicateBar,
        Self::OverlappingBar,
        Self::UnfinishedBar,
        Self::MissingIds,
        Self::EqualTrade,
        Self::Gap,
        Self::Jump,
        Self::EmptyBar,
        Self::Rounded,
        Self::CrossedBook,
        Self::BrokenSequence,
        Self::WrongChecksum,
    ];

    /// The name in reports and options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsorted => "unsorted",
            Self::AbsurdTime => "absurd-time",
            Self::NotPositive => "not-positive",
            Self::CrossedBar => "crossed-bar",
            Self::DuplicateId => "duplicate-id",
            Self::DuplicateBar => "duplicate-bar",
            Self::OverlappingBar => "overlapping-bar",
            Self::UnfinishedBar => "unfinished-bar",
            Self::MissingIds => "missing-ids",
            Self::EqualTrade => "equal-trade",
            Self::Gap => "gap",
            Self::Jump => "jump",
            Self::EmptyBar => "empty-bar",
            Self::Rounded => "rounded",
            Self::CrossedBook => "crossed-book",
            Self::BrokenSequence => "broken-sequence",
            Self::WrongChecksum => "wrong-checksum",
        }
    }

    /// What is done unless told otherwise: what makes a replay wrong fails, what markets do is kept.
    pub const fn default_policy(self) -> Policy {
        match self {
            Self::Unsorted
            | Self::AbsurdTime
            | Self::NotPositive
            | Self::CrossedBar
            | Self::DuplicateId
            | Self::DuplicateBar
            | Self::OverlappingBar
            | Self::CrossedBook
            | Self::BrokenSequence
            | Self::WrongChecksum => Policy::Fail,
            // Its close is not known yet.
            Self::UnfinishedBar => Policy::Skip,
            Self::MissingIds
            | Self::EqualTrade
            | Self::Gap
            | Self::Jump
            | Self::EmptyBar
            | Self::Rounded => Policy::Keep,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Problem {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|problem| problem.name() == text)
            .ok_or_else(|| format!("expected one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// What is done about a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The tape is refused.
    Fail,
    /// The row is left out, and counted.
    Skip,
    /// The row stays, and is counted.
    Keep,
    /// Rows are sorted within a window of so many rows, `1..=`[`SORT_ROWS_MAX`]; a row that is older
    /// than what has left the window fails. Only for [`Problem::Unsorted`].
    Sort(usize),
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail => f.write_str("fail"),
            Self::Skip => f.write_str("skip"),
            Self::Keep => f.write_str("keep"),
            Self::Sort(rows) => write!(f, "sort:{rows}"),
        }
    }
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rows = text.strip_prefix("sort:").and_then(|rows| rows.parse().ok());
        match (text, rows) {
            ("fail", _) => Ok(Self::Fail),
            ("skip", _) => Ok(Self::Skip),
            ("keep", _) => Ok(Self::Keep),
            (_, Some(rows)) if (1..=SORT_ROWS_MAX).contains(&rows) => Ok(Self::Sort(rows)),
            _ => Err(format!(
                "expected fail, skip, keep or sort:ROWS with 1 to {SORT_ROWS_MAX} rows"
            )),
        }
    }
}

/// Policies and limits. The default is [`Problem::default_policy`] for every problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityConfig {
    policies: [Policy; Problem::ALL.len()],
    /// Longest silence between two trades that is no [`Problem::Gap`]; default one hour.
    pub silence: Duration,
    /// Largest move of a price that is no [`Problem::Jump`], basis points; default 500.
    pub jump_bps: u32,
    /// Problems whose rows are of no use to whoever reads them, so that no error suggests to keep them; default
    /// none.
    pub never_kept: &'static [Problem],
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self {
            policies: Problem::ALL.map(Problem::default_policy),
            silence: Duration::from_hours(1),
            jump_bps: 500,
            never_kept: &[],
        }
    }
}

impl QualityConfig {
    /// The policy of a problem.
    pub fn policy(&self, problem: Problem) -> Policy {
        self.policies[problem as usize]
    }

    /// Sets the policy of a problem.
    ///
    /// # Errors
    /// A text that says why: only unsorted rows can be sorted.
    pub fn set(&mut self, problem: Problem, policy: Policy) -> Result<(), String> {
        if matches!(policy, Policy::Sort(_)) && problem != Problem::Unsorted {
            return Err(format!("{problem}: expected fail, skip or keep, found {policy}"));
        }
        self.policies[problem as usize] = policy;
        Ok(())
    }

    /// The policies of a problem that a row which has it does not fail by, as `--on` takes them.
    pub fn ways_on(&self, problem: Problem) -> Vec<String> {
        let sort = (problem == Problem::Unsorted).then_some("sort:ROWS");
        let keep = (!self.never_kept.contains(&problem)).then_some("keep");
        let ways = [Some("skip"), sort, keep].into_iter().flatten();
        ways.map(|policy| format!("{problem}={policy}")).collect()
    }

    /// The first problem whose rows would be kept and are never to be.
    pub fn kept_in_vain(&self) -> Option<Problem> {
        let mut never = self.never_kept.iter().copied();
        never.find(|problem| self.policy(*problem) == Policy::Keep)
    }

    /// Sets a policy as `PROBLEM=POLICY` tells it.
    ///
    /// # Errors
    /// A text that says what was expected.
    pub fn set_text(&mut self, text: &str) -> Result<(), String> {
        let (problem, policy) = text
            .split_once('=')
            .ok_or_else(|| format!("expected PROBLEM=POLICY like unsorted=skip, found `{text}`"))?;
        self.set(problem.parse()?, policy.parse()?)
    }
}

#[cfg(test)]
mod tests;
