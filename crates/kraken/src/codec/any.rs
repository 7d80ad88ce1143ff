//! Every answer of REST behind one function, for fuzzers and for whoever checks recorded answers.

use std::fmt::Debug;
use std::time::Duration;

use model::{Symbol, UnixNanos};
use serde_json::value::RawValue;

use super::decode::Number;
use super::order_row::OrderRow;
use super::reply::{self, ReplyError};
use super::rest::{
    self as payload, AmendRow, BalanceRow, BatchRow, ClosedRows, CountRow, DepthRow, DetailsRow,
    EditRow, Keyed, LedgerRow, OpenRows, Page, PageOf, PairRow, PlacedRow, StatusRow, SwitchRow,
    TickerRow, TimeRow, TradeBalanceRow, TradeRow, VolumeRow, WsToken,
};

/// Reads an answer, and forgets what it read but for its text.
type Reader = fn(&[u8]) -> Result<Box<dyn Debug>, ReplyError>;

/// The methods whose answers are read, each with its reader.
const READERS: &[(&str, Reader)] = &[
    ("Time", |body| shown(result::<TimeRow>(body)?.into_time())),
    ("SystemStatus", |body| shown(result::<StatusRow<'_>>(body)?.into_status())),
    ("AssetPairs", |body| {
        let rows: Keyed<PairRow<'_>> = result(body)?;
        shown(rows.into_values().map(PairRow::into_rules).collect::<Result<Vec<_>, _>>()?)
    }),
    ("Ticker", |body| {
        let rows: Keyed<TickerRow<'_>> = result(body)?;
        shown(payload::only(rows)?.into_ticker()?)
    }),
    ("Depth", |body| {
        let rows: Keyed<DepthRow<'_>> = result(body)?;
        shown(payload::only(rows)?.into_book()?)
    }),
    ("OHLC", |body| shown(result::<Page<'_>>(body)?.into_candles(Duration::from_secs(60))?)),
    ("Trades", |body| shown(result::<Page<'_>>(body)?.into_trades(&Symbol::new("BTC/USD"))?)),
    ("Balance", |body| {
        let rows: Keyed<Number<'_>> = result(body)?;
        shown(payload::balances(rows)?)
    }),
    ("BalanceEx", |body| {
        let rows: Keyed<BalanceRow<'_>> = result(body)?;
        shown(payload::extended_balances(rows)?)
    }),
    ("TradeBalance", |body| shown(result::<TradeBalanceRow<'_>>(body)?.into_balance()?)),
    ("TradeVolume", |body| {
        let volume = result::<VolumeRow<'_>>(body)?.into_volume()?;
        shown(volume.into_fees(&[])?)
    }),
    ("OpenPositions", |body| shown(payload::positions(result::<&RawValue>(body)?)?)),
    ("OpenOrders", |body| {
        let rows: OpenRows<OrderRow<'_>> = result(body)?;
        let full: OpenRows<DetailsRow<'_>> = result(body)?;
        shown((payload::reports(rows.open)?, payload::details(full.open)?))
    }),
    ("ClosedOrders", |body| {
        let rows: ClosedRows<'_> = result(body)?;
        let page: PageOf<DetailsRow<'_>> = result(body)?;
        shown((payload::reports(rows.closed)?, payload::details(page.rows)?, page.count))
    }),
    ("QueryOrders", |body| {
        let rows: Keyed<OrderRow<'_>> = result(body)?;
        let full: Keyed<DetailsRow<'_>> = result(body)?;
        shown((payload::reports(rows)?, payload::details(full)?))
    }),
    ("TradesHistory", |body| {
        let page: PageOf<TradeRow<'_>> = result(body)?;
        shown((payload::own_trades(page.rows)?, page.count))
    }),
    ("QueryTrades", |body| {
        let rows: Keyed<TradeRow<'_>> = result(body)?;
        shown(payload::own_trades(rows)?)
    }),
    ("Ledgers", |body| {
        let page: PageOf<LedgerRow<'_>> = result(body)?;
        shown((payload::ledger_entries(page.rows)?, page.count))
    }),
    ("QueryLedgers", |body| {
        let rows: Keyed<LedgerRow<'_>> = result(body)?;
        shown(payload::ledger_entries(rows)?)
    }),
    ("GetWebSocketsToken", |body| shown(result::<WsToken>(body)?)),
    ("AddOrder", |body| shown(result::<PlacedRow>(body)?.into_placed()?)),
    ("AddOrderBatch", |body| shown(result::<BatchRow>(body)?.into_results(UnixNanos::ZERO)?)),
    ("AmendOrder", |body| shown(result::<AmendRow>(body)?.amend_id)),
    ("EditOrder", |body| shown(result::<EditRow>(body)?.into_replaced())),
    ("CancelOrder", |body| shown(result::<CountRow>(body)?.count)),
    ("CancelAllOrdersAfter", |body| shown(result::<SwitchRow<'_>>(body)?.into_state()?)),
];

fn result<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, ReplyError> {
    reply::result(body, UnixNanos::ZERO)
}

fn shown(value: impl Debug + 'static) -> Result<Box<dyn Debug>, ReplyError> {
    Ok(Box::new(value))
}

/// Names of the methods that [`read`] knows.
pub fn methods() -> impl Iterator<Item = &'static str> {
    READERS.iter().map(|(method, _)| *method)
}

/// Reads the answer of a method as the client would; what it means as text, or why it cannot be read, or
/// the venue's refusal. `None` for a method that [`methods`] does not name.
pub fn read(method: &str, body: &[u8]) -> Option<Result<String, String>> {
    let (_, reader) = READERS.iter().find(|(known, _)| *known == method)?;
    let read = reader(body);
    Some(read.map(|value| format!("{value:?}")).map_err(|error| error.to_string()))
}
