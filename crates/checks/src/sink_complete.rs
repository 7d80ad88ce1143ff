//! `sink-complete`: nothing on its way to a database is lost without a word.
//!
//! What is to be stored follows from the audit trail; what was stored, the database itself tells.

use std::collections::BTreeMap;

use model::audit::AuditEvent;
use model::history::{Event, Record, SinkEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::is_crash;
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "sink-complete",
    class: Class::Safety,
    sentence: "every order, fill, position, breaker and stream change is stored once as it was and in order, or told as lost, and in time after healing",
    judge,
};

/// The step of the shutdown after which a sink takes nothing more.
const LAST_STEP: &str = "flush-sinks";

/// The step that follows it: the flush is over.
const FLUSHED: &str = "close-streams";

/// The sinks' own lanes, which are not written into the sinks.
const SINK_LANE: &str = "influx/";

/// What is to be stored of one content, and what was.
#[derive(Debug, Default)]
struct Account {
    /// Where it was told, while the sinks took points.
    owed: Vec<Place>,
    /// Times that it was told afterwards: it may be stored or not.
    late: u64,
    stored: u64,
}

impl Account {
    /// Points that were on their way go with the process.
    fn crash(&mut self) {
        let stored = usize::try_from(self.stored).unwrap_or(usize::MAX);
        let lost = self.owed.len().saturating_sub(stored);
        self.owed.truncate(stored);
        self.late += u64::try_from(lost).unwrap_or(u64::MAX);
    }
}

/// Measurements of which each content is told but once.
const TOLD_ONCE: [&str; 3] = ["intent", "order", "fill"];

/// Where the point was told that was stored last.
#[derive(Debug, Default)]
struct Order {
    /// The present life of the trader: what an earlier one sent last may arrive whenever it likes.
    began: Place,
    last: Place,
}

impl Order {
    /// Takes a point that is stored; true when a later one of the same life was stored before.
    fn is_overtaken(&mut self, told: Place) -> bool {
        let overtaken = told >= self.began && told < self.last;
        self.last = self.last.max(told);
        overtaken
    }
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    if expect.sinks.is_empty() {
        return findings.verdict("no sink was promised");
    }
    let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
    let mut points: BTreeMap<String, &BTreeMap<String, String>> = BTreeMap::new();
    let mut lost = 0_u64;
    let mut order = Order::default();
    let mut ended = false;
    let mut flushed = false;
    let mut drained = false;
    for record in history {
        if !drained && record.at_ns > expect.recovered_by_ns() {
            drained = true;
            // What was told before everything was healed has had its time.
            let told_by_ns = nanos(expect.heal_at);
            missing(&accounts, (lost, told_by_ns), "by now", record.into(), &mut findings);
        }
        if is_crash(record, &expect.trader_host) {
            accounts.values_mut().for_each(Account::crash);
            order = Order { began: record.into(), ..order };
        }
        match &record.event {
            Event::Trader(AuditEvent::Shutdown { step, .. }) => {
                ended |= step == LAST_STEP;
                flushed |= step == FLUSHED;
            }
            // What is lost after the flush came late, which is excused anyway: it excuses nothing else.
            Event::Trader(AuditEvent::SinkLost { points, .. }) if !flushed => {
                lost = lost.saturating_add(*points);
            }
            Event::Trader(event) => {
                if let Some(content) = content_of(event) {
                    findings.examine();
                    let account = accounts.entry(content).or_default();
                    if ended {
                        account.late += 1;
                    } else {
                        account.owed.push(record.into());
                    }
                }
            }
            Event::Sink(SinkEvent::PointStored { measurement, tags, fields, at }) => {
                let series = format!("{measurement} {tags:?} {at}");
                match points.insert(series, fields) {
                    // Written again, since an answer was lost.
                    Some(before) if before == fields => continue,
                    Some(_) => findings
                        .violate(record, format!("a {measurement} at {at} replaces another")),
                    None => {}
                }
                let content = content_of_point(measurement, tags, fields);
                let account = accounts.entry(content.clone()).or_default();
                if TOLD_ONCE.contains(&measurement.as_str())
                    && let [told] = account.owed[..]
                    && account.stored == 0
                    && order.is_overtaken(told)
                {
                    findings.violate(record, format!("`{content}` is stored after a later one"));
                }
                account.stored += 1;
                let told = u64::try_from(account.owed.len()).unwrap_or(u64::MAX) + account.late;
                if account.stored > told {
                    findings.violate(record, format!("`{content}` is stored, but never was"));
                }
            }
            Event::Sink(_) | Event::Venue(_) | Event::World(_) => {}
        }
    }
    if !expect.is_cut() {
        missing(&accounts, (lost, u64::MAX), "at the end", end_of(history), &mut findings);
    }
    findings.verdict("nothing happened that is to be stored")
}

