//! Subscriptions of the private channels.

use model::UnixNanos;

use crate::kraken::config::Permissions;
use crate::kraken::error::ApiError;
use crate::kraken::stream::executions::Row;
use crate::kraken::stream::request::Answering;
use crate::kraken::stream::subscribe::{ALREADY_SUBSCRIBED, Accepted, NOT_SUBSCRIBED, Params};
use crate::kraken::stream::{Outgoing, Private, Wants, balances};

/// Executions in a snapshot.
const EXECUTIONS_SHOWN: usize = 50;
/// What an accepted subscription of executions says of old fields, in Kraken's words (January 2026).
const OLD_FIELDS: [&str; 4] = [
    "cancel_reason is deprecated, use reason",
    "stop_price is deprecated, use triggers.price",
    "trigger is deprecated use triggers.reference",
    "triggered_price is deprecated use triggers.last_price",
];

impl Answering<'_> {
    pub(super) fn subscribe_executions(&mut self, params: &Params) {
        let known = self.session().map(|session| session.executions.is_some());
        if known != Some(false) {
            return self.refuse_again(params);
        }
        let may = |key: Permissions| key.query_open_orders || key.query_closed_orders;
        let Some(mut private) = self.open_private(params, may) else { return };
        private.wants = Wants {
            all_changes: params.order_status.unwrap_or(true),
            count: params.ratecounter.unwrap_or(false),
        };
        let state = self.venue.accounts.get(&private.account);
        let tier = state.map(|state| state.tier).unwrap_or_default();
        let snap_orders = params.snap_orders.or(params.snapshot).unwrap_or(true);
        let snap_trades = params.snap_trades.unwrap_or(false);
        self.accept(Accepted {
            channel: "executions",
            maxratecount: Some(tier.transactions().max),
            snap_orders: Some(snap_orders),
            snap_trades: Some(snap_trades),
            warnings: OLD_FIELDS.to_vec(),
            ..Accepted::default()
        });
        // Orders and executions come in separate messages: clients look at the first row only.
        if snap_orders {
            let rows = self.open_orders(&private);
            let text = private.message("executions", "snapshot", &rows);
            self.push(Outgoing::Channel(text.into()));
        }
        if snap_trades {
            let rows = self.last_executions(&private);
            let text = private.message("executions", "snapshot", &rows);
            self.push(Outgoing::Channel(text.into()));
        }
        if let Some(session) = self.session() {
            session.executions = Some(private);
        }
    }

    pub(super) fn subscribe_balances(&mut self, params: &Params) {
        let known = self.session().map(|session| session.balances.is_some());
        if known != Some(false) {
            return self.refuse_again(params);
        }
        let Some(mut private) = self.open_private(params, |key| key.query_funds) else { return };
        let snapshot = params.snapshot.unwrap_or(true);
        let accepted =
            Accepted { channel: "balances", snapshot: Some(snapshot), ..Accepted::default() };
        self.accept(accepted);
        if snapshot {
            let rows = balances::snapshot(self.venue, private.account);
            let text = private.message("balances", "snapshot", &rows);
            self.push(Outgoing::Channel(text.into()));
        }
        if let Some(session) = self.session() {
            session.balances = Some(private);
        }
    }

    /// Refuses what is subscribed already, unless the token is wrong besides.
    fn refuse_again(&mut self, params: &Params) {
        let token = params.token.as_deref().unwrap_or_default();
        match self.venue.tokens.look(token, self.now) {
            Some(_) => self.refuse(ALREADY_SUBSCRIBED, None),
            None => self.refuse(&ApiError::INVALID_SESSION.0, None),
        }
    }

    /// A private subscription, as far as its token is valid and permits it.
    fn open_private(
        &mut self,
        params: &Params,
        may: impl FnOnce(Permissions) -> bool,
    ) -> Option<Private> {
        let token = params.token.as_deref().unwrap_or_default();
        let Some(grant) = self.venue.claim_token(token, self.now) else {
            self.refuse(&ApiError::INVALID_SESSION.0, None);
            return None;
        };
        if !may(grant.permissions) {
            self.venue.tokens.release(token);
            self.refuse(&ApiError::PERMISSION_DENIED.0, None);
            return None;
        }
        let (account, token) = (grant.account, token.to_owned());
        Some(Private { account, token, sequence: 0, wants: Wants::default() })
    }

    fn open_orders(&self, private: &Private) -> Vec<Row> {
        let venue = &*self.venue;
        let row = |order: &matching::Order| {
            let details = venue.orders.get(&order.id)?;
            let pair = &venue.listed(&order.request.symbol)?.pair;
            let mut row = Row::snapshot(order, &details.facts, pair);
            row.show_fee_in_usd(|fee| venue.in_usd(pair.symbol(), fee), pair);
            Some(row)
        };
        venue.exchange.open_orders(private.account).filter_map(row).collect()
    }

    fn last_executions(&self, private: &Private) -> Vec<Row> {
        let account = self.venue.accounts.get(&private.account);
        let executions = account.into_iter().flat_map(|account| {
            let shown = account.executions.len().saturating_sub(EXECUTIONS_SHOWN);
            account.executions.iter().skip(shown)
        });
        let row = |(own, time): &(crate::kraken::venue::OwnExecution, UnixNanos)| {
            let pair = &self.venue.listed(&own.order.request.symbol)?.pair;
            Some(Row::trade(own, pair, *time))
        };
        executions.filter_map(row).collect()
    }

    pub(super) fn unsubscribe_executions(&mut self) {
        let private = self.session().and_then(|session| session.executions.take());
        self.close_private("executions", private);
    }

    pub(super) fn unsubscribe_balances(&mut self) {
        let private = self.session().and_then(|session| session.balances.take());
        self.close_private("balances", private);
    }

    fn close_private(&mut self, channel: &'static str, private: Option<Private>) {
        match private {
            Some(private) => {
                self.venue.tokens.release(&private.token);
                self.accept(Accepted { channel, ..Accepted::default() });
            }
            None => self.refuse(NOT_SUBSCRIBED, None),
        }
    }
}
