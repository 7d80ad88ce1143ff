//! The formats that can be read.

use std::fmt;
use std::str::FromStr;

use crate::row::RowKind;

/// A layout of a file. [`Format::ALL`] lists them; `docs/formats.md` describes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// Kraken's archive of trades: `timestamp,price,volume`.
    KrakenTrades,
    /// Kraken's archive of bars: `timestamp,open,high,low,close,volume,trades`.
    KrakenOhlcvt,
    /// An answer of Kraken's `Trades`.
    KrakenRestTrades,
    /// An answer of Kraken's `OHLC`.
    KrakenRestOhlc,
    /// Binance's public trades, spot and futures.
    BinanceTrades,
    /// Binance's public aggregates of trades, spot and futures.
    BinanceAggTrades,
    /// Binance's public klines, spot and futures.
    BinanceKlines,
    /// An answer of Binance's `trades` or `historicalTrades`.
    BinanceRestTrades,
    /// An answer of Binance's `aggTrades`.
    BinanceRestAggTrades,
    /// An answer of Binance's `klines`.
    BinanceRestKlines,
    /// Trades as Tardis sells them.
    TardisTrades,
    /// Bars as `CryptoDataDownload` publishes them, without header: newest first.
    CryptoDataDownloadBars,
    /// Trades with a header of usual names.
    CsvTrades,
    /// Bars with a header of usual names.
    CsvBars,
    /// Trades in columns, as `wavetank tape convert` writes them.
    ColumnarTrades,
    /// Bars in columns, as `wavetank tape convert` writes them.
    ColumnarBars,
    /// Binance's public best prices of futures.
    BinanceBookTicker,
    /// Binance's historical books of futures: snapshots and changes.
    BinanceDepth,
    /// Best prices as Tardis sells them.
    TardisQuotes,
    /// Books as Tardis sells them: `incremental_book_L2`.
    TardisBook,
    /// Best prices with a header of usual names.
    CsvQuotes,
    /// Best prices in columns, as `wavetank tape convert` writes them.
    ColumnarQuotes,
    /// A book in columns, as `wavetank tape convert` writes it.
    ColumnarBook,
    /// The orders of a book in columns, as `wavetank tape convert` writes them.
    ColumnarOrders,
    /// Recording of Kraken's WebSocket v2, channel `trade`.
    KrakenWsTrades,
    /// Recording of Kraken's WebSocket v2, channel `ticker`.
    KrakenWsTicker,
    /// Recording of Kraken's WebSocket v2, channel `book`.
    KrakenWsBook,
    /// Recording of Kraken's WebSocket v2, channel `level3`: every order of a book.
    KrakenWsLevel3,
    /// Recording of Kraken's WebSocket v2, channel `ohlc`.
    KrakenWsOhlc,
    /// Recording of Kraken's WebSocket v1, channel `trade`.
    KrakenWs1Trades,
    /// Recording of Kraken's WebSocket v1, channel `ticker`.
    KrakenWs1Ticker,
    /// Recording of Kraken's WebSocket v1, channel `book`.
    KrakenWs1Book,
    /// Recording of the WebSocket of Kraken's futures, feed `trade`.
    KrakenFuturesWsTrades,
    /// Recording of the WebSocket of Kraken's futures, feed `book`.
    KrakenFuturesWsBook,
    /// Recording of Binance's streams `trade`, spot and futures.
    BinanceWsTrades,
    /// Recording of Binance's streams `aggTrade`, spot and futures.
    BinanceWsAggTrades,
    /// Recording of Binance's streams `bookTicker`, spot and futures.
    BinanceWsBookTicker,
    /// Recording of Binance's streams `kline`, spot and futures.
    BinanceWsKlines,
    /// Recording of Binance's streams `depth`, spot and futures, with REST snapshots.
    BinanceWsDepth,
    /// Recording of Binance's streams `depth5`, `depth10` and `depth20`, combined: each message a whole book of
    /// so many levels.
    BinanceWsPartialDepth,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 40] = [
        Self::KrakenTrades,
        Self::KrakenOhlcvt,
        Self::KrakenRestTrades,
        Self::KrakenRestOhlc,
        Self::BinanceTrades,
        Self::BinanceAggTrades,
        Self::BinanceKlines,
        Self::BinanceRestTrades,
        Self::BinanceRestAggTrades,
        Self::BinanceRestKlines,
        Self::TardisTrades,
        Self::CryptoDataDownloadBars,
        Self::CsvTrades,
        Self::CsvBars,
        Self::ColumnarTrades,
        Self::ColumnarBars,
        Self::BinanceBookTicker,
        Self::BinanceDepth,
        Self::TardisQuotes,
        Self::TardisBook,
        Self::CsvQuotes,
        Self::ColumnarQuotes,
        Self::ColumnarBook,
        Self::ColumnarOrders,
        Self::KrakenWsTrades,
        Self::KrakenWsTicker,
        Self::KrakenWsBook,
        Self::KrakenWsLevel3,
        Self::KrakenWsOhlc,
        Self::KrakenWs1Trades,
        Self::KrakenWs1Ticker,
        Self::KrakenWs1Book,
        Self::KrakenFuturesWsTrades,
        Self::KrakenFuturesWsBook,
        Self::BinanceWsTrades,
        Self::BinanceWsAggTrades,
        Self::BinanceWsBookTicker,
        Self::BinanceWsKlines,
        Self::BinanceWsDepth,
        Self::BinanceWsPartialDepth,
    ];

    /// The name by which the format is shown and forced.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KrakenTrades => "kraken-trades",
            Self::KrakenOhlcvt => "kraken-ohlcvt",
            Self::KrakenRestTrades => "kraken-rest-trades",
            Self::KrakenRestOhlc => "kraken-rest-ohlc",
            Self::BinanceTrades => "binance-trades",
            Self::BinanceAggTrades => "binance-agg-trades",
            Self::BinanceKlines => "binance-klines",
            Self::BinanceRestTrades => "binance-rest-trades",
            Self::BinanceRestAggTrades => "binance-rest-agg-trades",
            Self::BinanceRestKlines => "binance-rest-klines",
            Self::TardisTrades => "tardis-trades",
            Self::CryptoDataDownloadBars => "cryptodatadownload-bars",
            Self::CsvTrades => "csv-trades",
            Self::CsvBars => "csv-bars",
            Self::ColumnarTrades => "columnar-trades",
            Self::ColumnarBars => "columnar-bars",
            Self::BinanceBookTicker => "binance-book-ticker",
            Self::BinanceDepth => "binance-depth",
            Self::TardisQuotes => "tardis-quotes",
            Self::TardisBook => "tardis-book",
            Self::CsvQuotes => "csv-quotes",
            Self::ColumnarQuotes => "columnar-quotes",
            Self::ColumnarBook => "columnar-book",
            Self::ColumnarOrders => "columnar-orders",
            Self::KrakenWsTrades => "kraken-ws-trades",
            Self::KrakenWsTicker => "kraken-ws-ticker",
            Self::KrakenWsBook => "kraken-ws-book",
            Self::KrakenWsLevel3 => "kraken-ws-level3",
            Self::KrakenWsOhlc => "kraken-ws-ohlc",
            Self::KrakenWs1Trades => "kraken-ws1-trades",
            Self::KrakenWs1Ticker => "kraken-ws1-ticker",
            Self::KrakenWs1Book => "kraken-ws1-book",
            Self::KrakenFuturesWsTrades => "kraken-futures-ws-trades",
            Self::KrakenFuturesWsBook => "kraken-futures-ws-book",
            Self::BinanceWsTrades => "binance-ws-trades",
            Self::BinanceWsAggTrades => "binance-ws-agg-trades",
            Self::BinanceWsBookTicker => "binance-ws-book-ticker",
            Self::BinanceWsKlines => "binance-ws-klines",
            Self::BinanceWsDepth => "binance-ws-depth",
            Self::BinanceWsPartialDepth => "binance-ws-partial-depth",
        }
    }

    /// What its rows are.
    pub const fn kind(self) -> RowKind {
        match self {
            Self::KrakenTrades
            | Self::KrakenRestTrades
            | Self::BinanceTrades
            | Self::BinanceAggTrades
            | Self::BinanceRestTrades
            | Self::BinanceRestAggTrades
            | Self::TardisTrades
            | Self::CsvTrades
            | Self::ColumnarTrades
            | Self::KrakenWsTrades
            | Self::KrakenWs1Trades
            | Self::KrakenFuturesWsTrades
            | Self::BinanceWsTrades
            | Self::BinanceWsAggTrades => RowKind::Trades,
            Self::KrakenOhlcvt
            | Self::KrakenRestOhlc
            | Self::BinanceKlines
            | Self::BinanceRestKlines
            | Self::CryptoDataDownloadBars
            | Self::CsvBars
            | Self::ColumnarBars
            | Self::KrakenWsOhlc
            | Self::BinanceWsKlines => RowKind::Bars,
            Self::BinanceBookTicker
            | Self::TardisQuotes
            | Self::CsvQuotes
            | Self::ColumnarQuotes
            | Self::KrakenWsTicker
            | Self::KrakenWs1Ticker
            | Self::BinanceWsBookTicker => RowKind::Quotes,
            Self::BinanceDepth
            | Self::TardisBook
            | Self::ColumnarBook
            | Self::KrakenWsBook
            | Self::KrakenWs1Book
            | Self::KrakenFuturesWsBook
            | Self::BinanceWsDepth
            | Self::BinanceWsPartialDepth => RowKind::Book,
            Self::ColumnarOrders | Self::KrakenWsLevel3 => RowKind::Orders,
        }
    }

    /// True where the venue leaves out bars in which nobody traded.
    pub const fn omits_empty_bars(self) -> bool {
        matches!(self, Self::KrakenOhlcvt | Self::KrakenWsOhlc)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("expected one of {names}")
        })
    }
}
