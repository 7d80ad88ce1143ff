//! Orders are replaced: the old way to change them.

use matching::{AccountId, Order};
use model::{OrderKind, Quantity, TimeInForce, UnixNanos};

use crate::kraken::error::ApiError;
use crate::kraken::orders::counting::Change;
use crate::kraken::orders::draft::check_deadline;
use crate::kraken::orders::{Draft, Placed};
use crate::kraken::pair::Pair;
use crate::kraken::rest::{Args, price_text};
use crate::kraken::venue::{Ended, Venue};

/// What a client is told of a replacement.
#[derive(Debug)]
pub(crate) struct Edited {
    pub(crate) placed: Placed,
    pub(crate) original: String,
    pub(crate) volume: Quantity,
    /// As the new order shows it.
    pub(crate) price: String,
}

/// Arguments of the old order that the new one takes over unless they are given.
const KEPT: &[&str] = &["volume", "price", "price2", "oflags", "userref", "displayvol"];

impl Venue {
    /// `EditOrder`: cancels an order and places another one of the same kind.
    ///
    /// What would be refused leaves the old order as it is.
    pub(crate) fn edit_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> Result<Edited, ApiError> {
        self.check_trader(account)?;
        let pair = self.pair_of(args)?;
        let txid = args.require("txid")?;
        let id = self.by_txid.get(txid).copied();
        let order = id.and_then(|id| self.exchange.order(id)).cloned();
        let same = |o: &Order| o.account == account && o.request.symbol == *pair.symbol();
        let order = order.filter(|o| same(o) && o.is_open()).ok_or(ApiError::UNKNOWN_ORDER)?;
        let validate = args.flag("validate")?;
        self.phase.check_change()?;
        if !validate {
            self.count_change(account, order.id, Change::Edit, now)?;
        }
        check_deadline(args, now)?;
        let new = self.replacement(&order, &pair, args);
        let mut draft = Draft::parse(self, &pair, &new, now)?.with_userref(&new)?;
        // Its end stays, however near it is.
        draft.expires = self.orders.get(&order.id).and_then(|details| details.facts.expires);
        let volume = draft.request.quantity;
        let price = price_text(&draft.told(&pair), &pair);
        self.phase.check_order(&draft.request)?;
        self.exchange.check_replacing(account, order.id, &draft.request)?;
        if !validate {
            if let Some(details) = self.orders.get_mut(&order.id) {
                details.ended = Some(Ended::Replaced);
            }
            self.cancel(account, &[order.id], now);
        }
        let placed = if validate {
            Placed::not(&draft, &pair)
        } else {
            self.place(account, &pair, draft, false, now)?
        };
        Ok(Edited { placed, original: txid.to_owned(), volume, price })
    }

    /// The arguments of the new order: the old ones where nothing else is asked for.
    fn replacement(&self, order: &Order, pair: &Pair, args: &Args) -> Args {
        let request = &order.request;
        let decimals = pair.instrument.price_decimals;
        let mut new = Args::default();
        let mut flags = Vec::new();
        if request.fee_in_base {
            flags.push("fcib");
        }
        new.set("pair", pair.id);
        new.set("type", request.side.as_str());
        new.set("volume", &order.remaining().to_string());
        match request.kind {
            OrderKind::Market => new.set("ordertype", "market"),
            OrderKind::Limit { price, post_only } => {
                let shown = self.orders.get(&order.id).and_then(|details| details.facts.display);
                new.set("ordertype", if shown.is_some() { "iceberg" } else { "limit" });
                if let Some(shown) = shown {
                    new.set("displayvol", &shown.min(order.remaining()).to_string());
                }
                new.set("price", &price.to_fixed(decimals));
                if post_only {
                    flags.push("post");
                }
            }
            OrderKind::Triggered { trigger, price, limit } => {
                let suffix = if limit.is_some() { "-limit" } else { "" };
                new.set("ordertype", &format!("{}{suffix}", trigger.as_str()));
                new.set("price", &price.to_fixed(decimals));
                if let Some(limit) = limit {
                    new.set("price2", &limit.to_fixed(decimals));
                }
            }
        }
        if !flags.is_empty() {
            new.set("oflags", &flags.join(","));
        }
        let details = self.orders.get(&order.id);
        let trail = details.and_then(|details| details.facts.trail);
        if let Some(trail) = trail.filter(|_| request.is_waiting()) {
            let [behind, limit] = trail.texts(pair);
            new.set("price", &behind);
            match trail.limit {
                Some(_) => {
                    new.set("ordertype", "trailing-stop-limit");
                    new.set("price2", &limit);
                }
                None => new.set("ordertype", "trailing-stop"),
            }
        }
        if let Some(close) = details.and_then(|details| details.facts.close.as_ref()) {
            close.ask(&mut new);
        }
        if request.time_in_force == TimeInForce::Gtc
            && let Some(userref) = details.and_then(|details| details.facts.userref)
        {
            new.set("userref", &userref.to_string());
        }
        for name in KEPT {
            if let Some(value) = args.get(name) {
                new.set(name, value);
            }
        }
        new
    }
}
