//! Which column of a text file holds what.

use model::{Price, Quantity};

use crate::datetime::TimeUnit;
use crate::format::Format;
use crate::number::is_beyond;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Time of the trade, or of the beginning of the bar.
    Time(TimeUnit),
    /// Last instant of the bar.
    CloseTime(TimeUnit),
    Price,
    Quantity,
    TradeId,
    FirstId,
    LastId,
    /// True when the buyer was the maker, hence the taker sold.
    BuyerMaker,
    /// `buy` or `sell`, the taker's.
    Side,
    Open,
    High,
    Low,
    Close,
    Volume,
    Count,
    BidPrice,
    BidQuantity,
    AskPrice,
    AskQuantity,
    /// When whoever recorded it received it.
    LocalTime(TimeUnit),
    /// `b` or `bid`, `a` or `ask`.
    BookSide,
    /// `snap` for the whole book, `set` for a change.
    UpdateKind,
    /// True for the whole book.
    IsSnapshot,
    /// Number of the last update of the message.
    LastUpdate,
    /// Number of the last update of the message before.
    PreviousUpdate,
    /// A number that is checked to be one and not kept: it follows from the others.
    Number,
    /// `True` or `False`, not kept.
    Flag,
    /// Anything, not kept.
    Text,
}

impl Column {
    /// What a field of the column must be, for errors.
    pub(crate) const fn expected(self) -> &'static str {
        self.rule().0
    }

    /// What a field of the column must be, where `found` is what was found: of a number that is beyond the range
    /// of prices or volumes, this range.
    pub(crate) fn expected_instead_of(self, found: &str) -> &'static str {
        match self.rule() {
            (_, Some((decimals, range))) if is_beyond(found, decimals) => range,
            (expected, _) => expected,
        }
    }

    /// What a field must be, and, of prices and volumes, the digits after the point and the range.
    const fn rule(self) -> (&'static str, Option<(u32, &'static str)>) {
        let expected = match self {
            Self::Time(unit) | Self::CloseTime(unit) | Self::LocalTime(unit) => unit.expected(),
            Self::Price
            | Self::Open
            | Self::High
            | Self::Low
            | Self::Close
            | Self::BidPrice
            | Self::AskPrice => {
                let expected = "a price with at most 9 digits after the point";
                return (expected, Some((Price::DECIMALS, PRICES)));
            }
            Self::Quantity | Self::Volume | Self::BidQuantity | Self::AskQuantity => {
                let expected = "a volume up to 92233720368 with at most 8 digits after the point";
                return (expected, Some((Quantity::DECIMALS, VOLUMES)));
            }
            Self::TradeId | Self::FirstId | Self::LastId => "a trade number",
            Self::BuyerMaker | Self::Flag | Self::IsSnapshot => "true or false",
            Self::BookSide => "b, bid, a or ask",
            Self::UpdateKind => "snap or set",
            Self::LastUpdate => "a number of an update",
            Self::PreviousUpdate => "a number of an update, or -1",
            Self::Side => "buy or sell",
            Self::Count => "a number of trades",
            Self::Number => "a number",
            Self::Text => "a text",
        };
        (expected, None)
    }
}

/// Every price that can be told, for errors.
pub(crate) const PRICES: &str = "a price from -9223372036.854775807 to 9223372036.854775807";
/// Every volume that can be told, for errors.
pub(crate) const VOLUMES: &str = "a volume from -92233720368.54775807 to 92233720368.54775807";

/// The columns of a file.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) format: Format,
    /// `,`, `;` or a tab.
    pub(crate) delimiter: u8,
    pub(crate) columns: Vec<Column>,
    pub(crate) names: Vec<String>,
    /// The first line holds names.
    pub(crate) header: bool,
    /// Spaces and quotes around fields are taken off, digits beyond the unit are rounded, trade
    /// numbers may be words: files that programs of users wrote, and Kraken's bars, whose volumes are
    /// sums of floating-point numbers.
    pub(crate) lenient: bool,
    /// Length of a bar in nanoseconds, where no column tells its end.
    pub(crate) bar_nanos: i64,
    /// Columns and delimiter are those of Binance's spot trades.
    pub(crate) is_binance_spot: bool,
}

