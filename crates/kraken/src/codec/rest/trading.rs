//! What trades: the fields of orders and changes, and the answers.

use std::borrow::Cow;
use std::time::Duration;

use model::{Symbol, UnixNanos, VenueOrderId};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::codec::decode::{DecodeError, rfc3339, timestamp};
use crate::codec::fault::VenueError;
use crate::codec::fields::{Body, Fields, Value};
use crate::codec::names;
use crate::codec::order::{
    Amendment, Close, Distance, FeeAsset, Kind, KrakenOrder, Life, OrderName, Placed, PriceAt,
    Reference, Replaced, Replacement, SelfTrade, Size, SwitchState, Target,
};

/// Grain of a deadline.
const DEADLINE_GRAIN: Duration = Duration::from_millis(1);

/// A deadline, after which the venue's engine refuses what arrives.
pub(crate) fn deadline_text(expiry: UnixNanos) -> String {
    rfc3339(expiry.floor_to(DEADLINE_GRAIN))
}

/// A price as REST writes it: a distance has a sign in front.
fn price_text(price: PriceAt) -> String {
    let distance = |distance| match distance {
        Distance::Quote(price) => price.to_string(),
        Distance::Percent(percent) => format!("{percent}%"),
    };
    match price {
        PriceAt::Exactly(price) => price.to_string(),
        PriceAt::Above(by) => format!("+{}", distance(by)),
        PriceAt::Below(by) => format!("-{}", distance(by)),
    }
}

/// The fields of one order, without pair and deadline, which several in a batch share.
fn one_order(order: &KrakenOrder) -> Fields {
    let (price, second_price) = order.prices();
    let (volume, by_cost) = match order.size {
        Size::Base(quantity) => (quantity.to_string(), false),
        Size::Quote(cost) => (cost.to_string(), true),
    };
    let mut fields = Fields::new()
        .text("type", order.side.as_str())
        .text("ordertype", order.kind_words())
        .text("volume", &volume)
        .some_text("price", price.map(price_text))
        .some_text("price2", second_price.map(price_text));
    match order.kind {
        Kind::Limit { shown, .. } => {
            fields = fields.some_text("displayvol", shown.map(|shown| shown.to_string()));
        }
        Kind::Triggered { by: Reference::Index, .. }
        | Kind::Trailing { by: Reference::Index, .. } => {
            fields = fields.text("trigger", "index");
        }
        Kind::Market { .. }
        | Kind::Triggered { .. }
        | Kind::Trailing { .. }
        | Kind::SettlePosition => {}
    }
    fields = with_life(fields, order);
    fields = fields
        .text("oflags", &flags(order, by_cost))
        .some_text("leverage", order.leverage.map(|leverage| leverage.to_string()))
        .flag("reduce_only", order.reduce_only);
    if order.self_trade != SelfTrade::CancelNewest {
        fields = fields.text("stptype", order.self_trade.words().0);
    }
    if let Some(close) = &order.close {
        fields = fields.with("close", Value::Group(closing(close)));
    }
    match &order.name {
        OrderName::Client(id) => fields.text("cl_ord_id", id.as_str()),
        OrderName::UserRef(number) => fields.with("userref", Value::Number((*number).into())),
    }
}

/// How long it lives. A market order is immediate by itself; with a time in force it is refused.
fn with_life(fields: Fields, order: &KrakenOrder) -> Fields {
    let fields = match order.life {
        Life::Gtc | Life::Ioc | Life::Fok if order.ends_at_market() => fields,
        Life::Gtc => fields.text("timeinforce", "GTC"),
        Life::Ioc => fields.text("timeinforce", "IOC"),
        Life::Fok => fields.text("timeinforce", "FOK"),
        Life::Gtd(until) => {
            let fields = fields.text("timeinforce", "GTD");
            fields.text("expiretm", &whole_seconds(until).to_string())
        }
    };
    fields.some_text("starttm", order.starts_at.map(|at| whole_seconds(at).to_string()))
}

/// Rounded up.
pub(crate) const fn whole_seconds(at: UnixNanos) -> i64 {
    if at.subsec_nanos() == 0 { at.secs() } else { at.secs().saturating_add(1) }
}

/// Fees are asked for in the quote asset unless somebody wants otherwise, whichever side.
fn flags(order: &KrakenOrder, by_cost: bool) -> String {
    let post = matches!(order.kind, Kind::Limit { post_only: true, .. });
    let unprotected = matches!(order.kind, Kind::Market { protected: false });
    let fee = match order.fee_in {
        FeeAsset::Quote => "fciq",
        FeeAsset::Base => "fcib",
    };
    let all = [(post, "post"), (true, fee), (unprotected, "nompp"), (by_cost, "viqc")];
    let set = all.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag);
    set.collect::<Vec<_>>().join(",")
}

fn closing(close: &Close) -> Vec<(&'static str, String)> {
    let (price, second_price) = close.prices();
    let mut fields = vec![("ordertype", close.kind_words().to_owned())];
    fields.push(("price", price_text(price)));
    fields.extend(second_price.map(|price| ("price2", price_text(price))));
    fields
}

