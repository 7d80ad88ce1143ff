//! Orders come in.

use matching::AccountId;
use model::{OrderKind, UnixNanos};

use crate::kraken::error::ApiError;
use crate::kraken::limits::ORDER_COST;
use crate::kraken::orders::Draft;
use crate::kraken::orders::draft::check_deadline;
use crate::kraken::pair::Pair;
use crate::kraken::rest::{Args, sentence};
use crate::kraken::venue::{OrderFacts, Venue};

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

impl Venue {
    /// `AddOrder`.
    pub(crate) fn add_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> Result<Placed, ApiError> {
        let pair = self.pair_of(args)?;
        let validate = args.flag("validate")?;
        let draft = Draft::parse(self, &pair, args, now);
        if !validate {
            let rests = draft.as_ref().is_ok_and(|draft| draft.request.may_rest());
            self.count_orders(account, pair.symbol(), &[rests], ORDER_COST, now)?;
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
        let mut placed = Placed {
            txid: None,
            sentence: sentence(&draft.request, draft.cost, draft.trail, pair),
            close: draft.close.as_ref().map(|close| close.sentence.clone()),
            cl_ord_id: draft.request.client_id.as_deref().map(str::to_owned),
            userref: draft.userref,
        };
        if validate {
            self.exchange.check(account, &draft.request)?;
            placed.cl_ord_id = None;
            return Ok(placed);
        }
        let Draft { request, userref, expires, cost, display, trail, close } = draft;
        let mut events = Vec::new();
        let id = self.exchange.submit(account, request.clone(), now, &mut events)?;
        let txid = self.ids.order();
        placed.txid = Some(txid.clone());
        let facts = OrderFacts {
            txid,
            userref,
            request,
            expires,
            cost,
            display,
            trail,
            close,
            amended: false,
        };
        self.name_order(id, facts, now);
        if trail.is_some() {
            self.trailing.entry(pair.symbol().clone()).or_default().insert(id);
        }
        if let Some(at) = expires {
            self.timers.expire(at, id);
        }
        self.publish(&events, now);
        Ok(placed)
    }
}

/// True when a waiting order became another one: its trigger was met.
pub(crate) const fn was_triggered(asked: OrderKind, is: OrderKind) -> bool {
    matches!(
        (asked, is),
        (OrderKind::Triggered { .. }, OrderKind::Market | OrderKind::Limit { .. })
    )
}
