//! `market-in-order`: the strategy is given the market as it was.
//!
//! A trade may be missing: while the stream was down, or because the venue lost it. Then somebody must have noticed.
//! A byte that is damaged on its way, where TLS does not protect it, may be a digit of a trade; from there on
//! nothing is judged until the trader starts anew.

use std::collections::{BTreeMap, BTreeSet};

use model::Symbol;
use model::audit::{AuditEvent, StreamState};
use model::history::{Event, Phase, Record, VenueEvent, WorldEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{carries_books, is_crash, phase_start, seconds};
use crate::findings::{Findings, Place};

pub(crate) const CHECK: Check = Check {
    name: "market-in-order",
    class: Class::Safety,
    sentence: "the strategy is given each trade once and in the venue's order, none is missing that nobody noticed, and when all is well none is late",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut market = Market::new(history, expect);
    for record in history {
        market.observe(record);
    }
    market.findings.verdict("no trade was given to the strategy")
}

/// A trade that must be given to the strategy by a time.
#[derive(Debug)]
struct Due {
    by_ns: u64,
    published: Place,
}

/// The trades of one instrument.
#[derive(Debug, Default)]
struct Trades {
    published: BTreeSet<u64>,
    /// The last one that the strategy was given, and whether the stream was away since.
    last: Option<u64>,
    away: bool,
    /// What the trader says that it missed: the trade before, and the one behind.
    missed: BTreeSet<(u64, u64)>,
    /// Trades under way while all is well.
    due: BTreeMap<u64, Due>,
}

struct Market<'a> {
    expect: &'a Expectations,
    trades: BTreeMap<&'a Symbol, Trades>,
    /// The time in which all is well, if it comes.
    well: Option<(u64, u64)>,
    live: bool,
    /// Bytes were damaged since the trader started.
    damaged: bool,
    findings: Findings,
}

impl<'a> Market<'a> {
    fn new(history: &[Record], expect: &'a Expectations) -> Self {
        let stop = phase_start(history, Phase::Shutdown).map(|place| place.at_ns);
        let well = stop.map(|stop_ns| {
            let late_ns = late_ns(expect);
            (expect.recovered_by_ns(), stop_ns.saturating_sub(late_ns))
        });
        Self {
            expect,
            trades: BTreeMap::new(),
            well,
            live: false,
            damaged: false,
            findings: Findings::default(),
        }
    }

    fn observe(&mut self, record: &'a Record) {
        self.dun(record);
        if is_crash(record, &self.expect.trader_host) {
            self.start_anew();
        }
        match &record.event {
            Event::World(WorldEvent::FaultStarted { fault, .. }) => {
                self.damaged |= self.expect.damaging.contains(fault);
            }
            Event::Venue(VenueEvent::TradePublished { symbol, trade_id }) => {
                self.published(record, symbol, *trade_id);
            }
            Event::Trader(AuditEvent::TradesMissed { symbol, after, before }) => {
                let trades = self.trades.entry(symbol).or_default();
                trades.missed.insert((*after, *before));
            }
            Event::Trader(AuditEvent::TradeSeen { symbol, trade_id }) => {
                self.seen(record, symbol, *trade_id);
            }
            Event::Trader(AuditEvent::StreamChanged { stream, state, .. })
                if carries_books(stream) =>
            {
                self.live = *state == StreamState::Live;
                for trades in self.trades.values_mut() {
                    trades.away = true;
                    trades.due.clear();
                }
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }

    fn start_anew(&mut self) {
        self.live = false;
        self.damaged = false;
        for trades in self.trades.values_mut() {
            trades.last = None;
            trades.due.clear();
        }
    }

    fn published(&mut self, record: &Record, symbol: &'a Symbol, id: u64) {
        let trades = self.trades.entry(symbol).or_default();
        trades.published.insert(id);
        let at_ns = record.at_ns;
        if self.live && self.well.is_some_and(|(from, to)| (from..to).contains(&at_ns)) {
            let by_ns = at_ns.saturating_add(late_ns(self.expect));
            trades.due.insert(id, Due { by_ns, published: record.into() });
        }
    }

    fn seen(&mut self, record: &Record, symbol: &'a Symbol, id: u64) {
        let trades = self.trades.entry(symbol).or_default();
        trades.due.remove(&id);
        self.findings.examine();
        let last = trades.last.replace(id);
        let away = std::mem::take(&mut trades.away);
        if self.damaged {
            return;
        }
        if !trades.published.contains(&id) {
            let message = format!("trade {id} of {symbol} was given, but never published");
            self.findings.violate(record, message);
        }
        let Some(last) = last else { return };
        if id <= last {
            let message = format!("trade {id} of {symbol} was given after trade {last}");
            self.findings.violate(record, message);
            return;
        }
        let missing = trades.published.range(last.saturating_add(1)..id).count();
        if missing > 0 && !away && !trades.missed.contains(&(last, id)) {
            let message = format!(
                "{missing} trades of {symbol} between {last} and {id} are missing, and nobody noticed"
            );
            self.findings.violate(record, message);
        }
    }

    /// Reports the trades that are late by now.
    fn dun(&mut self, record: &Record) {
        let (damaged, live) = (self.damaged, self.live);
        for (symbol, trades) in &mut self.trades {
            let late = |due: &Due| record.at_ns > due.by_ns;
            while let Some(entry) = trades.due.first_entry()
                && late(entry.get())
            {
                let (id, due) = entry.remove_entry();
                if !damaged && live {
                    let since = seconds(record.at_ns.saturating_sub(due.published.at_ns));
                    let message = format!("trade {id} of {symbol} is not given after {since}");
                    self.findings.violate(due.published, message);
                }
            }
        }
    }
}

/// Age at which a trade is late while all is well.
fn late_ns(expect: &Expectations) -> u64 {
    nanos(expect.book_lag_max).saturating_add(expect.slack_ns())
}

#[cfg(test)]
mod tests;
