//! Listed pairs and assets, with all the names that Kraken has for them.

use model::{Asset, Instrument, Notional, Price, Quantity, Symbol};

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
}

/// The numbers of a pair's row in Kraken's list.
struct Rules {
    price_decimals: u32,
    cost_decimals: u32,
    quantity_min: &'static str,
}

/// Smallest cost of an order, the same for every pair listed here.
const COST_MIN: &str = "0.5";

impl Pair {
    /// Bitcoin against the US dollar.
    pub fn btc_usd() -> Self {
        let rules = Rules { price_decimals: 1, cost_decimals: 5, quantity_min: "0.00005" };
        Self::new(["XXBTZUSD", "XBTUSD", "XBT/USD"], btc(), usd(), &rules)
    }

    /// Ether against the US dollar.
    pub fn eth_usd() -> Self {
        let rules = Rules { price_decimals: 2, cost_decimals: 5, quantity_min: "0.001" };
        Self::new(["XETHZUSD", "ETHUSD", "ETH/USD"], eth(), usd(), &rules)
    }

    /// Cardano against the US dollar.
    pub fn ada_usd() -> Self {
        let rules = Rules { price_decimals: 6, cost_decimals: 8, quantity_min: "20" };
        Self::new(["ADAUSD", "ADAUSD", "ADA/USD"], ada(), usd(), &rules)
    }

    /// Solana against the US dollar.
    pub fn sol_usd() -> Self {
        let rules = Rules { price_decimals: 2, cost_decimals: 5, quantity_min: "0.06" };
        Self::new(["SOLUSD", "SOLUSD", "SOL/USD"], sol(), usd(), &rules)
    }

    /// XRP against the US dollar.
    pub fn xrp_usd() -> Self {
        let rules = Rules { price_decimals: 5, cost_decimals: 8, quantity_min: "1.65" };
        Self::new(["XXRPZUSD", "XRPUSD", "XRP/USD"], xrp(), usd(), &rules)
    }

    /// Bitcoin against the euro.
    pub fn btc_eur() -> Self {
        let rules = Rules { price_decimals: 1, cost_decimals: 5, quantity_min: "0.00005" };
        Self::new(["XXBTZEUR", "XBTEUR", "XBT/EUR"], btc(), eur(), &rules)
    }

    /// Every pair that this simulator knows.
    pub fn all() -> Vec<Self> {
        vec![
            Self::btc_usd(),
            Self::eth_usd(),
            Self::ada_usd(),
            Self::sol_usd(),
            Self::xrp_usd(),
            Self::btc_eur(),
        ]
    }

    /// The known pair of a symbol.
    pub fn by_symbol(symbol: &Symbol) -> Option<Self> {
        Self::all().into_iter().find(|pair| pair.instrument.symbol == *symbol)
    }

    fn new(names: [&'static str; 3], base: KrakenAsset, quote: KrakenAsset, rules: &Rules) -> Self {
        let [id, altname, wsname] = names;
        let symbol = format!("{}/{}", base.asset, quote.asset);
        let instrument = Instrument {
            symbol: Symbol::new(&symbol),
            base: base.asset.clone(),
            quote: quote.asset.clone(),
            price_decimals: rules.price_decimals,
            quantity_decimals: Quantity::DECIMALS,
            cost_decimals: rules.cost_decimals,
            tick_size: Price::step(rules.price_decimals),
            quantity_min: Quantity::parse(rules.quantity_min).expect("a literal of this file"),
            cost_min: Notional::parse(COST_MIN).expect("a literal of this file"),
        };
        Self { instrument, id, altname, wsname, base, quote }
    }

    /// Name in this program and in WebSocket v2.
    pub fn symbol(&self) -> &Symbol {
        &self.instrument.symbol
    }

    /// True for any name under which REST takes this pair, in any case of letters.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        [self.id, self.altname, self.wsname, self.instrument.symbol.as_str()]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }
}

impl KrakenAsset {
    /// True for any name under which REST takes this asset, in any case of letters.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        [self.id, self.altname, self.asset.as_str()]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }
}

fn asset(
    name: &str,
    id: &'static str,
    altname: &'static str,
    decimals: u32,
    display_decimals: u32,
) -> KrakenAsset {
    KrakenAsset { asset: Asset::new(name), id, altname, decimals, display_decimals }
}

fn btc() -> KrakenAsset {
    asset("BTC", "XXBT", "XBT", 10, 5)
}

fn eth() -> KrakenAsset {
    asset("ETH", "XETH", "ETH", 10, 5)
}

fn ada() -> KrakenAsset {
    asset("ADA", "ADA", "ADA", 8, 6)
}

fn sol() -> KrakenAsset {
    asset("SOL", "SOL", "SOL", 10, 5)
}

fn xrp() -> KrakenAsset {
    asset("XRP", "XXRP", "XRP", 8, 5)
}

fn usd() -> KrakenAsset {
    asset("USD", "ZUSD", "USD", 4, 2)
}

fn eur() -> KrakenAsset {
    asset("EUR", "ZEUR", "EUR", 4, 2)
}
