//! The listed pairs and assets as data.
//!
//! `BTC/USD`, `ETH/USD`, `ADA/USD`, `SOL/USD`, `XRP/USD` and `BTC/EUR` are those of the protocol reference
//! (section 6.1); the others follow Kraken's list as it is remembered, and may differ in a minimum.

/// An asset.
pub(super) struct AssetRow {
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    pub(super) altname: &'static str,
    pub(super) decimals: u32,
    pub(super) display_decimals: u32,
}

/// A pair. The halves of its `wsname` are altnames of [`ASSETS`].
pub(super) struct PairRow {
    pub(super) id: &'static str,
    pub(super) altname: &'static str,
    pub(super) wsname: &'static str,
    pub(super) price_decimals: u32,
    pub(super) cost_decimals: u32,
    pub(super) quantity_min: &'static str,
    pub(super) cost_min: &'static str,
    pub(super) usual_price: &'static str,
}

const fn asset(
    [name, id, altname]: [&'static str; 3],
    [decimals, display_decimals]: [u32; 2],
) -> AssetRow {
    AssetRow { name, id, altname, decimals, display_decimals }
}

/// Names (id, altname, wsname), digits of price and cost, minima of quantity and cost, usual price.
const fn pair(
    [id, altname, wsname]: [&'static str; 3],
    [price_decimals, cost_decimals]: [u32; 2],
    [quantity_min, cost_min]: [&'static str; 2],
    usual_price: &'static str,
) -> PairRow {
    PairRow {
        id,
        altname,
        wsname,
        price_decimals,
        cost_decimals,
        quantity_min,
        cost_min,
        usual_price,
    }
}

/// Every asset.
#[rustfmt::skip]
pub(super) const ASSETS: &[AssetRow] = &[
    asset(["BTC", "XXBT", "XBT"], [10, 5]),
    asset(["ETH", "XETH", "ETH"], [10, 5]),
    asset(["ADA", "ADA", "ADA"], [8, 6]),
    asset(["SOL", "SOL", "SOL"], [10, 5]),
    asset(["XRP", "XXRP", "XRP"], [8, 5]),
    asset(["LTC", "XLTC", "LTC"], [10, 5]),
    asset(["DOGE", "XXDG", "XDG"], [8, 2]),
    asset(["DOT", "DOT", "DOT"], [10, 8]),
    asset(["LINK", "LINK", "LINK"], [10, 5]),
    asset(["AVAX", "AVAX", "AVAX"], [10, 5]),
    asset(["BCH", "BCH", "BCH"], [10, 5]),
    asset(["XLM", "XXLM", "XLM"], [8, 5]),
    asset(["XMR", "XXMR", "XMR"], [10, 5]),
    asset(["ETC", "XETC", "ETC"], [10, 5]),
    asset(["ATOM", "ATOM", "ATOM"], [8, 6]),
    asset(["UNI", "UNI", "UNI"], [10, 5]),
    asset(["TRX", "TRX", "TRX"], [8, 6]),
    asset(["POL", "POL", "POL"], [10, 5]),
    asset(["ALGO", "ALGO", "ALGO"], [8, 5]),
    asset(["SUI", "SUI", "SUI"], [10, 5]),
    asset(["USDT", "USDT", "USDT"], [8, 4]),
    asset(["USDC", "USDC", "USDC"], [8, 4]),
    asset(["USD", "ZUSD", "USD"], [4, 2]),
    asset(["EUR", "ZEUR", "EUR"], [4, 2]),
    asset(["GBP", "ZGBP", "GBP"], [4, 2]),
    asset(["CAD", "ZCAD", "CAD"], [4, 2]),
    asset(["JPY", "ZJPY", "JPY"], [2, 0]),
    asset(["AUD", "ZAUD", "AUD"], [4, 2]),
    asset(["CHF", "CHF", "CHF"], [4, 2]),
];

/// Altnames of the bases whose pairs have the fees of stablecoins and fiat money.
pub(super) const STABLE: &[&str] =
    &["USDT", "USDC", "EUR", "GBP", "AUD", "CAD", "CHF", "JPY", "USD"];

/// Every pair.
#[rustfmt::skip]
pub(super) const PAIRS: &[PairRow] = &[
    pair(["XXBTZUSD", "XBTUSD", "XBT/USD"], [1, 5], ["0.00005", "0.5"], "80000.0"),
    pair(["XETHZUSD", "ETHUSD", "ETH/USD"], [2, 5], ["0.001", "0.5"], "2600.00"),
    pair(["ADAUSD", "ADAUSD", "ADA/USD"], [6, 8], ["20", "0.5"], "0.420000"),
    pair(["SOLUSD", "SOLUSD", "SOL/USD"], [2, 5], ["0.06", "0.5"], "140.00"),
    pair(["XXRPZUSD", "XRPUSD", "XRP/USD"], [5, 8], ["1.65", "0.5"], "2.10000"),
    pair(["XLTCZUSD", "LTCUSD", "LTC/USD"], [2, 5], ["0.05", "0.5"], "90.00"),
    pair(["XDGUSD", "XDGUSD", "XDG/USD"], [7, 9], ["20", "0.5"], "0.1500000"),
    pair(["DOTUSD", "DOTUSD", "DOT/USD"], [4, 5], ["1.3", "0.5"], "2.5000"),
    pair(["LINKUSD", "LINKUSD", "LINK/USD"], [5, 5], ["0.3", "0.5"], "13.00000"),
    pair(["AVAXUSD", "AVAXUSD", "AVAX/USD"], [2, 5], ["0.2", "0.5"], "14.00"),
    pair(["BCHUSD", "BCHUSD", "BCH/USD"], [2, 5], ["0.01", "0.5"], "520.00"),
    pair(["XXLMZUSD", "XLMUSD", "XLM/USD"], [6, 8], ["16", "0.5"], "0.240000"),
    pair(["XXMRZUSD", "XMRUSD", "XMR/USD"], [2, 8], ["0.016", "0.5"], "340.00"),
    pair(["XETCZUSD", "ETCUSD", "ETC/USD"], [3, 5], ["0.25", "0.5"], "14.000"),
    pair(["ATOMUSD", "ATOMUSD", "ATOM/USD"], [4, 5], ["1", "0.5"], "2.5000"),
    pair(["UNIUSD", "UNIUSD", "UNI/USD"], [3, 5], ["0.6", "0.5"], "6.000"),
    pair(["TRXUSD", "TRXUSD", "TRX/USD"], [6, 8], ["17", "0.5"], "0.280000"),
    pair(["POLUSD", "POLUSD", "POL/USD"], [4, 8], ["20", "0.5"], "0.1300"),
    pair(["ALGOUSD", "ALGOUSD", "ALGO/USD"], [5, 8], ["23", "0.5"], "0.14000"),
    pair(["SUIUSD", "SUIUSD", "SUI/USD"], [4, 5], ["2", "0.5"], "1.6000"),
    pair(["USDTZUSD", "USDTUSD", "USDT/USD"], [5, 8], ["5", "0.5"], "1.00000"),
    pair(["USDCUSD", "USDCUSD", "USDC/USD"], [4, 8], ["5", "0.5"], "1.0000"),
    pair(["ZEURZUSD", "EURUSD", "EUR/USD"], [5, 5], ["0.5", "0.5"], "1.16000"),
    pair(["ZGBPZUSD", "GBPUSD", "GBP/USD"], [5, 5], ["5", "0.5"], "1.31000"),
    pair(["AUDUSD", "AUDUSD", "AUD/USD"], [5, 5], ["10", "0.5"], "0.65000"),
    pair(["XXBTZEUR", "XBTEUR", "XBT/EUR"], [1, 5], ["0.00005", "0.5"], "68965.5"),
    pair(["XETHZEUR", "ETHEUR", "ETH/EUR"], [2, 5], ["0.001", "0.5"], "2241.38"),
    pair(["ADAEUR", "ADAEUR", "ADA/EUR"], [6, 8], ["20", "0.5"], "0.362069"),
    pair(["SOLEUR", "SOLEUR", "SOL/EUR"], [2, 5], ["0.06", "0.5"], "120.69"),
    pair(["XXRPZEUR", "XRPEUR", "XRP/EUR"], [5, 8], ["1.65", "0.5"], "1.81034"),
    pair(["XLTCZEUR", "LTCEUR", "LTC/EUR"], [2, 5], ["0.05", "0.5"], "77.59"),
    pair(["XDGEUR", "XDGEUR", "XDG/EUR"], [7, 9], ["20", "0.5"], "0.1293103"),
    pair(["DOTEUR", "DOTEUR", "DOT/EUR"], [4, 5], ["1.3", "0.5"], "2.1552"),
    pair(["LINKEUR", "LINKEUR", "LINK/EUR"], [5, 5], ["0.3", "0.5"], "11.20690"),
    pair(["AVAXEUR", "AVAXEUR", "AVAX/EUR"], [2, 5], ["0.2", "0.5"], "12.07"),
    pair(["BCHEUR", "BCHEUR", "BCH/EUR"], [2, 5], ["0.01", "0.5"], "448.28"),
    pair(["XXLMZEUR", "XLMEUR", "XLM/EUR"], [6, 8], ["16", "0.5"], "0.206897"),
    pair(["XXMRZEUR", "XMREUR", "XMR/EUR"], [2, 8], ["0.016", "0.5"], "293.10"),
    pair(["USDTEUR", "USDTEUR", "USDT/EUR"], [4, 8], ["5", "0.5"], "0.8621"),
    pair(["USDCEUR", "USDCEUR", "USDC/EUR"], [4, 8], ["5", "0.5"], "0.8621"),
    pair(["XXBTZGBP", "XBTGBP", "XBT/GBP"], [1, 5], ["0.00005", "0.4"], "61068.7"),
    pair(["XETHZGBP", "ETHGBP", "ETH/GBP"], [2, 5], ["0.001", "0.4"], "1984.73"),
    pair(["SOLGBP", "SOLGBP", "SOL/GBP"], [2, 5], ["0.06", "0.4"], "106.87"),
    pair(["XRPGBP", "XRPGBP", "XRP/GBP"], [5, 8], ["1.65", "0.4"], "1.60305"),
    pair(["ADAGBP", "ADAGBP", "ADA/GBP"], [6, 8], ["20", "0.4"], "0.320611"),
    pair(["USDTGBP", "USDTGBP", "USDT/GBP"], [4, 8], ["5", "0.4"], "0.7634"),
    pair(["XXBTZCAD", "XBTCAD", "XBT/CAD"], [1, 5], ["0.00005", "0.7"], "112676.1"),
    pair(["XETHZCAD", "ETHCAD", "ETH/CAD"], [2, 5], ["0.001", "0.7"], "3661.97"),
    pair(["XETHZJPY", "ETHJPY", "ETH/JPY"], [0, 5], ["0.001", "80"], "406250"),
    pair(["XBTAUD", "XBTAUD", "XBT/AUD"], [1, 5], ["0.00005", "0.8"], "123076.9"),
    pair(["ETHAUD", "ETHAUD", "ETH/AUD"], [2, 5], ["0.001", "0.8"], "4000.00"),
    pair(["XBTCHF", "XBTCHF", "XBT/CHF"], [1, 5], ["0.00005", "0.4"], "64000.0"),
    pair(["ETHCHF", "ETHCHF", "ETH/CHF"], [2, 5], ["0.001", "0.4"], "2080.00"),
    pair(["XBTUSDT", "XBTUSDT", "XBT/USDT"], [1, 5], ["0.00005", "0.5"], "80000.0"),
    pair(["ETHUSDT", "ETHUSDT", "ETH/USDT"], [2, 5], ["0.001", "0.5"], "2600.00"),
    pair(["ADAUSDT", "ADAUSDT", "ADA/USDT"], [6, 8], ["20", "0.5"], "0.420000"),
    pair(["SOLUSDT", "SOLUSDT", "SOL/USDT"], [2, 5], ["0.06", "0.5"], "140.00"),
    pair(["XRPUSDT", "XRPUSDT", "XRP/USDT"], [5, 8], ["1.65", "0.5"], "2.10000"),
    pair(["XDGUSDT", "XDGUSDT", "XDG/USDT"], [7, 9], ["20", "0.5"], "0.1500000"),
    pair(["XBTUSDC", "XBTUSDC", "XBT/USDC"], [1, 5], ["0.00005", "0.5"], "80000.0"),
    pair(["ETHUSDC", "ETHUSDC", "ETH/USDC"], [2, 5], ["0.001", "0.5"], "2600.00"),
    pair(["SOLUSDC", "SOLUSDC", "SOL/USDC"], [2, 5], ["0.06", "0.5"], "140.00"),
    pair(["XRPUSDC", "XRPUSDC", "XRP/USDC"], [5, 8], ["1.65", "0.5"], "2.10000"),
    pair(["XETHXXBT", "ETHXBT", "ETH/XBT"], [5, 10], ["0.001", "0.00002"], "0.03250"),
    pair(["SOLXBT", "SOLXBT", "SOL/XBT"], [7, 9], ["0.06", "0.00002"], "0.0017500"),
    pair(["XLTCXXBT", "LTCXBT", "LTC/XBT"], [6, 9], ["0.05", "0.00002"], "0.001125"),
    pair(["XXRPXXBT", "XRPXBT", "XRP/XBT"], [8, 9], ["1.65", "0.00002"], "0.00002625"),
    pair(["ADAXBT", "ADAXBT", "ADA/XBT"], [8, 9], ["20", "0.00002"], "0.00000525"),
    pair(["SOLETH", "SOLETH", "SOL/ETH"], [6, 10], ["0.06", "0.0002"], "0.053846"),
    pair(["ADAETH", "ADAETH", "ADA/ETH"], [8, 10], ["20", "0.0002"], "0.00016154"),
    pair(["DOTETH", "DOTETH", "DOT/ETH"], [7, 10], ["1.3", "0.0002"], "0.0009615"),
    pair(["EURGBP", "EURGBP", "EUR/GBP"], [5, 5], ["0.5", "0.4"], "0.88550"),
    pair(["EURJPY", "EURJPY", "EUR/JPY"], [3, 5], ["0.5", "80"], "181.250"),
];
