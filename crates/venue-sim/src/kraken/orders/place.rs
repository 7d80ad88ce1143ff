//! Orders come in.

use matching::{AccountId, OrderId};
use model::{OrderKind, UnixNanos};

use crate::kraken::error::ApiError;
use crate::kraken::limits::ORDER_HALVES;
use crate::kraken::orders::Draft;
use crate::kraken::orders::draft::{SelfTrade, check_deadline};
use crate::kraken::pair::Pair;
use crate::kraken::rest::{Args, sentence};
use crate::kraken::venue::{Ended, OrderFacts, Venue};

/// Orders for later that an account may have. Kraken has such a limit and does not tell it.
const SCHEDULED_MAX: usize = 60;

/// What a client is told of an order that was taken in.
#[derive(Debug)]
pub(crate) struct Placed {
    /// The venue's id; `None` of an order that was only looked at.
    pub(crate) txid: Option<String>,
    /// The sentence that describes it.
    pub(crate) sentence: String,
    /// That of its close.
    pub(crate) close: Option<String>,
    pub(crate) cl_ord_id: Option<String>,
    pub(crate) userref: Option<i32>,
}

impl Placed {
    /// What a client is told of an order that was only looked at.
    pub(super) fn not(draft: &Draft, pair: &Pair) -> Self {
        Self {
            txid: None,
            sentence: sentence(&draft.request, draft.cost, &draft.told(pair), pair),
            close: draft.close.as_ref().map(|close| close.sentence.clone()),
            cl_ord_id: None,
            userref: draft.userref,
        }
    }
}

impl Venue {
    /// `AddOrder`.
    pub(crate) fn add_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> Result<Placed, ApiError> {
        self.check_trader(account)?;
        let pair = self.pair_of(args)?;
        let validate = args.flag("validate")?;
        let draft = Draft::parse(self, &pair, args, now);
        if !validate {
            let rests = draft.as_ref().is_ok_and(|draft| draft.request.may_rest());
            self.count_orders(account, pair.symbol(), &[rests], ORDER_HALVES, now)?;
        }
        let draft = draft?.with_userref(args)?;
        check_deadline(args, now)?;
        self.place(account, &pair, draft, validate, now)
    }

    /// The pair that `pair` names.
    pub(super) fn pair_of(&self, args: &Args) -> Result<Pair, ApiError> {
        let listed = self.listed_as(args.require("pair")?);
        Ok(listed.ok_or(ApiError::UNKNOWN_PAIR)?.pair.clone())
    }

    /// Submits an order, or only looks at it.
    pub(super) fn place(
        &mut self,
        account: AccountId,
        pair: &Pair,
        draft: Draft,
        validate: bool,
        now: UnixNanos,
    ) -> Result<Placed, ApiError> {
        self.phase.check_order(&draft.request)?;
        let mut placed = Placed::not(&draft, pair);
        if validate {
            self.exchange.check(account, &draft.request)?;
            return Ok(placed);
        }
        placed.cl_ord_id = draft.request.client_id.as_deref().map(str::to_owned);
        let mut events = Vec::new();
        let own = self.clear_the_way(account, &draft, now)?;
        let request = draft.request.clone();
        let id = if draft.starts.is_some() {
            self.check_scheduled(account)?;
            self.exchange.submit_later(account, request, now, &mut events)?
        } else {
            self.exchange.submit(account, request, now, &mut events)?
        };
        let txid = self.ids.order();
        placed.txid = Some(txid.clone());
        if draft.trail.is_some() {
            self.trailing.entry(pair.symbol().clone()).or_default().insert(id);
        }
        if let Some(at) = draft.starts {
            self.timers.start(at, id);
        }
        if let Some(at) = draft.expires {
            self.timers.expire(at, id);
        }
        self.name_order(id, facts(draft, txid), now);
        self.show_part(id);
        self.publish(&events, now);
        if let Some(own) = own {
            self.end_self_trade(account, own, now);
        }
        Ok(placed)
    }

    /// Cancels what rests in the way of an order that goes before its elders; returns what goes with it.
    fn clear_the_way(
        &mut self,
        account: AccountId,
        draft: &Draft,
        now: UnixNanos,
    ) -> Result<Option<OrderId>, ApiError> {
        match draft.self_trade {
            SelfTrade::Newest => Ok(None),
            SelfTrade::Both => Ok(self.exchange.self_match(account, &draft.request)),
            SelfTrade::Oldest => {
                self.exchange.check(account, &draft.request)?;
                while let Some(own) = self.exchange.self_match(account, &draft.request) {
                    self.end_self_trade(account, own, now);
                }
                Ok(None)
            }
        }
    }

    fn end_self_trade(&mut self, account: AccountId, id: OrderId, now: UnixNanos) {
        if let Some(details) = self.orders.get_mut(&id) {
            details.ended = Some(Ended::SelfTrade);
        }
        self.cancel(account, &[id], now);
    }

    /// Refuses one more order for later where there are too many.
    fn check_scheduled(&self, account: AccountId) -> Result<(), ApiError> {
        let open = self.exchange.open_orders(account);
        if open.filter(|order| order.scheduled).count() >= SCHEDULED_MAX {
            return Err(ApiError::SCHEDULED_LIMIT);
        }
        Ok(())
    }
}

/// What is to be told of an order from now on.
fn facts(draft: Draft, txid: String) -> OrderFacts {
    let Draft {
        request,
        userref,
        expires,
        cost,
        display,
        starts,
        self_trade: _,
        trail,
        close,
        refid,
    } = draft;
    OrderFacts {
        txid,
        userref,
        request,
        expires,
        cost,
        display,
        amended: false,
        starts,
        trail,
        close,
        refid,
    }
}

/// True when a waiting order became another one: its trigger was met.
pub(crate) const fn was_triggered(asked: OrderKind, is: OrderKind) -> bool {
    matches!(
        (asked, is),
        (OrderKind::Triggered { .. }, OrderKind::Market | OrderKind::Limit { .. })
    )
}
