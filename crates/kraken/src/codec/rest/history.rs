//! Payloads of the private methods about the past: orders in full, executions, ledgers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::{Liquidity, UnixNanos, VenueOrderId};
use serde::Deserialize;

use super::{Keyed, side_word};
use crate::codec::account::{LedgerEntry, OrderDetails, OrderStatus, OwnTrade, PairName};
use crate::codec::decode::{DecodeError, Number};
use crate::codec::names;
use crate::codec::order_row::OrderRow;

/// What Kraken says of what an order is.
#[derive(Deserialize)]
struct DescriptionRow<'a> {
    #[serde(borrow)]
    pair: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    side: Cow<'a, str>,
    ordertype: String,
    #[serde(borrow)]
    price: Number<'a>,
    #[serde(borrow)]
    price2: Option<Number<'a>>,
    #[serde(default)]
    leverage: Option<String>,
    #[serde(default)]
    order: Option<String>,
    #[serde(default)]
    close: Option<String>,
}

/// The fields of an `ORDER` row besides those of [`OrderRow`].
#[derive(Deserialize)]
pub(crate) struct DetailsRow<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(default)]
    cl_ord_id: Option<String>,
    #[serde(borrow)]
    vol_exec: Number<'a>,
    #[serde(borrow)]
    cost: Number<'a>,
    #[serde(borrow)]
    fee: Number<'a>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(borrow)]
    userref: Option<Number<'a>>,
    #[serde(borrow)]
    opentm: Number<'a>,
    #[serde(borrow)]
    starttm: Option<Number<'a>>,
    #[serde(borrow)]
    expiretm: Option<Number<'a>>,
    #[serde(borrow)]
    closetm: Option<Number<'a>>,
    #[serde(borrow)]
    descr: DescriptionRow<'a>,
    #[serde(borrow)]
    vol: Number<'a>,
    #[serde(borrow)]
    price: Option<Number<'a>>,
    #[serde(default)]
    misc: Option<String>,
    #[serde(default)]
    oflags: Option<String>,
    #[serde(default)]
    time_in_force: Option<String>,
    #[serde(default)]
    trades: Option<Vec<String>>,
}

impl DetailsRow<'_> {
    fn details(self, id: &str) -> Result<OrderDetails, DecodeError> {
        let status = OrderStatus::parse(&self.status);
        let DescriptionRow { pair, side, ordertype, price, price2, leverage, order, close } =
            self.descr;
        let userref = self.userref.and_then(|number| number.text().parse().ok());
        let average_price = self.price.map(Number::notional).transpose()?.unwrap_or_default();
        let row = OrderRow {
            status: self.status,
            cl_ord_id: self.cl_ord_id,
            vol_exec: self.vol_exec,
            cost: self.cost,
            fee: self.fee,
            reason: self.reason,
        };
        Ok(OrderDetails {
            report: row.report(id)?,
            status,
            userref: userref.filter(|userref| *userref != 0),
            pair: PairName::new(&pair),
            side: side_word(&side),
            kind: ordertype,
            price: price.text().to_owned(),
            second_price: price2.map_or_else(|| "0".to_owned(), |price| price.text().to_owned()),
            description: order.unwrap_or_default(),
            close: close.unwrap_or_default(),
            leverage: leverage.unwrap_or_else(|| "none".to_owned()),
            quantity: self.vol.notional()?,
            average_price,
            flags: words(self.oflags),
            time_in_force: self.time_in_force.unwrap_or_default(),
            misc: words(self.misc),
            opened_at: self.opentm.seconds()?,
            starts_at: instant(self.starttm)?,
            expires_at: instant(self.expiretm)?,
            closed_at: instant(self.closetm)?,
            trades: self.trades.unwrap_or_default(),
        })
    }
}

/// The words of a comma list.
fn words(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A time of an order; zero is none.
fn instant(seconds: Option<Number<'_>>) -> Result<Option<UnixNanos>, DecodeError> {
    let at = seconds.map(Number::seconds).transpose()?;
    Ok(at.filter(|at| *at != UnixNanos::ZERO))
}

pub(crate) fn details(rows: Keyed<DetailsRow<'_>>) -> Result<Vec<OrderDetails>, DecodeError> {
    rows.into_iter().map(|(id, row)| row.details(&id)).collect()
}

#[derive(Deserialize)]
pub(crate) struct TradeRow<'a> {
    ordertxid: String,
    #[serde(borrow)]
    pair: Cow<'a, str>,
    #[serde(borrow)]
    time: Number<'a>,
    #[serde(borrow, rename = "type")]
    side: Cow<'a, str>,
    #[serde(borrow)]
    price: Number<'a>,
    #[serde(borrow)]
    cost: Number<'a>,
    #[serde(borrow)]
    fee: Number<'a>,
    #[serde(borrow)]
    vol: Number<'a>,
    #[serde(borrow)]
    margin: Option<Number<'a>>,
    #[serde(borrow)]
    trade_id: Option<Number<'a>>,
    maker: Option<bool>,
    #[serde(default)]
    ledgers: Option<Vec<String>>,
}

impl TradeRow<'_> {
    fn into_trade(self, id: String) -> Result<OwnTrade, DecodeError> {
        let role = |maker| if maker { Liquidity::Maker } else { Liquidity::Taker };
        Ok(OwnTrade {
            id,
            order: VenueOrderId::new(&self.ordertxid),
            pair: PairName::new(&self.pair),
            at: self.time.seconds()?,
            side: side_word(&self.side),
            price: self.price.price()?,
            quantity: self.vol.quantity()?,
            cost: self.cost.notional()?,
            fee: self.fee.notional()?,
            margin: self.margin.map(Number::notional).transpose()?.unwrap_or_default(),
            trade_id: self.trade_id.map(Number::count).transpose()?,
            liquidity: self.maker.map(role),
            ledgers: self.ledgers.unwrap_or_default(),
        })
    }
}

pub(crate) fn own_trades(rows: Keyed<TradeRow<'_>>) -> Result<Vec<OwnTrade>, DecodeError> {
    rows.into_iter().map(|(id, row)| row.into_trade(id)).collect()
}

#[derive(Deserialize)]
pub(crate) struct LedgerRow<'a> {
    refid: String,
    #[serde(borrow)]
    time: Number<'a>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    asset: Cow<'a, str>,
    #[serde(borrow)]
    amount: Number<'a>,
    #[serde(borrow)]
    fee: Number<'a>,
    #[serde(borrow)]
    balance: Option<Number<'a>>,
}

impl LedgerRow<'_> {
    fn into_entry(self, id: String) -> Result<LedgerEntry, DecodeError> {
        let balance = self.balance.filter(|number| !number.text().is_empty());
        Ok(LedgerEntry {
            id,
            reference: self.refid,
            at: self.time.seconds()?,
            kind: self.kind,
            asset: names::asset_from_id(&self.asset),
            amount: self.amount.notional()?,
            fee: self.fee.notional()?,
            balance: balance.map(Number::notional).transpose()?,
        })
    }
}

pub(crate) fn ledger_entries(rows: Keyed<LedgerRow<'_>>) -> Result<Vec<LedgerEntry>, DecodeError> {
    rows.into_iter().map(|(id, row)| row.into_entry(id)).collect()
}

/// A page of a history: rows under the name of the method's own, and how many there are in all.
#[derive(Deserialize)]
pub(crate) struct PageOf<T> {
    #[serde(alias = "closed", alias = "trades", alias = "ledger")]
    pub(crate) rows: BTreeMap<String, T>,
    pub(crate) count: Option<usize>,
}
