//! The public stream: trades and books.
//!
//! Trades are asked for without the last ones from before the subscription, and a trade whose number
//! is not above the last one seen is dropped: a consumer gets each trade once, across reconnects, and
//! none that happened while the stream was down. Numbers that are left out while it is up are told.
//!
//! A venue may go on with heartbeats and say nothing else any more. A book that has not changed for long is
//! therefore subscribed anew: if its snapshot is another book than ours, the connection is given up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use model::audit::AuditEvent;
use model::{FeedEvent, Instrument, Symbol, Trade};
use tokio::time::Instant;

use super::vitals::{Awaited, Timings, Vitals};
use super::{Action, Machine};
use crate::book::{Applied, BookSync};
use crate::codec::rest::WsToken;
use crate::codec::ws::{self, BookChange, Message, request};

/// So many wrong books within [`MISMATCH_WINDOW`] and the connection itself is suspect.
const MISMATCHES_MAX: usize = 3;

/// See [`MISMATCHES_MAX`].
const MISMATCH_WINDOW: Duration = Duration::from_secs(60);

/// Decisions of the public stream.
#[derive(Debug)]
pub(crate) struct PublicStream {
    depth: u32,
    symbols: Vec<Symbol>,
    books: BTreeMap<Symbol, BookSync>,
    last_trades: BTreeMap<Symbol, u64>,
    /// Instruments of which this connection has brought a trade: from there on, a number that is left out is a
    /// trade that is missing.
    followed: BTreeSet<Symbol>,
    mismatches: VecDeque<Instant>,
    /// When each book last changed, or its subscription was renewed.
    changed: BTreeMap<Symbol, Instant>,
    quiet_max: Duration,
    vitals: Vitals,
}

impl PublicStream {
    /// A stream of the trades and books of some instruments.
    pub(crate) fn new(instruments: &[Instrument], depth: u32, timings: Timings) -> Self {
        let levels = usize::try_from(depth).unwrap_or(usize::MAX);
        let book = |instrument: &Instrument| {
            let sync = BookSync::new(instrument, levels);
            (instrument.symbol.clone(), sync)
        };
        Self {
            depth,
            symbols: instruments.iter().map(|i| i.symbol.clone()).collect(),
            books: instruments.iter().map(book).collect(),
            last_trades: BTreeMap::new(),
            followed: BTreeSet::new(),
            mismatches: VecDeque::with_capacity(MISMATCHES_MAX),
            changed: BTreeMap::new(),
            quiet_max: timings.quiet_max,
            vitals: Vitals::new(timings),
        }
    }

    fn trades(&mut self, trades: Vec<Trade>, out: &mut Vec<Action>) {
        for trade in trades {
            // Kraken numbers every trade of a pair, from 1.
            let id = trade.trade_id.unwrap_or_default();
            let last = self.last_trades.entry(trade.symbol.clone()).or_insert(0);
            if !self.books.contains_key(&trade.symbol) || id <= *last {
                tracing::debug!(venue = "kraken", symbol = %trade.symbol, id, "trade skipped");
                continue;
            }
            let (symbol, after) = (trade.symbol.clone(), std::mem::replace(last, id));
            let missed = self.followed.contains(&symbol) && id > after.saturating_add(1);
            if missed {
                let told = AuditEvent::TradesMissed { symbol: symbol.clone(), after, before: id };
                out.push(Action::Audit(told));
            }
            self.followed.insert(symbol);
            out.push(Action::Emit(FeedEvent::Trade(trade)));
        }
    }

    fn book(&mut self, snapshot: bool, change: BookChange, now: Instant, out: &mut Vec<Action>) {
        let Some(sync) = self.books.get_mut(&change.symbol) else {
            return;
        };
        let applied = sync.apply(snapshot, &change);
        let (bid, ask) = sync.best();
        let symbol = change.symbol;
        match applied {
            Applied::Skipped => {}
            Applied::Right { best_changed, missed } => {
                let hash = sync.fingerprint();
                self.changed.insert(symbol.clone(), now);
                out.push(Action::Audit(AuditEvent::BookApplied { symbol: symbol.clone(), hash }));
                if best_changed {
                    out.push(Action::Emit(FeedEvent::BestPrices {
                        symbol: symbol.clone(),
                        bid,
                        ask,
                    }));
                }
                if snapshot {
                    self.vitals.snapshot(Some(&symbol), out);
                }
                if missed {
                    let reason = format!("changes of the book of {symbol} did not come");
                    out.push(Action::Disconnect(reason));
                }
            }
            Applied::Wrong { expected, found } => {
                let reason = format!("checksum {found}, venue has {expected}");
                lost(symbol.clone(), &reason, out);
                self.resync(symbol, now, out);
            }
        }
    }