const SECONDS: Column = Column::Time(TimeUnit::Seconds);
const BY_SIZE: Column = Column::Time(TimeUnit::BySize);
const CLOSE: Column = Column::CloseTime(TimeUnit::BySize);

const KRAKEN_TRADES: &[(Column, &str)] =
    &[(SECONDS, "timestamp"), (Column::Price, "price"), (Column::Quantity, "volume")];
const KRAKEN_BARS: &[(Column, &str)] = &[
    (SECONDS, "timestamp"),
    (Column::Open, "open"),
    (Column::High, "high"),
    (Column::Low, "low"),
    (Column::Close, "close"),
    (Column::Volume, "volume"),
    (Column::Count, "trades"),
];
const BINANCE_TRADES: &[(Column, &str)] = &[
    (Column::TradeId, "id"),
    (Column::Price, "price"),
    (Column::Quantity, "qty"),
    (Column::Number, "quoteQty"),
    (BY_SIZE, "time"),
    (Column::BuyerMaker, "isBuyerMaker"),
    (Column::Flag, "isBestMatch"),
];
const BINANCE_AGG_TRADES: &[(Column, &str)] = &[
    (Column::TradeId, "aggId"),
    (Column::Price, "price"),
    (Column::Quantity, "qty"),
    (Column::FirstId, "firstId"),
    (Column::LastId, "lastId"),
    (BY_SIZE, "time"),
    (Column::BuyerMaker, "isBuyerMaker"),
    (Column::Flag, "isBestMatch"),
];
const BINANCE_KLINES: &[(Column, &str)] = &[
    (BY_SIZE, "openTime"),
    (Column::Open, "open"),
    (Column::High, "high"),
    (Column::Low, "low"),
    (Column::Close, "close"),
    (Column::Volume, "volume"),
    (CLOSE, "closeTime"),
    (Column::Number, "quoteVolume"),
    (Column::Count, "count"),
    (Column::Number, "takerBuyVolume"),
    (Column::Number, "takerBuyQuoteVolume"),
    (Column::Number, "ignore"),
];
const CRYPTO_DATA_DOWNLOAD: &[(Column, &str)] = &[
    (BY_SIZE, "unix"),
    (Column::Text, "date"),
    (Column::Text, "symbol"),
    (Column::Open, "open"),
    (Column::High, "high"),
    (Column::Low, "low"),
    (Column::Close, "close"),
    (Column::Volume, "volume"),
    (Column::Number, "quoteVolume"),
    (Column::Count, "tradecount"),
];
const BINANCE_BOOK_TICKER: &[(Column, &str)] = &[
    (Column::Number, "updateId"),
    (Column::BidPrice, "bestBidPrice"),
    (Column::BidQuantity, "bestBidQty"),
    (Column::AskPrice, "bestAskPrice"),
    (Column::AskQuantity, "bestAskQty"),
    (BY_SIZE, "transactionTime"),
    (Column::Number, "eventTime"),
];
const PLAIN_BARS: &[(Column, &str)] = &[
    (BY_SIZE, "timestamp"),
    (Column::Open, "open"),
    (Column::High, "high"),
    (Column::Low, "low"),
    (Column::Close, "close"),
    (Column::Volume, "volume"),
];

