//! The breakers' story of a run in a few lines, for snapshots.

use model::audit::AuditEvent;
use model::history::{Event, Record, WorldEvent};

use crate::units::{clock, length, seconds};

/// Columns of a transition: `HALF_OPEN -> CLOSED`.
const ARROW_WIDTH: usize = 19;

/// One line per transition of a breaker and per begin and end of a fault, with time and cause.
///
/// Made for snapshots: short, aligned, and equal for equal runs.
pub fn breaker_timeline(history: &[Record]) -> String {
    let names = history.iter().filter_map(subject);
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for record in history {
        let (Some(subject), Some(what)) = (subject(record), what(record)) else {
            continue;
        };
        let at = clock(record.at_ns);
        text.push_str(format!("{at}  {subject:<width$}  {what}").trim_end());
        text.push('\n');
    }
    text
}

/// Whom a line is about; `None` for what has no line.
fn subject(record: &Record) -> Option<String> {
    if let Event::Trader(AuditEvent::BreakerChanged { breaker, .. }) = &record.event {
        Some(breaker.clone())
    } else if let Event::World(
        WorldEvent::FaultStarted { fault, .. } | WorldEvent::FaultEnded { fault, .. },
    ) = &record.event
    {
        Some(format!("fault {fault}"))
    } else {
        None
    }
}

/// What a line tells.
fn what(record: &Record) -> Option<String> {
    if let Event::Trader(AuditEvent::BreakerChanged { from, to, cause, open_ms, .. }) =
        &record.event
    {
        let arrow = format!("{from} -> {to}");
        let open = open_ms.map_or_else(String::new, |ms| {
            format!(", open for {}", length(seconds(ms.saturating_mul(1_000_000))))
        });
        Some(format!("{arrow:<ARROW_WIDTH$}  {cause}{open}"))
    } else if let Event::World(WorldEvent::FaultStarted { what, .. }) = &record.event {
        Some(format!("begins: {what}"))
    } else if let Event::World(WorldEvent::FaultEnded { struck, .. }) = &record.event {
        Some(format!("ends, struck {struck} times"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
