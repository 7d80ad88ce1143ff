//! Binance's `trades`, `aggTrades` and `klines`.

use model::{Side, UnixNanos};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Json, Parser};
use crate::datetime::{TimeUnit, unit_by_size};
use crate::format::Format;
use crate::layout::Column;
use crate::read_error::{LineProblem, ReadError, shorten};
use crate::row::{BarRow, TradeRow};

/// Elements of a kline.
const KLINE_ELEMENTS: usize = 12;

/// An element of `aggTrades` or `trades`: the keys of both.
#[derive(Deserialize)]
struct TradeKeys<'b> {
    #[serde(borrow, rename = "a")]
    agg_id: Option<&'b RawValue>,
    #[serde(borrow, rename = "f")]
    first_id: Option<&'b RawValue>,
    #[serde(borrow, rename = "l")]
    last_id: Option<&'b RawValue>,
    #[serde(borrow)]
    id: Option<&'b RawValue>,
    #[serde(borrow, alias = "p")]
    price: Option<&'b RawValue>,
    #[serde(borrow, alias = "q")]
    qty: Option<&'b RawValue>,
    #[serde(borrow, alias = "T")]
    time: Option<&'b RawValue>,
    #[serde(borrow, rename = "isBuyerMaker", alias = "m")]
    is_buyer_maker: Option<&'b RawValue>,
}

impl<'b> Parser<'b> {
    pub(super) fn binance(
        self,
        document: &'b RawValue,
        rows: &mut Option<Json>,
    ) -> Result<(), ReadError> {
        for row in self.list(document, "a list of trades or klines")? {
            if row.get().starts_with('[') {
                let kline = self.kline(row)?;
                self.rows_of(rows, Format::BinanceRestKlines, row)?.rows.bars.push(kline);
                continue;
            }
            let (format, trade) = self.binance_trade(row)?;
            self.rows_of(rows, format, row)?.rows.trades.push(trade);
        }
        Ok(())
    }

    fn kline(self, row: &'b RawValue) -> Result<BarRow, ReadError> {
        let fields = self.list(row, "a kline as a list")?;
        if fields.len() != KLINE_ELEMENTS {
            let expected = "12 elements of a kline".to_owned();
            return Err(self.error(row.get().as_bytes(), expected, fields.len().to_string()));
        }
        let last = self.time(fields[6], "close time", TimeUnit::BySize)?;
        let grain = self.integer(fields[6], "close time", Column::Time(TimeUnit::BySize))?;
        let grain = i64::try_from(unit_by_size(grain)).unwrap_or(1);
        Ok(BarRow {
            open_ts: self.time(fields[0], "open time", TimeUnit::BySize)?,
            close_ts: UnixNanos::from_nanos(last.as_nanos().saturating_add(grain)),
            open: self.price(fields[1], "open")?,
            high: self.price(fields[2], "high")?,
            low: self.price(fields[3], "low")?,
            close: self.price(fields[4], "close")?,
            volume: self.quantity(fields[5], "volume")?,
            count: Some(self.integer(fields[8], "count", Column::Count)?),
        })
    }

    fn binance_trade(self, row: &'b RawValue) -> Result<(Format, TradeRow), ReadError> {
        let keys: TradeKeys<'b> = serde_json::from_str(row.get()).map_err(|error| {
            let expected = "a trade with the keys of `trades` or `aggTrades`".to_owned();
            self.error(row.get().as_bytes(), expected, shorten(&error.to_string()))
        })?;
        let is_aggregate = keys.agg_id.is_some();
        let name =
            |short: &'static str, long: &'static str| if is_aggregate { short } else { long };
        let id = self.key(row, keys.agg_id.or(keys.id), "id` or `a")?;
        let maker = name("m", "isBuyerMaker");
        let flag = self.key(row, keys.is_buyer_maker, maker)?;
        let taker_side = match flag.get() {
            "true" => Side::Sell,
            "false" => Side::Buy,
            _ => return Err(self.field_error(flag, maker, "true or false")),
        };
        let fills = if is_aggregate {
            let first = self.integer(self.key(row, keys.first_id, "f")?, "f", Column::FirstId)?;
            let last = self.integer(self.key(row, keys.last_id, "l")?, "l", Column::LastId)?;
            u32::try_from(last.saturating_sub(first).saturating_add(1)).unwrap_or(u32::MAX)
        } else {
            1
        };
        let (price, qty, time) = (name("p", "price"), name("q", "qty"), name("T", "time"));
        let trade = TradeRow {
            ts: self.time(self.key(row, keys.time, time)?, time, TimeUnit::BySize)?,
            price: self.price(self.key(row, keys.price, price)?, price)?,
            quantity: self.quantity(self.key(row, keys.qty, qty)?, qty)?,
            trade_id: Some(self.integer(id, name("a", "id"), Column::TradeId)?),
            fills,
            taker_side: Some(taker_side),
        };
        let format =
            if is_aggregate { Format::BinanceRestAggTrades } else { Format::BinanceRestTrades };
        Ok((format, trade))
    }

    /// The value of a key that must be there.
    fn key(
        self,
        row: &'b RawValue,
        value: Option<&'b RawValue>,
        name: &str,
    ) -> Result<&'b RawValue, ReadError> {
        value.ok_or_else(|| {
            let problem = LineProblem::Json {
                expected: format!("the key `{name}`"),
                found: format!("`{}`", shorten(row.get())),
            };
            self.line_error(row.get().as_bytes(), problem)
        })
    }
}
