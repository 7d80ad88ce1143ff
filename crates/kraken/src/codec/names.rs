//! Kraken's names of assets and pairs, and ours.
//!
//! Kraken has four names of one pair: `XXBTZUSD` (key of REST answers), `XBTUSD` (alternative name, for
//! requests), `XBT/USD` (`wsname`), `BTC/USD` (WebSocket v2). Ours is the last.

use model::{Asset, Symbol};

/// Tickers that Kraken spells its own way: ours, theirs.
const RENAMED: [(&str, &str); 2] = [("BTC", "XBT"), ("DOGE", "XDG")];

/// Assets of the first years, whose ids carry `X` (crypto) or `Z` (fiat) in front.
const PREFIXED: [&str; 17] = [
    "XETC", "XETH", "XLTC", "XMLN", "XREP", "XXBT", "XXDG", "XXLM", "XXMR", "XXRP", "XZEC", "ZAUD",
    "ZCAD", "ZEUR", "ZGBP", "ZJPY", "ZUSD",
];

/// The symbol of a `wsname`: `XBT/USD` becomes `BTC/USD`. `None` without a slash.
pub fn symbol_from_wsname(wsname: &str) -> Option<Symbol> {
    let (base, quote) = wsname.split_once('/')?;
    Some(Symbol::new(&format!("{}/{}", ours(base), ours(quote))))
}

/// The alternative name of a pair, which every REST method takes: `BTC/USD` becomes `XBTUSD`.
pub fn altname(symbol: &Symbol) -> String {
    match symbol.as_str().split_once('/') {
        Some((base, quote)) => format!("{}{}", theirs(base), theirs(quote)),
        None => symbol.as_str().to_owned(),
    }
}

/// The alternative name of an asset, which every REST method takes: `BTC` becomes `XBT`.
pub fn altname_of(asset: &Asset) -> String {
    theirs(asset.as_str()).to_owned()
}

/// The asset of an id: `XXBT` and `XBT` become `BTC`, `ZUSD` becomes `USD`.
///
/// A suffix (`.F`, `.HOLD`) marks a variant that is an asset of its own and stays.
pub fn asset_from_id(id: &str) -> Asset {
    let (name, suffix) = match id.find('.') {
        Some(at) => id.split_at(at),
        None => (id, ""),
    };
    let name = if PREFIXED.contains(&name) { &name[1..] } else { name };
    Asset::new(&format!("{}{suffix}", ours(name)))
}

/// True when a text is one of Kraken's names of a pair: `XXBTZUSD`, `XBTUSD`, `XBT/USD` or `BTC/USD`.
pub fn names(text: &str, symbol: &Symbol) -> bool {
    let Some((base, quote)) = symbol.as_str().split_once('/') else {
        return text == symbol.as_str();
    };
    // Newer ids carry the prefix at neither asset or at one of them: `ADAUSD`, `USDTZUSD`.
    let spelled = |ticker: &str| {
        let theirs = theirs(ticker);
        let prefixed = PREFIXED.iter().find(|id| &id[1..] == theirs).copied();
        [Some(theirs.to_owned()), prefixed.map(str::to_owned), Some(ticker.to_owned())]
    };
    let (bases, quotes) = (spelled(base), spelled(quote));
    bases.iter().flatten().any(|base| {
        let rest = text.strip_prefix(base.as_str());
        let rest = rest.map(|rest| rest.strip_prefix('/').unwrap_or(rest));
        rest.is_some_and(|rest| quotes.iter().flatten().any(|quote| quote == rest))
    })
}

/// The quote asset of a symbol.
pub(crate) fn quote_of(symbol: &str) -> Option<&str> {
    symbol.split_once('/').map(|(_, quote)| quote)
}

fn ours(ticker: &str) -> &str {
    let renamed = RENAMED.iter().find(|(_, theirs)| *theirs == ticker);
    renamed.map_or(ticker, |(ours, _)| ours)
}

fn theirs(ticker: &str) -> &str {
    let renamed = RENAMED.iter().find(|(ours, _)| *ours == ticker);
    renamed.map_or(ticker, |(_, theirs)| theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_have_four_names() {
        let check = |wsname: &str, symbol: &str, alt: &str| {
            let found = symbol_from_wsname(wsname).expect("has a slash");
            assert_eq!(found.as_str(), symbol);
            assert_eq!(altname(&found), alt);
        };
        check("XBT/USD", "BTC/USD", "XBTUSD");
        check("ETH/XBT", "ETH/BTC", "ETHXBT");
        check("XDG/USD", "DOGE/USD", "XDGUSD");
        check("ADA/USD", "ADA/USD", "ADAUSD");
        assert_eq!(symbol_from_wsname("XXBTZUSD"), None);
    }

    #[test]
    fn a_pair_is_known_under_each_of_its_names() {
        let btc = Symbol::new("BTC/USD");
        for name in ["XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD"] {
            assert!(names(name, &btc), "{name}");
        }
        for name in ["XXBTZEUR", "XBTUSDT", "XBT", "", "USDXBT"] {
            assert!(!names(name, &btc), "{name}");
        }
        assert!(names("ADAUSD", &Symbol::new("ADA/USD")));
        assert!(names("USDTZUSD", &Symbol::new("USDT/USD")));
        assert!(names("XXDGZUSD", &Symbol::new("DOGE/USD")));
        assert!(!names("ADAUSD", &btc));
    }

    #[test]
    fn asset_ids_lose_their_old_prefix_only() {
        let check = |id: &str, asset: &str| assert_eq!(asset_from_id(id).as_str(), asset, "{id}");
        check("XXBT", "BTC");
        check("XBT", "BTC");
        check("ZUSD", "USD");
        check("XXDG", "DOGE");
        check("ZEUR.HOLD", "EUR.HOLD");
        check("XBT.F", "BTC.F");
        check("ADA", "ADA");
        check("ZRX", "ZRX");
        check("XTZ", "XTZ");
        check("ZETA", "ZETA");
        check("", "");
    }
}
