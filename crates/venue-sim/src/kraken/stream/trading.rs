//! Requests that trade: translated into the words of REST, and answered in those of WebSocket v2.

use std::collections::BTreeMap;

use matching::AccountId;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::kraken::config::Permissions;
use crate::kraken::error::ApiError;
use crate::kraken::orders::{CancelCount, Placed, Refused, Switch, Target};
use crate::kraken::rest::Args;
use crate::kraken::stream::request::{Answering, MALFORMED};
use crate::kraken::stream::words::{self, Words};

/// An order that was placed.
#[derive(Serialize)]
struct Added {
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_userref: Option<i32>,
    /// Of one order in a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Amended {
    amend_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<String>,
}

#[derive(Serialize)]
struct Edited {
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    original_order_id: String,
}

/// Names of an order under which it is cancelled, and those of REST.
const NAMES: [(&str, &str); 3] =
    [("order_id", "txid"), ("cl_ord_id", "cl_ord_id"), ("order_userref", "txid")];

impl Answering<'_> {
    /// Answers a method that trades; false when there is no such method.
    pub(super) fn trade(&mut self, method: &str, params: &RawValue) -> bool {
        let Some(may) = permission(method) else { return false };
        if !self.check_endpoint(true, method) {
            return true;
        }
        let Ok(fields) = serde_json::from_str::<Words>(params.get()) else {
            self.refuse(MALFORMED, None);
            return true;
        };
        match self.trader(&fields, may) {
            Ok(account) => self.traded(method, account, &fields),
            Err(error) => self.refuse(&error.0, None),
        }
        true
    }

    fn traded(&mut self, method: &str, account: AccountId, fields: &Words) {
        let done = match method {
            "add_order" => self.add(account, fields),
            "amend_order" => self.amend(account, fields),
            "edit_order" => self.edit(account, fields),
            "batch_add" => self.add_several(account, fields),
            "cancel_order" => self.cancel_each(account, fields),
            "batch_cancel" => self.cancel_several(account, fields),
            "cancel_all" => {
                let count = self.venue.cancel_all(account, self.now);
                count.map(|count| self.accept(CancelCount { count }))
            }
            _ => self.arm(account, fields),
        };
        if let Err(error) = done {
            self.refuse(&error.0, None);
        }
    }

    /// The account of the token, which this session keeps alive from now on.
    fn trader(
        &mut self,
        fields: &Words,
        may: fn(Permissions) -> bool,
    ) -> Result<AccountId, ApiError> {
        let token = words::text(fields, "token").unwrap_or_default();
        let grant = self.venue.claimed(self.connection, &token, self.now);
        let grant = grant.ok_or(ApiError::INVALID_SESSION)?;
        if may(grant.permissions) { Ok(grant.account) } else { Err(ApiError::PERMISSION_DENIED) }
    }

    fn add(&mut self, account: AccountId, fields: &Words) -> Result<(), ApiError> {
        let args = words::order(fields)?;
        self.check_symbol(fields)?;
        let placed = self.venue.add_order(account, &args, self.now)?;
        self.accept(added(Ok(placed)));
        Ok(())
    }

    fn add_several(&mut self, account: AccountId, fields: &Words) -> Result<(), ApiError> {
        self.check_symbol(fields)?;
        let args = words::renamed(fields, &["symbol", "deadline", "validate"])?;
        let orders: Vec<Words> = words::list(fields, "orders")?;
        let orders = orders.iter().map(words::order).collect::<Result<Vec<Args>, _>>()?;
        let placed = self.venue.add_batch(account, &args, &orders, self.now)?;
        self.accept(placed.into_iter().map(added).collect::<Vec<_>>());
        Ok(())
    }

    fn amend(&mut self, account: AccountId, fields: &Words) -> Result<(), ApiError> {
        let args = words::amendment(fields)?;
        let amended = self.venue.amend_order(account, &args, self.now)?;
        let (order_id, cl_ord_id) = match amended.target {
            Target::Txid(txid) => (Some(txid), None),
            Target::ClientId(name) => (None, Some(name)),
        };
        self.accept(Amended { amend_id: amended.amend_id, order_id, cl_ord_id });
        Ok(())
    }

    fn edit(&mut self, account: AccountId, fields: &Words) -> Result<(), ApiError> {
        self.check_symbol(fields)?;
        let args = words::order(fields)?;
        let edited = self.venue.edit_order(account, &args, self.now)?;
        let order_id = edited.placed.txid;
        self.accept(Edited { order_id, original_order_id: edited.original });
        Ok(())
    }

    /// One answer for each order that is named.
    fn cancel_each(&mut self, account: AccountId, fields: &Words) -> Result<(), ApiError> {
        let mut named = Vec::new();
        for (name, rest) in NAMES {
            let names = words::texts(fields, name)?;
            named.extend(names.into_iter().map(|text| (name, rest, text)));
        }
        if named.is_empty() || named.len() > crate::kraken::orders::CANCELS_MAX {
            return Err(ApiError::arguments("order_id"));
        }
        for (name, rest, text) in named {
            let mut args = Args::default();
            args.set(rest, &text);
            match self.venue.cancel_order(account, &args, self.now) {
                // A number was asked for as a number.
                Ok(_) if name == "order_userref" => match text.parse::<i32>() {
                    Ok(userref) => self.accept(BTreeMap::from([(name, userref)])),
                    Err(_) => self.accept(BTreeMap::from([(name, text)])),
                },
                Ok(_) => self.accept(BTreeMap::from([(name, text)])),
                Err(error) => self.refuse(&error.0, None),
            }
        }
        Ok(())
    }

    fn cancel_several(&mut self, account: AccountId, fields: &Words) -> Result<(), ApiError> {
        let orders = words::texts(fields, "orders")?;
        let client_ids = words::texts(fields, "cl_ord_id")?;
        let count = self.venue.cancel_batch(account, &orders, &client_ids, self.now)?;
        self.answer(None::<CancelCount>, Some(count));
        Ok(())
    }

    /// The dead man's switch.
    fn arm(&mut self, account: AccountId, fields: &Words) -> Result<(), ApiError> {
        let args = words::renamed(fields, &["timeout"])?;
        let armed = self.venue.cancel_all_after(account, &args, self.now)?;
        self.accept(Switch::from(armed));
        Ok(())
    }

    /// Streams know a pair under one name only.
    fn check_symbol(&self, fields: &Words) -> Result<(), ApiError> {
        let symbol = words::text(fields, "symbol").ok_or_else(|| ApiError::arguments("symbol"))?;
        match self.venue.listed(&model::Symbol::new(&symbol)) {
            Some(_) => Ok(()),
            None => Err(ApiError(format!("Currency pair not supported {symbol}").into())),
        }
    }
}

/// True for a method that trades.
pub(super) fn is_trading(method: &str) -> bool {
    permission(method).is_some()
}

/// What a method that trades asks of a key; `None` of others.
fn permission(method: &str) -> Option<fn(Permissions) -> bool> {
    match method {
        "add_order" | "amend_order" | "edit_order" | "batch_add" => Some(|key| key.create_orders),
        "cancel_order"
        | "cancel_all"
        | "batch_cancel"
        | "cancel_after"
        | "cancel_all_orders_after" => Some(|key| key.cancel_orders),
        _ => None,
    }
}

fn added(placed: Result<Placed, Refused>) -> Added {
    match placed {
        Ok(Placed { txid, cl_ord_id, userref, sentence: _, close: _ }) => {
            Added { order_id: txid, cl_ord_id, order_userref: userref, error: None }
        }
        Err(Refused { error, sentence: _ }) => Added {
            order_id: None,
            cl_ord_id: None,
            order_userref: None,
            error: Some(error.0.into_owned()),
        },
    }
}
