//! What the engine knows of each market.

use std::ops::{Index, IndexMut};

use model::{Instrument, Quantity, Symbol};

use crate::desk::MarketView;

/// Number of a market, from 0: first the instruments of [`crate::EngineConfig`], in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketNumber(pub(crate) usize);

impl MarketNumber {
    /// The market of a number.
    pub const fn new(number: usize) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> usize {
        self.0
    }
}

/// One market.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub(crate) symbol: Symbol,
    /// Its rules, if it is traded here.
    pub(crate) instrument: Option<Instrument>,
    /// `None` before anything is known of it.
    pub(crate) view: Option<MarketView>,
    /// Base units owned; negative when owed.
    pub(crate) position: Quantity,
    /// The part of the position that earlier runs left.
    pub(crate) inherited: Quantity,
}

impl Market {
    const fn new(symbol: Symbol) -> Self {
        let (position, inherited) = (Quantity::ZERO, Quantity::ZERO);
        Self { symbol, instrument: None, view: None, position, inherited }
    }

    /// What is known of it, which is something from now on.
    pub(crate) fn view_mut(&mut self) -> &mut MarketView {
        self.view.get_or_insert_default()
    }
}

/// All markets. A number stays what it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Markets {
    all: Vec<Market>,
    /// Their numbers, in the order of their symbols.
    sorted: Vec<MarketNumber>,
}

impl Markets {
    /// Markets that are traded. Of several with one symbol the last one counts.
    pub(crate) fn traded(instruments: impl IntoIterator<Item = Instrument>) -> Self {
        let mut markets = Self::default();
        for instrument in instruments {
            let number = markets.enter(&instrument.symbol);
            markets[number].instrument = Some(instrument);
        }
        markets
    }

    /// The number of a symbol's market, if there is one.
    pub(crate) fn number(&self, symbol: &Symbol) -> Option<MarketNumber> {
        match self.all.as_slice() {
            // Equality is cheaper than order.
            [only] if only.symbol == *symbol => Some(MarketNumber(0)),
            _ => self.place(symbol).ok().map(|place| self.sorted[place]),
        }
    }

    /// The market of a symbol, if there is one.
    pub(crate) fn get(&self, symbol: &Symbol) -> Option<&Market> {
        self.number(symbol).map(|number| &self[number])
    }

    /// The number of a symbol's market; there is one from now on.
    pub(crate) fn enter(&mut self, symbol: &Symbol) -> MarketNumber {
        if let Some(number) = self.number(symbol) {
            return number;
        }
        let (Ok(place) | Err(place)) = self.place(symbol);
        let number = MarketNumber(self.all.len());
        self.sorted.insert(place, number);
        self.all.push(Market::new(symbol.clone()));
        number
    }

    /// Where a symbol's market is among the sorted ones, or would be.
    #[inline(never)]
    fn place(&self, symbol: &Symbol) -> Result<usize, usize> {
        self.sorted.binary_search_by(|number| self[*number].symbol.cmp(symbol))
    }

    /// All of them, by number.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Market> {
        self.all.iter_mut()
    }
}

impl Index<MarketNumber> for Markets {
    type Output = Market;

    fn index(&self, number: MarketNumber) -> &Market {
        &self.all[number.0]
    }
}

impl IndexMut<MarketNumber> for Markets {
    fn index_mut(&mut self, number: MarketNumber) -> &mut Market {
        &mut self.all[number.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markets_keep_their_numbers_as_others_come() {
        let mut markets = Markets::default();
        let symbols = ["c", "a", "b", "a"].map(Symbol::new);
        for (at, symbol) in (1..).zip(&symbols) {
            let number = markets.enter(symbol);
            markets[number].position = Quantity::from_raw(at);
        }
        let numbers = symbols.each_ref().map(|symbol| markets.number(symbol).map(|n| n.0));
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(1)]);
        let position = |symbol| markets.get(symbol).map(|market| market.position.raw());
        assert_eq!(symbols.each_ref().map(position), [Some(1), Some(4), Some(3), Some(4)]);
        assert!(markets.get(&Symbol::new("d")).is_none());
    }
}