impl Layout {
    /// The layout of a format without header that has so many columns.
    pub(crate) fn without_header(format: Format, count: usize) -> Option<Self> {
        let columns = match (format, count) {
            (Format::KrakenTrades, 3) => KRAKEN_TRADES,
            (Format::KrakenOhlcvt, 7) => KRAKEN_BARS,
            (Format::BinanceTrades, 6 | 7) => BINANCE_TRADES,
            (Format::BinanceAggTrades, 7 | 8) => BINANCE_AGG_TRADES,
            (Format::BinanceKlines, 12) => BINANCE_KLINES,
            (Format::CryptoDataDownloadBars, 10) => CRYPTO_DATA_DOWNLOAD,
            (Format::CsvBars, 6) => PLAIN_BARS,
            (Format::BinanceBookTicker, 7) => BINANCE_BOOK_TICKER,
            _ => return None,
        };
        let columns = &columns[..count];
        Some(Self {
            format,
            delimiter: b',',
            columns: columns.iter().map(|(column, _)| *column).collect(),
            names: columns.iter().map(|(_, name)| (*name).to_owned()).collect(),
            header: false,
            lenient: matches!(format, Format::CsvBars | Format::KrakenOhlcvt),
            bar_nanos: 0,
            is_binance_spot: format == Format::BinanceTrades && count == 7,
        })
    }

    /// The layout that the names of a header tell, or why they tell none.
    ///
    /// `first_row` is a line of numbers, which tells dates from counts.
    pub(crate) fn of_header(
        delimiter: u8,
        names: &[String],
        first_row: &[&str],
    ) -> Result<Self, &'static str> {
        let mut header = Header { names, first_row, columns: vec![Column::Text; names.len()] };
        if header.has("asks[0].price") {
            return Err("snapshots of a book, one per line, which are not read");
        }
        let unit = header.unit(TIME_NAMES);
        if !header.take(TIME_NAMES, Column::Time(unit)) {
            return Err("no column of times");
        }
        let is_bars = ["open", "high", "low", "close"].iter().all(|name| header.has(name));
        let format = if is_bars {
            header.bars()?
        } else if header.has("is_snapshot") || header.has("update_type") {
            header.book()?
        } else if header.find(BID_NAMES).is_some() {
            header.quotes()?
        } else {
            header.trades()?
        };
        let lenient = matches!(
            format,
            Format::CsvTrades | Format::CsvBars | Format::CsvQuotes | Format::TardisTrades
        );
        Ok(Self {
            format,
            delimiter,
            columns: header.columns,
            names: names.to_vec(),
            header: true,
            lenient,
            bar_nanos: 0,
            is_binance_spot: false,
        })
    }

    /// True where a column tells when a row was received.
    pub(crate) fn tells_received(&self) -> bool {
        self.columns.iter().any(|column| matches!(column, Column::LocalTime(_)))
    }

    /// True where a column tells the end of a bar.
    pub(crate) fn tells_end(&self) -> bool {
        self.columns.iter().any(|column| matches!(column, Column::CloseTime(_)))
    }
}

/// A header on its way to a layout.
struct Header<'h> {
    names: &'h [String],
    first_row: &'h [&'h str],
    columns: Vec<Column>,
}

