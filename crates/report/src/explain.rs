//! The story of a failure: what was in force when it showed, who waited for what, what each host did last.

use std::collections::BTreeMap;

use model::audit::{AuditEvent, BreakerState, HealthState, StreamState};
use model::history::{Event, Record, VenueEvent, WorldEvent};

use crate::record::{CheckRecord, RunRecord};
use crate::text::TextStyle;
use crate::text::line::{Line, Paint, wrap};
use crate::units::{clock, nanos};

/// Events after the failure that are shown.
const AFTER_SHOWN: usize = 6;
/// Further violations that are shown.
const VIOLATIONS_SHOWN: usize = 5;

/// Tells the story of a failure: that of a check, or the one that decides the exit code.
///
/// `None` if the run did not fail, or not that check. `events` of each host are shown before the failure;
/// updates of books and samples of metrics are left out.
pub fn render_explanation(
    record: &RunRecord,
    history: &[Record],
    check: Option<&str>,
    events: usize,
    style: TextStyle,
) -> Option<String> {
    let decides = record.failure().map(|failure| failure.check);
    let name = check.map(str::to_owned).or(decides)?;
    let check = record.checks.iter().find(|check| check.name == name && !check.passed)?;
    let end = history.last().map_or((0, 0), |record| (record.seq, record.at_ns));
    let (seq, at_ns) =
        check.violations.first().map_or(end, |violation| (violation.seq, nanos(violation.at_s)));
    // What shows by its absence shows at a time, not at an event.
    let before: Vec<&Record> =
        history.iter().take_while(|record| record.seq <= seq && record.at_ns <= at_ns).collect();
    let mut lines = failure(record, check, (seq, at_ns), style);
    lines.extend(in_force(&before));
    lines.extend(waits(&before));
    lines.extend(last_events(&before, seq, events));
    let after = history.iter().skip(before.len()).filter(|record| is_telling(record));
    lines.extend([Line::new(), Line::new().paint(Paint::Bold, "THEN")]);
    lines.extend(after.take(AFTER_SHOWN).map(|record| {
        Line::new()
            .paint(Paint::Dim, &format!("  {}  ", clock(record.at_ns)))
            .text(&format!("{}  {}", record.host, record.event))
    }));
    let mut text = String::new();
    lines.iter().for_each(|line| line.render(style, &mut text));
    Some(text)
}

fn failure(
    record: &RunRecord,
    check: &CheckRecord,
    (seq, at_ns): (u64, u64),
    style: TextStyle,
) -> Vec<Line> {
    let columns = style.columns().saturating_sub(4);
    let class = check.class.as_str();
    let mut lines = vec![
        Line::new()
            .paint(Paint::Red, &format!("FAIL {class} {}", check.name))
            .text(&format!("  {}, seed {:#x}", record.scenario, record.seed)),
    ];
    lines.extend(
        wrap(&check.sentence, columns)
            .iter()
            .map(|row| Line::new().paint(Paint::Dim, &format!("  {row}"))),
    );
    let what = match (check.violations.first(), &check.why) {
        (Some(violation), _) => violation.message.clone(),
        (None, Some(why)) => format!("nothing to examine: {why}"),
        (None, None) => "nobody said why".to_owned(),
    };
    let what = format!("at {}, event {seq}: {what}", clock(at_ns));
    lines.extend(wrap(&what, columns).iter().map(|row| Line::new().text(&format!("  {row}"))));
    for violation in check.violations.iter().skip(1).take(VIOLATIONS_SHOWN) {
        let at = clock(nanos(violation.at_s));
        lines.push(
            Line::new().paint(Paint::Dim, &format!("  also at {at}: ")).text(&violation.message),
        );
    }
    let total = usize::try_from(check.violations_total).unwrap_or(usize::MAX);
    let more = total.saturating_sub(VIOLATIONS_SHOWN + 1);
    if more > 0 {
        lines.push(Line::new().paint(Paint::Dim, &format!("  and {more} more")));
    }
    lines
}

/// A state that is not as it should be, with the time since when.
type States<'a> = BTreeMap<(&'static str, &'a str), (u64, String)>;

