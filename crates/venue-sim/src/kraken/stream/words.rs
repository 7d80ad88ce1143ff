//! Fields of WebSocket v2 in the words of REST.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::kraken::error::ApiError;
use crate::kraken::rest::Args;
use crate::kraken::stream::numbers::{is_number, plain};

/// The parameters of a request, by name.
pub(super) type Words = BTreeMap<String, Box<RawValue>>;

/// Fields with another name in REST.
const NAMES: &[(&str, &str)] = &[
    ("order_id", "txid"),
    ("order_type", "ordertype"),
    ("side", "type"),
    ("symbol", "pair"),
    ("order_qty", "volume"),
    ("limit_price", "price"),
    ("display_qty", "displayvol"),
    ("time_in_force", "timeinforce"),
    ("effective_time", "starttm"),
    ("expire_time", "expiretm"),
    ("order_userref", "userref"),
];

/// Fields that are numbers in JSON, and what the refusal calls them.
const NUMBERS: &[(&str, &str)] = &[
    ("order_qty", "Order_qty"),
    ("limit_price", "Limit_price"),
    ("trigger_price", "Trigger_price"),
    ("display_qty", "Display_qty"),
    ("cash_order_qty", "Cash_order_qty"),
];

/// What an order waits for.
#[derive(Deserialize)]
struct Triggers {
    reference: Option<String>,
    price: Box<RawValue>,
    price_type: Option<String>,
}

/// A field as text: what a JSON text says, or the JSON itself. Nothing for `null`.
pub(super) fn text(fields: &Words, name: &str) -> Option<String> {
    let raw = fields.get(name)?.get();
    (raw != "null").then(|| serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned()))
}

/// A field as a list; empty without it.
pub(super) fn list<T: for<'de> Deserialize<'de>>(
    fields: &Words,
    name: &str,
) -> Result<Vec<T>, ApiError> {
    let Some(raw) = fields.get(name) else {
        return Ok(Vec::new());
    };
    serde_json::from_str(raw.get()).map_err(|_| ApiError::arguments(name))
}

/// A field as a list of texts or numbers; empty without it.
pub(super) fn texts(fields: &Words, name: &str) -> Result<Vec<String>, ApiError> {
    let raws: Vec<Box<RawValue>> = list(fields, name)?;
    let text =
        |raw: &RawValue| serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
    Ok(raws.iter().map(|raw| text(raw)).collect())
}

/// Some of the fields under their names in REST.
pub(super) fn renamed(fields: &Words, names: &[&str]) -> Result<Args, ApiError> {
    let mut args = Args::default();
    for name in names {
        if let Some(value) = value(fields, name)? {
            args.set(rest_name(name), &value);
        }
    }
    Ok(args)
}

/// The arguments of `AmendOrder`.
pub(super) fn amendment(fields: &Words) -> Result<Args, ApiError> {
    let mut args = Args::default();
    for name in [
        "cl_ord_id",
        "order_qty",
        "display_qty",
        "limit_price",
        "trigger_price",
        "post_only",
        "deadline",
    ] {
        if let Some(value) = value(fields, name)? {
            args.set(name, &value);
        }
    }
    if let Some(id) = text(fields, "order_id") {
        args.set("txid", &id);
    }
    let kind = text(fields, "limit_price_type");
    if let Some(price) = args.get("limit_price").map(str::to_owned) {
        args.set("limit_price", &typed(&price, kind.as_deref(), "limit_price_type")?);
    }
    Ok(args)
}