    /// Subscribes a book anew, or gives the connection up when that happens too often.
    fn resync(&mut self, symbol: Symbol, now: Instant, out: &mut Vec<Action>) {
        while let Some(first) = self.mismatches.front() {
            if now.saturating_duration_since(*first) < MISMATCH_WINDOW {
                break;
            }
            self.mismatches.pop_front();
        }
        self.mismatches.push_back(now);
        if self.mismatches.len() >= MISMATCHES_MAX {
            let reason = format!("{MISMATCHES_MAX} wrong books within {MISMATCH_WINDOW:?}");
            out.push(Action::Disconnect(reason));
            return;
        }
        self.renew(symbol, now, out);
    }

    /// Subscribes a book anew, which brings a snapshot.
    fn renew(&mut self, symbol: Symbol, now: Instant, out: &mut Vec<Action>) {
        self.changed.insert(symbol.clone(), now);
        let unsubscribe = self.vitals.request();
        let awaited = [Awaited::Ack(Some(symbol.clone())), Awaited::Snapshot(Some(symbol.clone()))];
        let subscribe = self.vitals.wait_for(awaited, now, out);
        let symbols = [symbol];
        let requests = [
            request::unsubscribe_books(&symbols, self.depth, unsubscribe),
            request::subscribe_books(&symbols, self.depth, subscribe),
        ];
        out.extend(requests.map(Action::Send));
    }
}

impl PublicStream {
    /// Books in sync, and until when each may go without a change.
    fn quiet(&self) -> impl Iterator<Item = (&Symbol, Instant)> {
        let synced = self.books.iter().filter(|(_, book)| book.is_synced());
        let until = |symbol| Some((symbol, *self.changed.get(symbol)? + self.quiet_max));
        synced.filter_map(move |(symbol, _)| until(symbol))
    }
}

/// Tells that a book and its best prices are not to be trusted.
fn lost(symbol: Symbol, reason: &str, out: &mut Vec<Action>) {
    out.push(Action::Audit(AuditEvent::BookLost {
        symbol: symbol.clone(),
        reason: reason.to_owned(),
    }));
    out.push(Action::Emit(FeedEvent::BestPrices { symbol, bid: None, ask: None }));
}

impl Machine for PublicStream {
    fn opened(&mut self, _: Option<&WsToken>, now: Instant, out: &mut Vec<Action>) {
        self.vitals.opened(now);
        self.mismatches.clear();
        self.followed.clear();
        let acks = self.symbols.iter().map(|s| Awaited::Ack(Some(s.clone())));
        let snapshots = self.symbols.iter().map(|s| Awaited::Snapshot(Some(s.clone())));
        let trades = self.vitals.wait_for(acks.clone(), now, out);
        let books = self.vitals.wait_for(acks.chain(snapshots), now, out);
        let requests = [
            request::subscribe_trades(&self.symbols, trades),
            request::subscribe_books(&self.symbols, self.depth, books),
        ];
        out.extend(requests.map(Action::Send));
    }

    fn message(&mut self, text: &str, now: Instant, out: &mut Vec<Action>) {
        self.vitals.heard(now);
        match ws::decode(text) {
            Ok(Message::Trades { snapshot: false, trades }) => self.trades(trades, out),
            Ok(Message::Books { snapshot, changes }) => {
                for change in changes {
                    self.book(snapshot, change, now, out);
                }
            }
            Ok(Message::Ack(ack)) => self.vitals.ack(ack, out),
            Ok(Message::Status(status)) => self.vitals.status(&status),
            Ok(Message::Error(error)) => {
                tracing::warn!(venue = "kraken", error, "error on the public stream");
            }
            Ok(Message::Trades { snapshot: true, .. } | Message::Executions { .. }) => {}
            Ok(Message::Tickers(_) | Message::Candles(_) | Message::Instruments { .. }) => {}
            Ok(Message::Balances { .. }) => {}
            Ok(Message::Heartbeat | Message::Pong) => {}
            Ok(Message::Other) => tracing::debug!(venue = "kraken", text, "unknown message"),
            Err(error) => out.push(Action::Disconnect(format!("malformed message: {error}"))),
        }
    }

    fn closed(&mut self, reason: &str, out: &mut Vec<Action>) {
        for (symbol, book) in &mut self.books {
            if book.lose() {
                lost(symbol.clone(), reason, out);
            }
        }
    }

    fn tick(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.vitals.tick(now, out);
        let quiet = self.quiet().find(|(_, until)| *until <= now);
        if let Some(symbol) = quiet.map(|(symbol, _)| symbol.clone()) {
            tracing::debug!(venue = "kraken", %symbol, "quiet book subscribed anew");
            self.renew(symbol, now, out);
        }
    }

    fn deadline(&self) -> Instant {
        let quiet = self.quiet().map(|(_, until)| until);
        quiet.fold(self.vitals.deadline(), Instant::min)
    }

    fn forgive(&mut self, stalled: Duration) {
        self.vitals.forgive(stalled);
        self.changed.values_mut().for_each(|changed| *changed += stalled);
    }

    fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    fn vitals_mut(&mut self) -> &mut Vitals {
        &mut self.vitals
    }
}

#[cfg(test)]
mod tests;