impl Header<'_> {
    fn bars(&mut self) -> Result<Format, &'static str> {
        self.take(&["open"], Column::Open);
        self.take(&["high"], Column::High);
        self.take(&["low"], Column::Low);
        self.take(&["close"], Column::Close);
        let unit = self.unit(&["close_time"]);
        self.take(&["close_time"], Column::CloseTime(unit));
        self.take(&["count", "trades", "number_of_trades", "tradecount"], Column::Count);
        let volume = self.names.iter().position(|name| name.starts_with("volume"));
        let volume = volume.and_then(|at| self.columns.get_mut(at));
        *volume.ok_or("bars without a column `volume`")? = Column::Volume;
        let is_binance = self.has("open_time") && self.has("close_time");
        Ok(if is_binance { Format::BinanceKlines } else { Format::CsvBars })
    }

    fn trades(&mut self) -> Result<Format, &'static str> {
        if !self.take(&["price"], Column::Price) {
            return Err("neither a column `price` nor columns `open`, `high`, `low`, `close`");
        }
        if !self.take(&["qty", "quantity", "amount", "size", "volume"], Column::Quantity) {
            return Err("trades without a column `quantity`, `qty`, `amount`, `size` or `volume`");
        }
        let unit = self.unit(&["local_timestamp"]);
        self.take(&["local_timestamp"], Column::LocalTime(unit));
        self.take(&["agg_trade_id", "trade_id", "id"], Column::TradeId);
        self.take(&["first_trade_id"], Column::FirstId);
        self.take(&["last_trade_id"], Column::LastId);
        self.take(&["is_buyer_maker", "isbuyermaker"], Column::BuyerMaker);
        self.take(&["side", "taker_side"], Column::Side);
        Ok(if self.has("agg_trade_id") {
            Format::BinanceAggTrades
        } else if self.has("is_buyer_maker") && self.has("qty") {
            Format::BinanceTrades
        } else if self.has("exchange") && self.has("local_timestamp") {
            Format::TardisTrades
        } else {
            Format::CsvTrades
        })
    }

    fn quotes(&mut self) -> Result<Format, &'static str> {
        let unit = self.unit(&["local_timestamp"]);
        self.take(&["local_timestamp"], Column::LocalTime(unit));
        let all = self.take(BID_NAMES, Column::BidPrice)
            && self.take(ASK_NAMES, Column::AskPrice)
            && self.take(BID_QUANTITY_NAMES, Column::BidQuantity)
            && self.take(ASK_QUANTITY_NAMES, Column::AskQuantity);
        if !all {
            return Err("quotes without price and quantity of bid and ask");
        }
        Ok(if self.has("best_bid_price") && self.has("update_id") {
            Format::BinanceBookTicker
        } else if self.has("exchange") && self.has("local_timestamp") {
            Format::TardisQuotes
        } else {
            Format::CsvQuotes
        })
    }

    fn book(&mut self) -> Result<Format, &'static str> {
        let unit = self.unit(&["local_timestamp"]);
        self.take(&["local_timestamp"], Column::LocalTime(unit));
        let all = self.take(&["price"], Column::Price)
            && self.take(&["amount", "qty", "quantity"], Column::Quantity)
            && self.take(&["side"], Column::BookSide);
        if !all {
            return Err("a book without side, price and quantity");
        }
        if self.take(&["is_snapshot"], Column::IsSnapshot) {
            return Ok(Format::TardisBook);
        }
        self.take(&["update_type"], Column::UpdateKind);
        self.take(&["first_update_id"], Column::Number);
        self.take(&["last_update_id"], Column::LastUpdate);
        self.take(&["pu"], Column::PreviousUpdate);
        Ok(Format::BinanceDepth)
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    /// Where the first of the known names stands.
    fn find(&self, known: &[&str]) -> Option<usize> {
        known.iter().find_map(|name| self.names.iter().position(|other| other == name))
    }

    /// Gives a meaning to the column with the first of the known names, if there is one.
    fn take(&mut self, known: &[&str], column: Column) -> bool {
        let at = self.find(known);
        at.map(|at| self.columns[at] = column).is_some()
    }

    /// A date has dashes.
    fn unit(&self, known: &[&str]) -> TimeUnit {
        let text = self.find(known).and_then(|at| self.first_row.get(at)).copied();
        if text.unwrap_or_default().contains('-') { TimeUnit::Text } else { TimeUnit::BySize }
    }
}

/// Names of the column of times, the best first; pandas leaves the name of an index empty.
const TIME_NAMES: &[&str] = &[
    "open_time",
    "transact_time",
    "transaction_time",
    "timestamp",
    "time",
    "time_ms",
    "time_us",
    "ts",
    "unix",
    "unix timestamp",
    "datetime",
    "date",
    "",
];

/// Names of the columns of quotes, the best first.
const BID_NAMES: &[&str] = &["best_bid_price", "bid_price", "bid"];
const ASK_NAMES: &[&str] = &["best_ask_price", "ask_price", "ask"];
const BID_QUANTITY_NAMES: &[&str] =
    &["best_bid_qty", "bid_amount", "bid_size", "bid_qty", "bid_quantity", "bid_volume"];
const ASK_QUANTITY_NAMES: &[&str] =
    &["best_ask_qty", "ask_amount", "ask_size", "ask_qty", "ask_quantity", "ask_volume"];

/// A name of a header as it is compared: lower case, without quotes and spaces around.
pub(crate) fn normalised(name: &str) -> String {
    name.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'').to_ascii_lowercase()
}
