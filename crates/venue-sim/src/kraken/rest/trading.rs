//! Private methods that trade: the words around what `orders` does.

use matching::AccountId;
use model::UnixNanos;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::kraken::error::ApiError;
use crate::kraken::orders::{CancelCount, Placed, Refused, Switch, Target};
use crate::kraken::rest::{Args, MethodResult};
use crate::kraken::venue::Venue;
use crate::kraken::wire::json;

#[derive(Serialize)]
struct Added {
    descr: Description,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<[String; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<String>,
}

#[derive(Serialize)]
struct Description {
    order: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<String>,
}

#[derive(Serialize)]
struct Batch {
    orders: Vec<BatchRow>,
}

/// Here an order id is a plain text.
#[derive(Serialize)]
#[serde(untagged)]
enum BatchRow {
    Added {
        #[serde(skip_serializing_if = "Option::is_none")]
        txid: Option<String>,
        descr: Description,
        #[serde(skip_serializing_if = "Option::is_none")]
        cl_ord_id: Option<String>,
    },
    Refused {
        error: String,
        descr: Description,
    },
}

#[derive(Serialize)]
struct Amendment {
    amend_id: String,
}

#[derive(Serialize)]
struct Replaced {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<String>,
    originaltxid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    newuserref: Option<i32>,
    volume: String,
    price: String,
    orders_cancelled: usize,
    descr: Description,
}

impl Venue {
    /// `AddOrder`.
    pub(super) fn post_add_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let Placed { txid, sentence, close, cl_ord_id, userref: _ } =
            self.add_order(account, args, now)?;
        let descr = Description { order: sentence, close };
        Ok(json(&Added { descr, txid: txid.map(|txid| [txid]), cl_ord_id }))
    }

    /// `AddOrderBatch`.
    pub(super) fn post_add_batch(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let orders: Vec<Args> = array(args, "orders")?.iter().map(|raw| object(raw)).collect();
        let row = |placed: Result<Placed, Refused>| match placed {
            Ok(Placed { txid, sentence, close, cl_ord_id, userref: _ }) => {
                BatchRow::Added { txid, descr: Description { order: sentence, close }, cl_ord_id }
            }
            Err(Refused { error, sentence }) => BatchRow::Refused {
                error: error.0.into_owned(),
                descr: Description { order: sentence, close: None },
            },
        };
        let placed = self.add_batch(account, args, &orders, now)?;
        Ok(json(&Batch { orders: placed.into_iter().map(row).collect() }))
    }

    /// `AmendOrder`.
    pub(super) fn post_amend_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let amended = self.amend_order(account, args, now)?;
        let (Target::Txid(_) | Target::ClientId(_)) = amended.target;
        Ok(json(&Amendment { amend_id: amended.amend_id }))
    }

    /// `EditOrder`.
    pub(super) fn post_edit_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let edited = self.edit_order(account, args, now)?;
        let cancelled = usize::from(edited.placed.txid.is_some());
        Ok(json(&Replaced {
            status: "ok",
            txid: edited.placed.txid,
            originaltxid: edited.original,
            newuserref: edited.placed.userref,
            volume: edited.volume.to_fixed(8),
            price: edited.price,
            orders_cancelled: cancelled,
            descr: Description { order: edited.placed.sentence, close: edited.placed.close },
        }))
    }

    /// `CancelOrder`.
    pub(super) fn post_cancel_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let count = self.cancel_order(account, args, now)?;
        Ok(json(&CancelCount { count }))
    }

    /// `CancelOrderBatch`.
    pub(super) fn post_cancel_batch(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let names = texts(args, "orders")?;
        let client_ids = texts(args, "cl_ord_ids")?;
        let count = self.cancel_batch(account, &names, &client_ids, now)?;
        Ok(json(&CancelCount { count }))
    }

    /// `CancelAll`.
    pub(super) fn post_cancel_all(&mut self, account: AccountId, now: UnixNanos) -> MethodResult {
        let count = self.cancel_all(account, now)?;
        Ok(json(&CancelCount { count }))
    }

    /// `CancelAllOrdersAfter`.
    pub(super) fn post_cancel_all_after(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let armed = self.cancel_all_after(account, args, now)?;
        Ok(json(&Switch::from(armed)))
    }
}

/// The elements of an argument that is a JSON array.
fn array(args: &Args, name: &str) -> Result<Vec<Box<RawValue>>, ApiError> {
    let Some(text) = args.get(name) else {
        return Ok(Vec::new());
    };
    serde_json::from_str(text).map_err(|_| ApiError::arguments(name))
}

fn object(raw: &RawValue) -> Args {
    Args::json(raw.get().as_bytes())
}

/// The elements of an argument that is a JSON array of texts or numbers.
fn texts(args: &Args, name: &str) -> Result<Vec<String>, ApiError> {
    let text = |raw: &RawValue| {
        serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
    };
    Ok(array(args, name)?.iter().map(|raw| text(raw)).collect())
}
