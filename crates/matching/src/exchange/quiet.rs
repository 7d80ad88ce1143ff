//! Many prices in a market where no order of ours is.

use model::{Bar, Level, Price, Side};

use crate::exchange::{Exchange, Listing, MarketId};
use crate::outside::LastTrade;
use crate::touch::Touch;

/// Trades whose best prices are looked at together, from the last one back.
const PENDING_MAX: usize = 32;

/// A market without an order of ours, through which recorded prices pass: nothing can happen at them, so that only
/// the last trade and the best prices are followed.
#[derive(Debug)]
pub struct Quiet<'a> {
    listing: &'a mut Listing,
    best: Touch,
    /// The last trade that moved the best prices.
    moved: Option<LastTrade>,
}

impl Exchange {
    /// A market as it is while nothing of ours can happen; `None` when something can, or when everything is to be
    /// told. `best` are the best prices as they were told last.
    pub fn quiet(&mut self, market: MarketId, best: Touch) -> Option<Quiet<'_>> {
        if self.tells_all || !self.is_quiet(market) {
            return None;
        }
        let listing = &mut self.markets[market.0];
        listing.pending.clear();
        Some(Quiet { listing, best, moved: None })
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

    /// So many recorded trades that follow each other; `get` gives the price, above zero, and the taker of each.
    pub fn trades(&mut self, count: usize, get: impl Fn(usize) -> (Price, Option<Side>)) {
        self.look_back();
        if !self.skip(count, &get) {
            (0..count).for_each(|at| {
                let (price, taker) = get(at);
                self.trade(price, taker);
            });
        }
    }

    /// As [`Quiet::trades`], from the last one back, as far as needed; false when takers would have to be inferred.
    fn skip(&mut self, count: usize, get: impl Fn(usize) -> (Price, Option<Side>)) -> bool {
        let before = self.listing.market.outside.last_trade();
        let number = |at: usize| u64::try_from(at).expect("fewer trades than memory");
        let trade = |at: usize| {
            let (price, taker) = get(at);
            taker.map(|taker| LastTrade::after(before, number(at), price, taker))
        };
        let Some(last) = count.checked_sub(1) else { return true };
        let Some(last_trade) = trade(last) else { return false };
        let outside = &self.listing.market.outside;
        let best = outside.touch_prices_at(last_trade);
        let mut moved = None;
        if !outside.is_recorded() {
            let (mut at, mut first) = (last, last_trade);
            moved = loop {
                let Some(earlier) = at.checked_sub(1) else {
                    break (best != self.best).then_some(first);
                };
                let Some(earlier_trade) = trade(earlier) else { return false };
                if outside.touch_prices_at(earlier_trade) != best {
                    break Some(first);
                }
                (at, first) = (earlier, earlier_trade);
            };
            self.best = best;
        }
        self.moved = moved.or(self.moved);
        self.listing.market.outside.set_last(last_trade);
        self.listing.last_print = get(last).0.into();
        self.listing.next_trade += number(count);
        true
    }

    /// True for a market without a book.
    pub fn takes_bars(&self) -> bool {
        self.listing.market.outside.print_rule().is_some()
    }

    /// True when the last price of a bar moves the best prices of a market that takes bars.
    pub fn moves(&mut self, price: Price) -> bool {
        self.look_back();
        self.best != Touch::of(price)
    }

    /// The last prices of bars that follow each other, above zero, in a market that takes bars.
    pub fn bars(&mut self, bars: &[Bar]) {
        self.look_back();
        let Some(last) = bars.last().map(|bar| bar.close) else { return };
        let moves = |at: &usize| {
            let before = at.checked_sub(1).map_or(self.best, |at| Touch::of(bars[at].close));
            before != Touch::of(bars[*at].close)
        };
        let moved = (0..bars.len()).rev().find(moves);
        let count = |bars: usize| u64::try_from(bars).expect("fewer bars than memory");
        let outside = &mut self.listing.market.outside;
        if let Some(at) = moved {
            outside.on_trades(count(at) + 1, bars[at].close, Side::Buy);
            self.moved = outside.last_trade();
        }
        let rest = bars.len() - moved.map_or(0, |at| at + 1);
        outside.on_trades(count(rest), last, Side::Buy);
        self.listing.last_print = Some(last);
        self.best = Touch::of(last);
    }

    /// The best prices now; and, if they have moved since they were told, the best levels as they were then.
    pub fn end(mut self) -> (Touch, Option<[Option<Level>; 2]>) {
        self.look_back();
        let outside = &self.listing.market.outside;
        (self.best, self.moved.map(|trade| outside.touches_at(trade)))
    }

    fn follow(&mut self) {
        let Listing { market, pending, .. } = &mut *self.listing;
        if market.outside.is_recorded() {
            return;
        }
        pending.extend(market.outside.last_trade());
        if pending.len() == PENDING_MAX {
            self.look_back();
        }
    }

    /// Looks for the last trade that moved the best prices.
    fn look_back(&mut self) {
        let Listing { market, pending, .. } = &mut *self.listing;
        let mut trades = pending.iter().rev();
        let Some(last) = trades.next() else { return };
        let best = market.outside.touch_prices_at(*last);
        let mut first = last;
        let moved = loop {
            let Some(before) = trades.next() else { break best != self.best };
            if market.outside.touch_prices_at(*before) != best {
                break true;
            }
            first = before;
        };
        if moved {
            self.moved = Some(*first);
        }
        self.best = best;
        pending.clear();
    }
}
