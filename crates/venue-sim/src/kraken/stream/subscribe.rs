//! Subscriptions of the public channels.

use model::Symbol;
use serde::{Deserialize, Serialize};

use crate::kraken::book::DEPTHS;
use crate::kraken::candles::INTERVALS;
use crate::kraken::stream::request::{Answering, MALFORMED};
use crate::kraken::stream::{OUTBOX_MESSAGES_MAX, Outgoing, Trigger, instruments, public};

const UNSUPPORTED_DEPTH: &str = "Subscription depth not supported";
const UNSUPPORTED_INTERVAL: &str = "Subscription ohlc interval not supported";
const UNSUPPORTED_TRIGGER: &str = "Event trigger not supported";
const TOO_MANY_SYMBOLS: &str = "Too many symbols in one request";
pub(super) const ALREADY_SUBSCRIBED: &str = "Already subscribed";
pub(super) const NOT_SUBSCRIBED: &str = "Subscription Not Found";
const OLD_TIMESTAMP: &str = "timestamp is deprecated, use interval_begin";

/// Trades in the snapshot of the `trade` channel.
const TRADES_SHOWN: usize = 50;
/// Candles in the snapshot of the `ohlc` channel.
const CANDLES_SHOWN: usize = 100;

/// Symbols that one request may name. Each is answered by up to two messages.
const SYMBOLS_MAX: usize = 200;
const _: () = assert!(2 * SYMBOLS_MAX < OUTBOX_MESSAGES_MAX, "an answer fits into the outbox");

/// Parameters of `subscribe` and `unsubscribe`, over all channels.
#[derive(Deserialize)]
pub(super) struct Params {
    pub(super) channel: String,
    symbol: Option<Vec<String>>,
    pub(super) snapshot: Option<bool>,
    depth: Option<usize>,
    interval: Option<u32>,
    event_trigger: Option<String>,
    pub(super) token: Option<String>,
    pub(super) snap_orders: Option<bool>,
    pub(super) snap_trades: Option<bool>,
    pub(super) order_status: Option<bool>,
    pub(super) ratecounter: Option<bool>,
}

/// Parameters of a subscription as they were accepted.
#[derive(Serialize, Default)]
pub(super) struct Accepted<'a> {
    pub(super) channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) depth: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_trigger: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) interval: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maxratecount: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) snap_orders: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) snap_trades: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) snapshot: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) symbol: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<&'static str>,
}

