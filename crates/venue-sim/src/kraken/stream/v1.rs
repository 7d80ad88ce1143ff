//! WebSocket v1, which older clients speak: frozen, but maintained. Pure.
//!
//! Prices are texts with as many digits as REST shows, data are arrays, requests are events.

mod messages;
mod private;
mod request;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use matching::AccountId;
use model::{Symbol, UnixNanos};

use crate::kraken::book::{DEPTHS, Sides};
use crate::kraken::candles::INTERVALS;
use crate::kraken::pair::Pair;
use crate::kraken::prints::Print;
use crate::kraken::stream::{Outgoing, Sessions};
use crate::kraken::venue::Listed;

pub(super) use messages::{HEARTBEAT, status};
pub(super) use request::handle;
pub(in crate::kraken) use rows::Moment;

/// Number of the first feed of the first pair.
const NUMBER_FIRST: usize = 340;
/// Numbers that one pair has.
const NUMBERS_PER_PAIR: usize = 3 + INTERVALS.len() + DEPTHS.len();

/// What a session of version 1 follows.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    public: BTreeSet<(Symbol, Feed)>,
    private: BTreeMap<PrivateFeed, Private>,
}

/// A public feed of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Feed {
    Ticker,
    Trade,
    Spread,
    /// Minutes.
    Candles(u32),
    /// Levels.
    Book(usize),
}

/// A feed of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PrivateFeed {
    OpenOrders,
    OwnTrades,
}

/// A subscription of a private feed.
#[derive(Debug)]
struct Private {
    account: AccountId,
    token: String,
    /// Number of the last message.
    sequence: u64,
}

impl Feed {
    /// `book-10`, `ohlc-5`, `trade`.
    fn channel(self) -> String {
        match self {
            Self::Ticker => "ticker".to_owned(),
            Self::Trade => "trade".to_owned(),
            Self::Spread => "spread".to_owned(),
            Self::Candles(minutes) => format!("ohlc-{minutes}"),
            Self::Book(depth) => format!("book-{depth}"),
        }
    }

    /// The number that messages of the feed of a pair carry beside its name: no other feed has it.
    fn number(self, pair: &Pair) -> usize {
        let index = |known: Option<usize>| known.unwrap_or(0);
        let slot = match self {
            Self::Ticker => 0,
            Self::Trade => 1,
            Self::Spread => 2,
            Self::Candles(minutes) => 3 + index(INTERVALS.iter().position(|m| *m == minutes)),
            Self::Book(depth) => {
                3 + INTERVALS.len() + index(DEPTHS.iter().position(|known| *known == depth))
            }
        };
        NUMBER_FIRST + NUMBERS_PER_PAIR * pair.number() + slot
    }
}

impl Subscriptions {
    pub(super) fn is_empty(&self) -> bool {
        self.public.is_empty() && self.private.is_empty()
    }

    /// The tokens that its private feeds use.
    pub(super) fn into_tokens(self) -> impl Iterator<Item = String> {
        self.private.into_values().map(|private| private.token)
    }
}

impl Sessions {
    /// Queues what a feed says for those who follow it; nothing is written for nobody.
    fn tell_feed(&self, symbol: &Symbol, feed: Feed, text: impl FnOnce() -> Option<String>) {
        let key = (symbol.clone(), feed);
        let following = self.sessions.iter().filter(|(_, session)| {
            session.v1.as_ref().is_some_and(|follows| follows.public.contains(&key))
        });
        let connections: Vec<u64> = following.map(|(connection, _)| *connection).collect();
        if let Some(text) = (!connections.is_empty()).then(text).flatten() {
            self.broadcast(&connections, text);
        }
    }

    /// The feeds of a pair that anybody of version 1 follows.
    fn feeds(&self, symbol: &Symbol) -> BTreeSet<Feed> {
        let follows = self.sessions.values().filter_map(|session| session.v1.as_ref());
        let feeds = follows.flat_map(|follows| &follows.public);
        feeds.filter(|(known, _)| known == symbol).map(|(_, feed)| *feed).collect()
    }

    /// Trades of a pair, after its statistics have taken them in.
    pub(in crate::kraken) fn tell_v1_trades(
        &self,
        listed: &Listed,
        trades: &[Print],
        now: UnixNanos,
    ) {
        let symbol = listed.pair.symbol();
        for feed in self.feeds(symbol) {
            self.tell_feed(symbol, feed, || match feed {
                Feed::Trade => Some(messages::trades(&listed.pair, trades)),
                Feed::Candles(minutes) => messages::candle(listed, minutes, now),
                Feed::Ticker | Feed::Spread | Feed::Book(_) => None,
            });
        }
    }

    /// The ticker of a pair that traded, after its book has followed.
    pub(in crate::kraken) fn tell_v1_ticker(&self, listed: &Listed, now: UnixNanos) {
        let text = || Some(messages::ticker(listed, now));
        self.tell_feed(listed.pair.symbol(), Feed::Ticker, text);
    }

    /// A book that has changed from what `listed` still shows.
    pub(in crate::kraken) fn tell_v1_book(&self, listed: &Listed, book: &Sides, now: UnixNanos) {
        let symbol = listed.pair.symbol();
        for feed in self.feeds(symbol) {
            self.tell_feed(symbol, feed, || match feed {
                Feed::Book(depth) => {
                    let changes = listed.book.changes_to(book, depth);
                    messages::book_update(&listed.pair, depth, &changes, book, now)
                }
                Feed::Spread => messages::spread(&listed.pair, &listed.book, book, now),
                Feed::Ticker | Feed::Trade | Feed::Candles(_) => None,
            });
        }
    }

    /// A row for those who follow a private feed of an account.
    pub(in crate::kraken) fn tell_v1_account<T: serde::Serialize>(
        &mut self,
        account: AccountId,
        is_trade: bool,
        id: &str,
        row: &T,
    ) {
        let feed = if is_trade { PrivateFeed::OwnTrades } else { PrivateFeed::OpenOrders };
        for session in self.sessions.values_mut() {
            let outbox = &session.outbox;
            let follows = session.v1.as_mut().and_then(|v1| v1.private.get_mut(&feed));
            if let Some(private) = follows.filter(|private| private.account == account) {
                let text = private.message(feed, &[(id.to_owned(), row)]);
                outbox.push(Outgoing::Channel(text.into()));
            }
        }
    }

    /// True when anybody of version 1 follows an account.
    pub(in crate::kraken) fn has_v1_account(&self, account: AccountId) -> bool {
        let mut follows = self.sessions.values().filter_map(|session| session.v1.as_ref());
        follows.any(|v1| v1.private.values().any(|private| private.account == account))
    }
}
