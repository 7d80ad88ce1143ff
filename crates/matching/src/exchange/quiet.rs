//! Many prices in a market where no order of ours is.

use model::{Level, Price, Side};

use crate::exchange::{Exchange, Listing, MarketId};
use crate::outside::LastTrade;

/// Trades whose best prices are looked at together, from the last one back.
const PENDING_MAX: usize = 32;

/// A market without an order of ours, through which recorded prices pass: nothing can happen at them, so that only
/// the last trade and the best prices are followed.
#[derive(Debug)]
pub struct Quiet<'a> {
    listing: &'a mut Listing,
    best: [Option<Price>; 2],
    /// The last trade that moved the best prices.
    moved: Option<LastTrade>,
    /// Trades since, whose best prices were not looked at yet.
    pending: [Option<LastTrade>; PENDING_MAX],
    length: usize,
}

impl Exchange {
    /// A market as it is while nothing of ours can happen; `None` when something can, or when everything is to be
    /// told. `best` are the best prices as they were told last.
    pub fn quiet(&mut self, market: MarketId, best: [Option<Price>; 2]) -> Option<Quiet<'_>> {
        if self.tells_all || !self.is_quiet(market) {
            return None;
        }
        let listing = &mut self.markets[market.0];
        Some(Quiet { listing, best, moved: None, pending: [None; PENDING_MAX], length: 0 })
    }
}

impl Quiet<'_> {
    /// A recorded trade, at a price above zero.
    pub fn trade(&mut self, price: Price, taker: Option<Side>) {
        let outside = &mut self.listing.market.outside;
        let taker = outside.taker_at(price, taker);
        outside.on_trade(price, taker);
        self.listing.last_print = Some(price);
        self.listing.next_trade += 1;
        self.follow();
    }

    /// True for a market without a book.
    pub fn takes_bars(&self) -> bool {
        self.listing.market.outside.print_rule().is_some()
    }

    /// True when the last price of a bar moves the best prices of a market that takes bars.
    pub fn moves(&mut self, price: Price) -> bool {
        self.look_back();
        self.best != [Some(price); 2]
    }

    /// The last price of a bar, above zero, in a market that takes bars.
    pub fn bar(&mut self, price: Price) {
        let moves = self.moves(price);
        self.listing.market.outside.on_trade(price, Side::Buy);
        self.listing.last_print = Some(price);
        if moves {
            self.best = [Some(price); 2];
            self.moved = self.listing.market.outside.last_trade();
        }
    }

    /// The best prices now; and, if they have moved since they were told, the best levels as they were then.
    pub fn end(mut self) -> ([Option<Price>; 2], Option<[Option<Level>; 2]>) {
        self.look_back();
        let outside = &self.listing.market.outside;
        (self.best, self.moved.map(|trade| outside.touches_at(trade)))
    }

    fn follow(&mut self) {
        let outside = &self.listing.market.outside;
        if outside.is_recorded() {
            return;
        }
        self.pending[self.length] = outside.last_trade();
        self.length += 1;
        if self.length == PENDING_MAX {
            self.look_back();
        }
    }

    /// Looks for the last trade that moved the best prices.
    fn look_back(&mut self) {
        let outside = &self.listing.market.outside;
        let mut pending = self.pending[..self.length].iter().rev().flatten();
        let Some(last) = pending.next() else { return };
        let best = outside.touch_prices_at(*last);
        let mut first = last;
        let moved = loop {
            let Some(before) = pending.next() else { break best != self.best };
            if outside.touch_prices_at(*before) != best {
                break true;
            }
            first = before;
        };
        if moved {
            self.moved = Some(*first);
        }
        self.best = best;
        self.length = 0;
    }
}