/// The fields of `AddOrder`. The venue's engine refuses the order when it arrives after `expiry`.
pub(crate) fn order_fields(order: &KrakenOrder, expiry: UnixNanos) -> Fields {
    Fields::new()
        .text("pair", &names::altname(&order.symbol))
        .and(one_order(order))
        .text("deadline", &deadline_text(expiry))
}

/// The body of `AddOrderBatch`, which takes JSON only.
pub(crate) fn batch_body(symbol: &Symbol, orders: &[KrakenOrder], expiry: UnixNanos) -> Body {
    let fields = Fields::new()
        .text("pair", &names::altname(symbol))
        .text("deadline", &deadline_text(expiry));
    let mut object = fields.object();
    let orders = orders.iter().map(|order| Json::Object(one_order(order).object()));
    object.insert("orders".to_owned(), Json::Array(orders.collect()));
    Body::Json(object)
}

/// The fields of `AmendOrder`.
pub(crate) fn amendment_fields(change: &Amendment, expiry: UnixNanos) -> Fields {
    let fields = match &change.target {
        Target::Venue(id) => Fields::new().text("txid", id.as_str()),
        Target::Client(id) => Fields::new().text("cl_ord_id", id.as_str()),
    };
    fields
        .some_text("order_qty", change.quantity.map(|quantity| quantity.to_string()))
        .some_text("display_qty", change.shown.map(|quantity| quantity.to_string()))
        .some_text("limit_price", change.limit.map(price_text))
        .some_text("trigger_price", change.trigger.map(price_text))
        .flag("post_only", change.post_only)
        .text("deadline", &deadline_text(expiry))
}

/// The fields of `EditOrder`.
pub(crate) fn replacement_fields(new: &Replacement, expiry: UnixNanos) -> Fields {
    let flags = new.post_only.then(|| "post".to_owned());
    let userref = new.userref.map(|number| number.to_string());
    Fields::new()
        .text("txid", new.order.as_str())
        .text("pair", &names::altname(&new.symbol))
        .some_text("volume", new.quantity.map(|quantity| quantity.to_string()))
        .some_text("price", new.price.map(price_text))
        .some_text("price2", new.second_price.map(price_text))
        .some_text("oflags", flags)
        .some_text("userref", userref)
        .text("deadline", &deadline_text(expiry))
}

#[derive(Default, Deserialize)]
struct DescriptionRow {
    #[serde(default)]
    order: String,
}

#[derive(Deserialize)]
pub(crate) struct PlacedRow {
    /// Absent if the order was to be judged only.
    #[serde(default)]
    txid: Vec<String>,
    #[serde(default)]
    descr: DescriptionRow,
}

impl PlacedRow {
    pub(crate) fn into_placed(self) -> Result<Placed, DecodeError> {
        let missing = DecodeError::Missing { what: "txid" };
        let id = self.txid.first().ok_or(missing)?;
        Ok(Placed { id: VenueOrderId::new(id), description: self.descr.order })
    }

    /// The sentence about an order that was judged only.
    pub(crate) fn into_description(self) -> String {
        self.descr.order
    }
}

/// One text or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct BatchOrderRow {
    txid: Option<String>,
    #[serde(default)]
    descr: Option<DescriptionRow>,
    error: Option<Texts>,
}

#[derive(Deserialize)]
pub(crate) struct BatchRow {
    orders: Vec<BatchOrderRow>,
}

impl BatchRow {
    /// What became of each order, in the order in which they were sent.
    pub(crate) fn into_results(
        self,
        now: UnixNanos,
    ) -> Result<Vec<Result<Placed, VenueError>>, DecodeError> {
        let read = |row: BatchOrderRow| {
            let texts = match row.error {
                Some(Texts::One(text)) => vec![text],
                Some(Texts::Several(texts)) => texts,
                None => Vec::new(),
            };
            match row.txid {
                Some(id) => {
                    let description = row.descr.unwrap_or_default().order;
                    Ok(Ok(Placed { id: VenueOrderId::new(&id), description }))
                }
                None if texts.is_empty() => Err(DecodeError::Missing { what: "txid" }),
                None => Ok(Err(VenueError::new(texts, now))),
            }
        };
        self.orders.into_iter().map(read).collect()
    }
}

#[derive(Deserialize)]
pub(crate) struct AmendRow {
    pub(crate) amend_id: String,
}

#[derive(Deserialize)]
pub(crate) struct EditRow {
    txid: String,
    originaltxid: String,
}

impl EditRow {
    pub(crate) fn into_replaced(self) -> Replaced {
        Replaced {
            id: VenueOrderId::new(&self.txid),
            original: VenueOrderId::new(&self.originaltxid),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct SwitchRow<'a> {
    #[serde(borrow, rename = "triggerTime")]
    trigger_time: Cow<'a, str>,
}

impl SwitchRow<'_> {
    /// A time that cannot be read must not look like a switch that is off.
    pub(crate) fn into_state(self) -> Result<SwitchState, DecodeError> {
        let off = matches!(&*self.trigger_time, "0" | "");
        let triggers_at = if off { None } else { Some(timestamp(&self.trigger_time)?) };
        Ok(SwitchState { triggers_at })
    }
}
