//! Listed pairs and assets, with all the names that Kraken has for them.

mod table;

use model::{Asset, Instrument, Notional, Price, Quantity, Symbol};

use self::table::{ASSETS, AssetRow, PAIRS, PairRow, STABLE};
use crate::kraken::fees::Schedule;

/// An asset in Kraken's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KrakenAsset {
    /// Name in this program and in WebSocket v2: `BTC`.
    pub asset: Asset,
    /// Key in REST answers: `XXBT`.
    pub id: &'static str,
    /// Short name: `XBT`.
    pub altname: &'static str,
    /// Digits after the point of a balance.
    pub decimals: u32,
    /// Digits after the point that the web site shows.
    pub display_decimals: u32,
}

/// A listed pair in Kraken's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Rules and the name in this program and in WebSocket v2: `BTC/USD`.
    pub instrument: Instrument,
    /// Key in REST answers: `XXBTZUSD`.
    pub id: &'static str,
    /// Short name: `XBTUSD`.
    pub altname: &'static str,
    /// Name in WebSocket v1: `XBT/USD`.
    pub wsname: &'static str,
    /// What is bought and sold.
    pub base: KrakenAsset,
    /// What it is paid with.
    pub quote: KrakenAsset,
    /// A price at which it could trade, for a market without a tape.
    pub usual_price: Price,
}

impl Pair {
    /// Every pair that this simulator knows, as in `pair/table.rs`.
    pub fn all() -> Vec<Self> {
        PAIRS.iter().map(Self::of_row).collect()
    }

    /// The known pair of a symbol.
    pub fn by_symbol(symbol: &Symbol) -> Option<Self> {
        Self::by_name(symbol.as_str())
    }

    /// The known pair under any of its names, in any case of letters: `BTC/USD`, `XBTUSD`, `XXBTZUSD`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|pair| pair.is_named(name))
    }

    fn of_row(row: &PairRow) -> Self {
        let halves = row.wsname.split_once('/');
        let (base, quote) = halves.expect("a wsname of the table has two halves");
        let (base, quote) = (KrakenAsset::named(base), KrakenAsset::named(quote));
        let symbol = format!("{}/{}", base.asset, quote.asset);
        let price = |text| Price::parse(text).expect("a price of the table");
        let instrument = Instrument {
            symbol: Symbol::new(&symbol),
            base: base.asset.clone(),
            quote: quote.asset.clone(),
            price_decimals: row.price_decimals,
            quantity_decimals: Quantity::DECIMALS,
            cost_decimals: row.cost_decimals,
            tick_size: Price::step(row.price_decimals),
            quantity_min: Quantity::parse(row.quantity_min).expect("a quantity of the table"),
            cost_min: Notional::parse(row.cost_min).expect("an amount of the table"),
        };
        let usual_price = price(row.usual_price);
        let (id, altname, wsname) = (row.id, row.altname, row.wsname);
        Self { instrument, id, altname, wsname, base, quote, usual_price }
    }

    /// Name in this program and in WebSocket v2.
    pub fn symbol(&self) -> &Symbol {
        &self.instrument.symbol
    }

    /// True for any name under which REST takes this pair, in any case of letters.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let symbol = self.instrument.symbol.as_str();
        let joined = || symbol.split_once('/').map(|(base, quote)| format!("{base}{quote}"));
        let mut known = [self.id, self.altname, self.wsname, symbol].into_iter();
        known.any(|known| known.eq_ignore_ascii_case(name))
            || (symbol.len() == name.len() + 1
                && joined().is_some_and(|known| known.eq_ignore_ascii_case(name)))
    }

    /// What is paid for executions.
    pub(crate) fn schedule(&self) -> Schedule {
        if STABLE.contains(&self.base.altname) { Schedule::Stable } else { Schedule::Crypto }
    }

    /// Its number among all known pairs, from zero.
    pub(crate) fn number(&self) -> usize {
        PAIRS.iter().position(|row| row.id == self.id).unwrap_or(PAIRS.len())
    }
}

impl KrakenAsset {
    /// The known asset under any of its names, in any case of letters: `BTC`, `XBT`, `XXBT`.
    pub fn by_name(name: &str) -> Option<Self> {
        let mut known = ASSETS.iter().map(Self::of_row);
        known.find(|asset| asset.is_named(name))
    }

    fn named(altname: &str) -> Self {
        let row = ASSETS.iter().find(|row| row.altname == altname);
        Self::of_row(row.expect("pairs of the table have assets of the table"))
    }

    fn of_row(row: &AssetRow) -> Self {
        Self {
            asset: Asset::new(row.name),
            id: row.id,
            altname: row.altname,
            decimals: row.decimals,
            display_decimals: row.display_decimals,
        }
    }

    /// True for any name under which REST takes this asset, in any case of letters.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        [self.id, self.altname, self.asset.as_str()]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_a_pair_and_no_name_means_two() {
        let all = Pair::all();
        let mut names = BTreeSet::new();
        for pair in &all {
            let own = [pair.id, pair.altname, pair.wsname, pair.symbol().as_str()];
            for name in own.into_iter().collect::<BTreeSet<_>>() {
                assert!(names.insert(name.to_owned()), "{name} means two pairs");
            }
            assert!(pair.usual_price.is_multiple_of(pair.instrument.tick_size), "{}", pair.id);
            assert!(pair.usual_price.is_positive(), "{}", pair.id);
        }
        assert!(all.len() >= 40);
    }

    #[test]
    fn the_rules_of_the_reference_are_the_rules_here() {
        let rules = |name: &str| {
            let pair = Pair::by_name(name).unwrap();
            let rules = &pair.instrument;
            let digits = [rules.price_decimals, rules.quantity_decimals, rules.cost_decimals];
            (pair.id, digits, rules.quantity_min.to_string(), rules.cost_min.to_string())
        };
        let check = |name, id, digits, least: &str| {
            assert_eq!(rules(name), (id, digits, least.to_owned(), "0.5".to_owned()));
        };
        check("XBT/USD", "XXBTZUSD", [1, 8, 5], "0.00005");
        check("ethusd", "XETHZUSD", [2, 8, 5], "0.001");
        check("ADA/USD", "ADAUSD", [6, 8, 8], "20");
        check("SOLUSD", "SOLUSD", [2, 8, 5], "0.06");
        check("XXRPZUSD", "XXRPZUSD", [5, 8, 8], "1.65");
        check("BTC/EUR", "XXBTZEUR", [1, 8, 5], "0.00005");
        check("BTCUSD", "XXBTZUSD", [1, 8, 5], "0.00005");
        check("dogeusd", "XDGUSD", [7, 8, 9], "20");
        assert_eq!(KrakenAsset::by_name("xdg").unwrap().asset, Asset::new("DOGE"));
    }
}
