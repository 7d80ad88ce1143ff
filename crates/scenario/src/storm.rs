//! Table `[storm]`: faults that each seed draws for itself.
//!
//! A family is a kind of fault with ranges: how often, how long, and with which parameters. Each seed switches
//! whole families off (swarm testing: a storm of two kinds goes deeper than a little of everything), and draws
//! for the others how often they strike, how long at most, and which of the values of their parameters it uses.
//!
//! A family names parameters as `[[fault]]` does, with values to choose from in place of each value. What is
//! drawn is read by the same code as what is written, so that a new kind of fault needs nothing here.

mod choice;
mod draw;
mod read;

use std::collections::BTreeSet;
use std::time::Duration;

pub(crate) use choice::Choice;
pub(crate) use read::{FamilyTable, StormTable, read_storm};

/// A part of the run in which faults are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storm {
    /// Key `at`: virtual time since the start of the run before which nothing is drawn.
    pub at: Duration,
    /// Key `for`: how long it lasts; every drawn fault is over by its end.
    pub lasts: Duration,
    /// Key `faults_max`: drawn faults at most, the earliest count. Default 100.
    pub faults_max: u32,
    /// Families in the order of the file.
    pub families: Vec<Family>,
}

impl Storm {
    /// Virtual time at which every drawn fault is over.
    pub const fn until(&self) -> Duration {
        self.at.saturating_add(self.lasts)
    }
}

/// One entry of `[[storm.family]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Key `kind`: a kind of fault.
    pub kind: String,
    /// Key `seeds_percent`: share of the seeds that have the family, 1 to 100. Default 50.
    pub seeds_percent: u32,
    /// Keys `every_min` and `every_max`: mean time from one beginning to the next; each seed draws one.
    pub every: (Duration, Duration),
    /// Keys `for_min` and `for_max`: how long a fault lasts; each seed draws a longest one.
    pub lasts: (Duration, Duration),
    /// Labels of the faults that it may draw.
    pub(crate) labels: BTreeSet<String>,
    /// Whether some of them strike the sink.
    pub(crate) strikes_sink: bool,
    /// Parameters of the kind, by key, with what may be drawn.
    pub(crate) parameters: Vec<(String, Choice)>,
}

impl Family {
    /// True if some of its faults happen to the sink.
    pub(crate) const fn strikes_sink(&self) -> bool {
        self.strikes_sink
    }
}

#[cfg(test)]
mod tests;
