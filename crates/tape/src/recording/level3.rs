//! Kraken's WebSocket v2: `level3`, every order of a book.

use std::borrow::Cow;

use model::{Side, UnixNanos};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::frame::{expected, read};
use super::kraken::time;
use super::message::{Body, Message, Wanted, digits, price, quantity};
use super::orders::{Event, Orders, WireOrder};
use crate::format::Format;
use crate::read_error::LineProblem;

/// An element of `data`.
#[derive(Deserialize)]
struct Datum<'f> {
    #[serde(borrow)]
    symbol: Option<Cow<'f, str>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'f, str>>,
    #[serde(borrow, default)]
    bids: Vec<Row<'f>>,
    #[serde(borrow, default)]
    asks: Vec<Row<'f>>,
    checksum: Option<u32>,
}

#[derive(Deserialize)]
struct Row<'f> {
    #[serde(borrow)]
    event: Option<Cow<'f, str>>,
    #[serde(borrow)]
    order_id: Cow<'f, str>,
    #[serde(borrow)]
    limit_price: &'f RawValue,
    #[serde(borrow)]
    order_qty: &'f RawValue,
    #[serde(borrow)]
    timestamp: Cow<'f, str>,
}

/// The messages of an element of `data`. Without a time of its own it has that of its newest order.
pub(super) fn message<'f>(
    data: &'f RawValue,
    snapshot: bool,
    wanted: Wanted<'_>,
) -> Result<Message<'f>, LineProblem> {
    let datum: Datum<'f> = read(data.get(), "the data of `level3`, orders with their ids")?;
    let format = Format::KrakenWsLevel3;
    let told = datum.timestamp.as_deref().map(time).transpose()?;
    let mut message = Message { format, symbol: None, interval: None, ts: told, body: None };
    if wanted(format, datum.symbol.as_deref()) {
        let (mut orders, mut newest) = (Vec::new(), None::<UnixNanos>);
        for (side, rows) in [(Side::Buy, &datum.bids), (Side::Sell, &datum.asks)] {
            for row in rows {
                let order = row.order(side, snapshot)?;
                newest = newest.max(Some(order.ts));
                orders.push(order);
            }
        }
        message.ts = told.or(newest);
        message.body = Some(Body::Orders(Orders { snapshot, orders, sum: datum.checksum }));
    }
    message.symbol = Some(datum.symbol.ok_or_else(|| expected("`symbol`", data.get()))?);
    Ok(message)
}

impl Row<'_> {
    fn order(&self, side: Side, snapshot: bool) -> Result<WireOrder, LineProblem> {
        let event = match self.event.as_deref() {
            None if snapshot => Event::Add,
            Some("add") => Event::Add,
            Some("modify") => Event::Modify,
            Some("delete") => Event::Delete,
            other => {
                return Err(expected("`event` of add, modify or delete", other.unwrap_or("none")));
            }
        };
        Ok(WireOrder {
            id: self.order_id.clone().into_owned(),
            side,
            price: price(self.limit_price, "limit_price")?,
            quantity: quantity(self.order_qty, "order_qty")?,
            digits: [self.limit_price, self.order_qty].map(digits).concat(),
            event,
            ts: time(&self.timestamp)?,
        })
    }
}