/// Faults, and states of breakers, streams, dependencies, books and orders that are out of the ordinary.
fn in_force(before: &[&Record]) -> Vec<Line> {
    let mut faults: BTreeMap<u32, (u64, &str)> = BTreeMap::new();
    let mut struck: BTreeMap<u32, u64> = BTreeMap::new();
    let mut states: States<'_> = BTreeMap::new();
    for record in before {
        match &record.event {
            Event::World(WorldEvent::FaultStarted { fault, what }) => {
                faults.insert(*fault, (record.at_ns, what));
            }
            Event::World(WorldEvent::FaultEnded { fault, .. }) => {
                faults.remove(fault);
            }
            Event::Venue(VenueEvent::FaultStruck { fault }) => {
                *struck.entry(*fault).or_default() += 1;
            }
            Event::Trader(event) => note(&mut states, record.at_ns, event),
            Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }
    let mut lines = vec![Line::new(), Line::new().paint(Paint::Bold, "IN FORCE")];
    for (fault, (since, what)) in &faults {
        let times =
            struck.get(fault).map_or_else(String::new, |times| format!(", struck {times} times"));
        lines.push(
            Line::new()
                .paint(Paint::Dim, &format!("  since {}  ", clock(*since)))
                .paint(Paint::Yellow, &format!("fault {fault}: {what}{times}")),
        );
    }
    for ((kind, name), (since, state)) in &states {
        lines.push(
            Line::new()
                .paint(Paint::Dim, &format!("  since {}  ", clock(*since)))
                .text(&format!("{kind} {name}: {state}")),
        );
    }
    if faults.is_empty() && states.is_empty() {
        lines.push(Line::new().paint(Paint::Dim, "  nothing: no fault, and everything was well"));
    }
    lines
}

fn note<'a>(states: &mut States<'a>, at_ns: u64, event: &'a AuditEvent) {
    let (key, state) = match event {
        AuditEvent::BreakerChanged { breaker, to, cause, .. } => {
            let state = (*to != BreakerState::Closed).then(|| format!("{to}, {cause}"));
            (("breaker", breaker.as_str()), state)
        }
        AuditEvent::StreamChanged { stream, state, reason } => {
            let odd = *state != StreamState::Live;
            let state = odd.then(|| format!("{}, {reason}", state.as_str()));
            (("stream", stream.as_str()), state)
        }
        AuditEvent::HealthChanged { dependency, state, reason, .. } => {
            let odd = *state != HealthState::Up;
            (("dependency", dependency.as_str()), odd.then(|| format!("{state} {reason}")))
        }
        AuditEvent::BookLost { symbol, reason } => {
            (("book", symbol.as_str()), Some(format!("lost, {reason}")))
        }
        AuditEvent::BookApplied { symbol, .. } => (("book", symbol.as_str()), None),
        AuditEvent::OrderChanged { client_order_id, state, filled, .. } => {
            let open = (!state.is_final()).then(|| format!("{state}, filled {filled}"));
            (("order", client_order_id.as_str()), open)
        }
        AuditEvent::CallStarted { .. }
        | AuditEvent::CallEnded { .. }
        | AuditEvent::TradeSeen { .. }
        | AuditEvent::TradesMissed { .. }
        | AuditEvent::OrderIntent { .. }
        | AuditEvent::Filled { .. }
        | AuditEvent::PositionChanged { .. }
        | AuditEvent::SinkLost { .. }
        | AuditEvent::Shutdown { .. } => return,
    };
    match state {
        Some(state) => drop(states.insert(key, (at_ns, state))),
        None => drop(states.remove(&key)),
    }
}

/// Waits on the network that had begun and not ended.
fn waits(before: &[&Record]) -> Vec<Line> {
    let mut open: BTreeMap<u64, (u64, &AuditEvent)> = BTreeMap::new();
    for record in before {
        if let Event::Trader(event @ AuditEvent::CallStarted { call, .. }) = &record.event {
            open.insert(*call, (record.at_ns, event));
        } else if let Event::Trader(AuditEvent::CallEnded { call, .. }) = &record.event {
            open.remove(call);
        }
    }
    let mut lines = vec![Line::new(), Line::new().paint(Paint::Bold, "OPEN WAITS")];
    if open.is_empty() {
        lines.push(Line::new().paint(Paint::Dim, "  none"));
    }
    lines.extend(open.values().map(|(since, event)| {
        let since = format!("  since {}  ", clock(*since));
        Line::new().paint(Paint::Dim, &since).text(&event.to_string())
    }));
    lines
}

fn last_events(before: &[&Record], seq: u64, events: usize) -> Vec<Line> {
    let mut hosts: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in before.iter().rev().filter(|record| is_telling(record) || record.seq == seq) {
        let last = hosts.entry(&record.host).or_default();
        if last.len() < events {
            last.push(record);
        }
    }
    let mut lines = vec![Line::new(), Line::new().paint(Paint::Bold, "LAST EVENTS OF EACH HOST")];
    for (host, last) in hosts {
        lines.push(Line::new().paint(Paint::Dim, &format!("  {host}")));
        lines.extend(last.into_iter().rev().map(|record| {
            let (mark, paint) =
                if record.seq == seq { ('>', Paint::Red) } else { (' ', Paint::Plain) };
            Line::new()
                .paint(Paint::Dim, &format!("  {mark} {}  ", clock(record.at_ns)))
                .paint(paint, &record.event.to_string())
        }));
    }
    lines
}

/// Not one of the many that only say that time goes on.
const fn is_telling(record: &Record) -> bool {
    !matches!(
        record.event,
        Event::Trader(AuditEvent::BookApplied { .. } | AuditEvent::TradeSeen { .. })
            | Event::Venue(VenueEvent::BookPublished { .. } | VenueEvent::TradePublished { .. })
            | Event::World(WorldEvent::MetricsSampled { .. })
            | Event::Sink(_)
    )
}

#[cfg(test)]
mod tests;
