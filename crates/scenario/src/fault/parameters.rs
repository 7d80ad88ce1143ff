//! What the parameters of every kind of fault can tell.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::host::{Direction, Host};
use super::rest::Method;
use crate::duration::format_duration;

/// A parameter that does not go with the others, and what was expected of it.
pub(super) type Problem = (&'static str, String);

/// Parameters of one kind. `Display` shows them with a leading blank, or shows nothing.
pub(super) trait Parameters: fmt::Display {
    /// The first parameter that does not go with the others.
    fn problem(&self) -> Option<Problem> {
        None
    }

    /// What is struck.
    fn target(&self) -> Target<'_>;
}

/// What a fault strikes: two of one kind collide if their targets have everything in common.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    /// Hosts; none for what strikes the trader itself.
    pub(super) hosts: Vec<Host>,
    /// REST methods; empty for all, or where it is not about methods.
    pub(super) methods: &'a [Method],
    /// A part of the life of connections, or of the protocol; empty for kinds without parts.
    pub(super) part: &'static str,
    /// Directions of the bytes.
    pub(super) directions: &'static [Direction],
}

impl Target<'_> {
    /// Hosts as a whole.
    pub(super) const fn hosts(hosts: Vec<Host>) -> Self {
        Self { hosts, methods: &[], part: "", directions: &Direction::BOTH }
    }

    /// The bytes of one or both directions.
    pub(super) const fn bytes(hosts: Vec<Host>, direction: Option<Direction>) -> Self {
        Self { hosts, methods: &[], part: "", directions: Direction::or_both(direction) }
    }

    pub(super) fn meets(&self, other: &Target<'_>) -> bool {
        let all_methods = self.methods.is_empty() || other.methods.is_empty();
        // Both are about the trader itself.
        let no_hosts = self.hosts.is_empty() && other.hosts.is_empty();
        self.part == other.part
            && (no_hosts || share(&self.hosts, &other.hosts))
            && share(self.directions, other.directions)
            && (all_methods || share(self.methods, other.methods))
    }
}

fn share<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.iter().any(|one| b.contains(one))
}

/// Refuses a number out of range.
pub(super) fn number(
    key: &'static str,
    value: Option<u32>,
    range: &RangeInclusive<u32>,
) -> Option<Problem> {
    let (min, max) = (range.start(), range.end());
    value.filter(|value| !range.contains(value)).map(|_| (key, format!("{min} to {max}")))
}

/// Refuses a time out of range, or with a fraction of a millisecond.
pub(super) fn time(
    key: &'static str,
    value: Option<Duration>,
    range: &RangeInclusive<Duration>,
) -> Option<Problem> {
    let fits =
        |time: &Duration| range.contains(time) && time.subsec_nanos().is_multiple_of(1_000_000);
    let (min, max) = (format_duration(*range.start()), format_duration(*range.end()));
    let expected = || format!("whole milliseconds from {min} to {max}");
    value.filter(|time| !fits(time)).map(|_| (key, expected()))
}

/// A time that is fixed, or drawn between two: `delay`, or `delay_min` and `delay_max`.
pub(super) fn delays(
    delay: Option<Duration>,
    delay_min: Option<Duration>,
    delay_max: Option<Duration>,
    range: &RangeInclusive<Duration>,
) -> Option<Problem> {
    let written = [("delay", delay), ("delay_min", delay_min), ("delay_max", delay_max)];
    match (delay, delay_min, delay_max) {
        (Some(_), None, None) | (None, Some(_), Some(_)) => {}
        _ => {
            let key = written.iter().find(|(_, delay)| delay.is_some());
            let expected = "either `delay`, or both `delay_min` and `delay_max`";
            return Some((key.map_or("kind", |(key, _)| *key), expected.to_owned()));
        }
    }
    let out_of_range = written.into_iter().find_map(|(key, delay)| time(key, delay, range));
    if out_of_range.is_some() {
        return out_of_range;
    }
    let (least, most) = (delay_min?, delay_max?);
    (least > most).then(|| {
        let least = format_duration(least);
        ("delay_max", format!("a delay of at least `delay_min`, which is {least}"))
    })
}

/// ` by 3s`, ` by 1s to 3s`.
pub(super) fn write_delays(
    f: &mut fmt::Formatter<'_>,
    (min, max): (Duration, Duration),
) -> fmt::Result {
    write!(f, " by {}", format_duration(min))?;
    if min < max { write!(f, " to {}", format_duration(max)) } else { Ok(()) }
}