/// The arguments of `AddOrder` and `EditOrder`.
pub(super) fn order(fields: &Words) -> Result<Args, ApiError> {
    let mut args = Args::default();
    let mut flags = Vec::new();
    for name in fields.keys().map(String::as_str) {
        let Some(value) = value(fields, name)? else { continue };
        match (name, value.as_str()) {
            ("token" | "limit_price_type" | "triggers" | "conditional", _) => {}
            ("post_only", "true") => flags.push("post"),
            ("no_mpp", "true") => flags.push("nompp"),
            ("post_only" | "no_mpp" | "margin", "false") => {}
            ("margin", _) => args.set("leverage", "5"),
            ("fee_preference", "quote") => flags.push("fciq"),
            ("fee_preference", _) => flags.push("fcib"),
            ("cash_order_qty", cost) => {
                flags.push("viqc");
                args.set("volume", cost);
            }
            ("stp_type", kind) => args.set("stptype", &kind.replace('_', "-")),
            _ => args.set(rest_name(name), &value),
        }
    }
    let kind = text(fields, "limit_price_type");
    if let Some(price) = args.get("price").map(str::to_owned) {
        args.set("price", &typed(&price, kind.as_deref(), "limit_price_type")?);
    }
    if let Some(raw) = fields.get("triggers") {
        let triggers: Triggers =
            serde_json::from_str(raw.get()).map_err(|_| ApiError::arguments("triggers"))?;
        set_triggers(&mut args, &triggers)?;
    }
    if let Some(raw) = fields.get("conditional") {
        let conditional = serde_json::from_str(raw.get());
        set_close(&mut args, &conditional.map_err(|_| ApiError::arguments("conditional"))?)?;
    }
    if !flags.is_empty() {
        args.set("oflags", &flags.join(","));
    }
    Ok(args)
}

/// As with the order itself: trigger, then limit.
fn set_close(args: &mut Args, fields: &Words) -> Result<(), ApiError> {
    let price = |name: &str, kind: &str| {
        let price = value(fields, name)?;
        let kind_of = text(fields, kind);
        price.map(|price| typed(&price, kind_of.as_deref(), kind)).transpose()
    };
    let trigger = price("trigger_price", "trigger_price_type")?;
    let limit = price("limit_price", "limit_price_type")?;
    let ordertype = text(fields, "order_type").unwrap_or_default();
    args.set("close[ordertype]", &ordertype);
    let prices = trigger.into_iter().chain(limit);
    for (name, price) in ["close[price]", "close[price2]"].into_iter().zip(prices) {
        args.set(name, &price);
    }
    Ok(())
}

/// The trigger comes first in REST, the limit behind it second.
fn set_triggers(args: &mut Args, triggers: &Triggers) -> Result<(), ApiError> {
    if let Some(limit) = args.get("price").map(str::to_owned) {
        args.set("price2", &limit);
    }
    let price = triggers.price.get();
    if !is_number(price) {
        return Err(not_a_number("Trigger price"));
    }
    let price = typed(&plain(price), triggers.price_type.as_deref(), "price_type")?;
    args.set("price", &price);
    if let Some(reference) = &triggers.reference {
        args.set("trigger", reference);
    }
    Ok(())
}

/// A price of a type: plain, or a distance from the last one.
fn typed(price: &str, kind: Option<&str>, field: &str) -> Result<String, ApiError> {
    let signed = if price.starts_with('-') { price.to_owned() } else { format!("+{price}") };
    match kind {
        None | Some("static") => Ok(price.to_owned()),
        Some("pct") => Ok(format!("{signed}%")),
        Some("quote") => Ok(signed),
        Some(_) => Err(ApiError::arguments(field)),
    }
}

/// A field as REST would get it; numbers must be numbers.
fn value(fields: &Words, name: &str) -> Result<Option<String>, ApiError> {
    let Some(raw) = fields.get(name).map(|raw| raw.get()).filter(|raw| *raw != "null") else {
        return Ok(None);
    };
    if let Some((_, shown)) = NUMBERS.iter().find(|(known, _)| *known == name)
        && !is_number(raw)
    {
        return Err(not_a_number(shown));
    }
    let text = if is_number(raw) { Some(plain(raw)) } else { text(fields, name) };
    Ok(text)
}

fn not_a_number(field: &str) -> ApiError {
    ApiError(format!("{field} field must be a number_float").into())
}

fn rest_name(name: &str) -> &str {
    NAMES.iter().find(|(known, _)| *known == name).map_or(name, |(_, rest)| *rest)
}
