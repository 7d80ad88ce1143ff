//! `positions-equal`: the trader holds what the venue executed for it.

use std::collections::{BTreeMap, BTreeSet};

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use model::{ClientOrderId, Fill, Quantity, Side, Symbol};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{is_crash, until};
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "positions-equal",
    class: Class::Safety,
    sentence: "the trader's positions are the sum of the venue's executions, over all its lives, and it tells of each once, as it was",
    judge,
};

/// Executions and positions as both ends tell them.
#[derive(Debug, Default)]
struct Positions<'a> {
    symbols: BTreeMap<&'a ClientOrderId, &'a Symbol>,
    executed: BTreeMap<(&'a Symbol, u64), (Option<&'a ClientOrderId>, &'a Fill)>,
    counted: BTreeSet<(&'a Symbol, u64)>,
    at_venue: BTreeMap<&'a Symbol, Quantity>,
    at_trader: BTreeMap<&'a Symbol, Quantity>,
    changed: Place,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let end = end_of(history);
    let recovered_ns = expect.recovered_by_ns();
    if recovered_ns < end.at_ns {
        let past = until(history, recovered_ns);
        // The same faults show again in the whole history: keep the comparison only.
        let positions = Positions::of(past, expect, &mut Findings::default());
        let quiet_ns = recovered_ns.saturating_sub(positions.changed.at_ns);
        if quiet_ns > nanos(expect.quiet_for) {
            let place = Place { at_ns: recovered_ns, seq: end_of(past).seq };
            positions.compare(place, "after recovery", &mut findings);
        }
    }
    let positions = Positions::of(history, expect, &mut findings);
    let quiet_ns = end.at_ns.saturating_sub(positions.changed.at_ns);
    // A run that was cut short may end within the storm, or while news is under way.
    let settled = recovered_ns < end.at_ns && quiet_ns > nanos(expect.quiet_for);
    if !expect.is_cut() || settled {
        positions.compare(end, "at the end", &mut findings);
    }
    if !expect.is_cut() {
        positions.untold(end, &mut findings);
    }
    findings.verdict("nothing was executed")
}

impl<'a> Positions<'a> {
    fn of(history: &'a [Record], expect: &Expectations, findings: &mut Findings) -> Self {
        let mut positions = Self::default();
        for record in history {
            match &record.event {
                Event::Trader(event) => positions.trader(record, event, findings),
                Event::Venue(event) => {
                    positions.venue(record, event, &expect.account, findings);
                }
                Event::World(_) if is_crash(record, &expect.trader_host) => positions.crash(),
                Event::Sink(_) | Event::World(_) => {}
            }
        }
        positions
    }

    /// The next trader says anew what it holds, which is what all of them did; the orders of this one are none
    /// of which it hears.
    fn crash(&mut self) {
        self.symbols.clear();
        self.at_trader.clear();
    }

    fn venue(&mut self, record: &Record, event: &'a VenueEvent, of: &str, findings: &mut Findings) {
        let VenueEvent::Filled { account, client_order_id, symbol, side, fill, .. } = event else {
            return;
        };
        if account != of {
            return;
        }
        findings.examine();
        self.changed = record.into();
        let known = (client_order_id.as_ref(), fill);
        if self.executed.insert((symbol, fill.trade_id), known).is_some() {
            let message = format!("venue executes {symbol} trade {} twice", fill.trade_id);
            findings.violate(record, message);
        }
        let signed = match side {
            Side::Buy => fill.quantity,
            Side::Sell => fill.quantity.negated(),
        };
        let position = self.at_venue.entry(symbol).or_default();
        if let Some(sum) = position.checked_add(signed) {
            *position = sum;
        } else {
            findings.violate(record, format!("position {symbol} at the venue is out of range"));
        }
    }

    fn trader(&mut self, record: &Record, event: &'a AuditEvent, findings: &mut Findings) {
        if let AuditEvent::OrderIntent { order } = event {
            self.symbols.insert(&order.client_order_id, &order.symbol);
        } else if let AuditEvent::PositionChanged { symbol, quantity } = event {
            findings.examine();
            self.changed = record.into();
            self.at_trader.insert(symbol, *quantity);
        } else if let AuditEvent::Filled { client_order_id, fill } = event {
            findings.examine();
            if let Some(wrong) = self.count(client_order_id, fill) {
                let message = format!("fill {} of order {client_order_id} {wrong}", fill.trade_id);
                findings.violate(record, message);
            }
        }
    }

    /// Takes a fill that the trader counts; says what is wrong with it.
    fn count(&mut self, id: &ClientOrderId, fill: &Fill) -> Option<String> {
        let Some(&symbol) = self.symbols.get(id) else {
            return Some("has no intent".to_owned());
        };
        let key = (symbol, fill.trade_id);
        if !self.counted.insert(key) {
            return Some("is counted twice".to_owned());
        }
        let Some((owner, executed)) = self.executed.get(&key) else {
            return Some("never happened at the venue".to_owned());
        };
        if let Some(owner) = owner
            && *owner != id
        {
            return Some(format!("belongs to order {owner} at the venue"));
        }
        (*executed != fill).then(|| {
            format!(
                "differs from the venue's: {} @ {} fee {} here, {} @ {} fee {} there",
                fill.quantity,
                fill.price,
                fill.fee,
                executed.quantity,
                executed.price,
                executed.fee
            )
        })
    }

    /// Reports the executions of which the trader never told.
    fn untold(&self, end: Place, findings: &mut Findings) {
        for (key @ (symbol, trade_id), (owner, _)) in &self.executed {
            let ours = owner.is_some_and(|owner| self.symbols.contains_key(owner));
            if ours && !self.counted.contains(key) {
                let owner = owner.map_or("", ClientOrderId::as_str);
                let message =
                    format!("{symbol} trade {trade_id} of order {owner} is not told by the trader");
                findings.violate(end, message);
            }
        }
    }

    fn compare(&self, now: Place, when: &str, findings: &mut Findings) {
        let symbols: BTreeSet<&Symbol> =
            self.at_venue.keys().chain(self.at_trader.keys()).copied().collect();
        for symbol in symbols {
            let venue = self.at_venue.get(symbol).copied().unwrap_or_default();
            let trader = self.at_trader.get(symbol).copied().unwrap_or_default();
            if venue != trader {
                let message = format!(
                    "position {symbol} {when}: trader says {trader}, venue executed {venue}"
                );
                findings.violate(now, message);
            }
        }
    }
}

#[cfg(test)]
mod tests;