impl Answering<'_> {
    /// One answer per symbol.
    pub(super) fn each_symbol(&mut self, params: &Params, act: fn(&mut Self, &Symbol, &Params)) {
        let symbols = params.symbol.as_deref().unwrap_or_default();
        if symbols.is_empty() {
            self.refuse(MALFORMED, None);
        }
        if symbols.len() > SYMBOLS_MAX {
            self.refuse(TOO_MANY_SYMBOLS, None);
            return;
        }
        for name in symbols {
            let symbol = Symbol::new(name);
            if self.venue.listed(&symbol).is_some() {
                act(self, &symbol, params);
            } else {
                let error = format!("Currency pair not supported {name}");
                self.refuse(&error, Some(name));
            }
        }
    }

    pub(super) fn subscribe_trades(&mut self, symbol: &Symbol, params: &Params) {
        let Some(session) = self.session() else {
            return;
        };
        if session.trades.contains(symbol) {
            self.refuse(ALREADY_SUBSCRIBED, Some(symbol.as_str()));
            return;
        }
        session.trades.push(symbol.clone());
        let snapshot = params.snapshot.unwrap_or(true);
        self.accept(Accepted {
            channel: "trade",
            snapshot: Some(snapshot),
            symbol: Some(symbol.as_str()),
            ..Accepted::default()
        });
        if let Some(listed) = self.venue.listed(symbol).filter(|_| snapshot) {
            let text =
                public::trade_message(&listed.pair, "snapshot", listed.prints.latest(TRADES_SHOWN));
            self.push(Outgoing::Channel(text.into()));
        }
    }

    pub(super) fn subscribe_book(&mut self, symbol: &Symbol, params: &Params) {
        let depth = params.depth.unwrap_or(DEPTHS[0]);
        if !DEPTHS.contains(&depth) {
            self.refuse(UNSUPPORTED_DEPTH, Some(symbol.as_str()));
            return;
        }
        let known = self.session().map(|session| session.books.contains_key(symbol));
        if known == Some(true) {
            self.refuse(ALREADY_SUBSCRIBED, Some(symbol.as_str()));
            return;
        }
        // What is shown next is in the history first.
        self.venue.publish_books(std::slice::from_ref(symbol), self.now);
        if let Some(session) = self.session() {
            session.books.insert(symbol.clone(), depth);
        }
        let snapshot = params.snapshot.unwrap_or(true);
        self.accept(Accepted {
            channel: "book",
            depth: Some(depth),
            snapshot: Some(snapshot),
            symbol: Some(symbol.as_str()),
            ..Accepted::default()
        });
        if let Some(listed) = self.venue.listed(symbol).filter(|_| snapshot) {
            let top = listed.book.top(depth);
            let text = public::book_message(&listed.pair, "snapshot", &top, &listed.book, self.now);
            self.push(Outgoing::Channel(text.into()));
        }
    }

    pub(super) fn subscribe_ticker(&mut self, symbol: &Symbol, params: &Params) {
        let (trigger, name) = match params.event_trigger.as_deref() {
            None | Some("trades") => (Trigger::Trades, "trades"),
            Some("bbo") => (Trigger::Quotes, "bbo"),
            Some(_) => return self.refuse(UNSUPPORTED_TRIGGER, Some(symbol.as_str())),
        };
        let known = self.session().map(|session| session.tickers.get(symbol) == Some(&trigger));
        if known == Some(true) {
            return self.refuse(ALREADY_SUBSCRIBED, Some(symbol.as_str()));
        }
        if let Some(session) = self.session() {
            session.tickers.insert(symbol.clone(), trigger);
        }
        // What is shown next is in the history first.
        self.venue.publish_books(std::slice::from_ref(symbol), self.now);
        let snapshot = params.snapshot.unwrap_or(true);
        self.accept(Accepted {
            channel: "ticker",
            event_trigger: Some(name),
            snapshot: Some(snapshot),
            symbol: Some(symbol.as_str()),
            ..Accepted::default()
        });
        if let Some(listed) = self.venue.listed(symbol).filter(|_| snapshot) {
            let text = public::ticker_message(listed, "snapshot", self.now);
            self.push(Outgoing::Channel(text.into()));
        }
    }

    pub(super) fn subscribe_candles(&mut self, symbol: &Symbol, params: &Params) {
        let interval = params.interval.unwrap_or(INTERVALS[0]);
        if !INTERVALS.contains(&interval) {
            return self.refuse(UNSUPPORTED_INTERVAL, Some(symbol.as_str()));
        }
        let added =
            self.session().map(|session| session.candles.insert((symbol.clone(), interval)));
        if added != Some(true) {
            return self.refuse(ALREADY_SUBSCRIBED, Some(symbol.as_str()));
        }
        let snapshot = params.snapshot.unwrap_or(true);
        self.accept(Accepted {
            channel: "ohlc",
            interval: Some(interval),
            snapshot: Some(snapshot),
            symbol: Some(symbol.as_str()),
            warnings: vec![OLD_TIMESTAMP],
            ..Accepted::default()
        });
        if let Some(listed) = self.venue.listed(symbol).filter(|_| snapshot) {
            let candles = listed.candles.until(interval, self.now).unwrap_or_default();
            let shown = &candles[candles.len().saturating_sub(CANDLES_SHOWN)..];
            let text = public::candle_message(&listed.pair, "snapshot", interval, shown, self.now);
            self.push(Outgoing::Channel(text.into()));
        }
    }

    pub(super) fn subscribe_instruments(&mut self, params: &Params) {
        match self.session() {
            Some(session) if session.instruments => {
                return self.refuse(ALREADY_SUBSCRIBED, None);
            }
            Some(session) => session.instruments = true,
            None => return,
        }
        let snapshot = params.snapshot.unwrap_or(true);
        self.accept(Accepted {
            channel: "instrument",
            snapshot: Some(snapshot),
            ..Accepted::default()
        });
        if snapshot {
            let text = instruments::snapshot(self.venue);
            self.push(Outgoing::Channel(text.into()));
        }
    }

    pub(super) fn unsubscribe_trades(&mut self, symbol: &Symbol, _: &Params) {
        let trades = self.session().map(|session| &mut session.trades);
        let at = trades.as_ref().and_then(|t| t.iter().position(|s| s == symbol));
        match (trades, at) {
            (Some(trades), Some(at)) => {
                trades.remove(at);
                self.accept(Accepted {
                    channel: "trade",
                    symbol: Some(symbol.as_str()),
                    ..Accepted::default()
                });
            }
            _ => self.refuse(NOT_SUBSCRIBED, Some(symbol.as_str())),
        }
    }

    pub(super) fn unsubscribe_book(&mut self, symbol: &Symbol, _: &Params) {
        let depth = self.session().and_then(|session| session.books.remove(symbol));
        match depth {
            Some(depth) => self.accept(Accepted {
                channel: "book",
                depth: Some(depth),
                symbol: Some(symbol.as_str()),
                ..Accepted::default()
            }),
            None => self.refuse(NOT_SUBSCRIBED, Some(symbol.as_str())),
        }
    }

    pub(super) fn unsubscribe_ticker(&mut self, symbol: &Symbol, _: &Params) {
        let known = self.session().and_then(|session| session.tickers.remove(symbol));
        self.unsubscribed("ticker", symbol, known.is_some(), None);
    }

    pub(super) fn unsubscribe_candles(&mut self, symbol: &Symbol, params: &Params) {
        // Without an interval it is the only one, or the usual one.
        let known = self.session().and_then(|session| {
            let mut follows = session.candles.iter().filter(|(known, _)| known == symbol);
            let only = follows.next().filter(|_| follows.next().is_none());
            let only = only.map_or(INTERVALS[0], |(_, interval)| *interval);
            let interval = params.interval.unwrap_or(only);
            session.candles.remove(&(symbol.clone(), interval)).then_some(interval)
        });
        self.unsubscribed("ohlc", symbol, known.is_some(), known);
    }

    fn unsubscribed(
        &mut self,
        channel: &'static str,
        symbol: &Symbol,
        known: bool,
        interval: Option<u32>,
    ) {
        let symbol = Some(symbol.as_str());
        if known {
            self.accept(Accepted { channel, interval, symbol, ..Accepted::default() });
        } else {
            self.refuse(NOT_SUBSCRIBED, symbol);
        }
    }

    pub(super) fn unsubscribe_instruments(&mut self) {
        let known = self.session().map(|session| std::mem::take(&mut session.instruments));
        if known == Some(true) {
            self.accept(Accepted { channel: "instrument", ..Accepted::default() });
        } else {
            self.refuse(NOT_SUBSCRIBED, None);
        }
    }
}