/// Reports what was told by a time and is neither stored nor told as lost.
fn missing(
    accounts: &BTreeMap<String, Account>,
    (lost, told_by_ns): (u64, u64),
    when: &str,
    at: Place,
    findings: &mut Findings,
) {
    let mut total = 0_u64;
    let mut first: Option<(Place, &str)> = None;
    for (content, Account { owed, stored, .. }) in accounts {
        let stored = usize::try_from(*stored).unwrap_or(usize::MAX);
        let due = owed.partition_point(|place| place.at_ns <= told_by_ns);
        if let Some(place) = owed[..due].get(stored) {
            let lacking = due.saturating_sub(stored);
            total = total.saturating_add(u64::try_from(lacking).unwrap_or(u64::MAX));
            let here = (*place, content.as_str());
            first = Some(first.map_or(here, |first| first.min(here)));
        }
    }
    if total > lost {
        let content = first.map_or("", |(_, content)| content);
        let message = format!(
            "{total} points are not stored {when}, but {lost} were told as lost; the first is `{content}`"
        );
        findings.violate(at, message);
    }
}

/// What is to be stored of an event; `None` for nothing.
fn content_of(event: &AuditEvent) -> Option<String> {
    match event {
        AuditEvent::OrderIntent { order } => Some(format!(
            "intent {} {} {} {}",
            order.client_order_id, order.symbol, order.side, order.quantity
        )),
        AuditEvent::OrderChanged { client_order_id, state, filled, .. } => {
            Some(format!("order {client_order_id} {state} {filled}"))
        }
        AuditEvent::Filled { client_order_id, fill } => Some(format!(
            "fill {client_order_id} {} {} {} {}",
            fill.trade_id, fill.quantity, fill.price, fill.fee
        )),
        AuditEvent::PositionChanged { symbol, quantity } => {
            Some(format!("position {symbol} {quantity}"))
        }
        AuditEvent::BreakerChanged { breaker, generation, to, .. } => (!breaker
            .starts_with(SINK_LANE))
        .then(|| format!("breaker {breaker} {generation} {to}")),
        AuditEvent::StreamChanged { stream, state, .. } => {
            Some(format!("stream {stream} {}", state.as_str()))
        }
        AuditEvent::CallStarted { .. }
        | AuditEvent::CallEnded { .. }
        | AuditEvent::BookApplied { .. }
        | AuditEvent::BookLost { .. }
        | AuditEvent::TradeSeen { .. }
        | AuditEvent::TradesMissed { .. }
        | AuditEvent::HealthChanged { .. }
        | AuditEvent::SinkLost { .. }
        | AuditEvent::Shutdown { .. } => None,
    }
}

/// The same of a point, in the same words.
fn content_of_point(
    measurement: &str,
    tags: &BTreeMap<String, String>,
    fields: &BTreeMap<String, String>,
) -> String {
    let keys: &[&str] = match measurement {
        "intent" => &["client_order_id", "symbol", "side", "quantity"],
        "order" => &["client_order_id", "state", "filled"],
        "fill" => &["client_order_id", "trade_id", "quantity", "price", "fee"],
        "position" => &["symbol", "quantity"],
        "breaker" => &["breaker", "generation", "to"],
        "stream" => &["stream", "state"],
        _ => &[],
    };
    let mut content = measurement.to_owned();
    for key in keys {
        let value = tags.get(*key).or_else(|| fields.get(*key));
        content.push(' ');
        content.push_str(value.map_or("(nothing)", String::as_str));
    }
    content
}

#[cfg(test)]
mod tests;
