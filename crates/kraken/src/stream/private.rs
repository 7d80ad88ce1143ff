//! The private stream: our own orders.
//!
//! Each connection begins with the complete list of open orders. Messages are numbered without gaps:
//! after a gap the list is fetched anew, by a new connection. Requests to trade go out on it, too: each has
//! a number, which its answer repeats.

use std::collections::BTreeSet;

use model::{FeedEvent, OrderReport, UnixNanos};
use tokio::time::Instant;

use super::vitals::{Awaited, Timings, Vitals};
use super::{Action, Machine};
use crate::codec::rest::WsToken;
use crate::codec::ws::trading::TradeRequest;
use crate::codec::ws::{self, Ack, Message, request};

/// Decisions of the private stream.
#[derive(Debug)]
pub(crate) struct PrivateStream {
    last_sequence: Option<u64>,
    listed: bool,
    /// Where the engine's counter ends by the tier that we were told.
    counter_max: u32,
    /// Admission of the present connection.
    token: Option<String>,
    /// Numbers of the requests to trade that wait for their answers.
    asked: BTreeSet<u64>,
    vitals: Vitals,
}

/// Requests to trade that may wait for their answers at once.
const ASKED_MAX: usize = 256;

impl PrivateStream {
    /// A stream of our orders. `counter_max` is where the engine's counter ends by the account's tier.
    pub(crate) fn new(timings: Timings, counter_max: u32) -> Self {
        Self {
            last_sequence: None,
            listed: false,
            counter_max,
            token: None,
            asked: BTreeSet::new(),
            vitals: Vitals::new(timings),
        }
    }

    /// Kraken tells where the counter ends. Below ours, our limiters let too much pass.
    fn compare_tier(&self, told: Option<u32>) {
        let ours = self.counter_max;
        match told {
            Some(told) if told < ours => {
                tracing::error!(
                    venue = "kraken",
                    told,
                    ours,
                    "the account's tier is lower than configured"
                );
            }
            Some(told) if told > ours => {
                tracing::info!(
                    venue = "kraken",
                    told,
                    ours,
                    "the account's tier is higher than configured"
                );
            }
            Some(_) | None => {}
        }
    }

    /// The answer to a request to trade, or to a subscription.
    fn ack(&mut self, ack: Ack, out: &mut Vec<Action>) {
        match ack.request.filter(|number| self.asked.remove(number)) {
            Some(number) => {
                let result = ack.error.map_or(Ok(ack.done), Err);
                out.push(Action::Answered(number, result));
            }
            None => self.vitals.ack(ack, out),
        }
    }

    fn executions(
        &mut self,
        snapshot: bool,
        sequence: Option<u64>,
        reports: Vec<OrderReport>,
        out: &mut Vec<Action>,
    ) {
        if let Some(last) = self.last_sequence {
            if sequence == Some(last) && !snapshot {
                tracing::warn!(venue = "kraken", last, "executions repeated");
                return;
            }
            // Anything but the next one: something was lost, or the venue began anew.
            if sequence != last.checked_add(1) {
                let found = sequence.map_or_else(|| "none".to_owned(), |found| found.to_string());
                out.push(Action::Disconnect(format!("executions jumped from {last} to {found}")));
                return;
            }
        }
        self.last_sequence = sequence.or(self.last_sequence);
        if snapshot && !self.listed {
            self.listed = true;
            let open = reports.into_iter().filter(|report| !report.state.is_final());
            out.push(Action::Emit(FeedEvent::OpenOrders(open.collect())));
            self.vitals.snapshot(None, out);
        } else {
            let emit = |report| Action::Emit(FeedEvent::Order(report));
            out.extend(reports.into_iter().map(emit));
        }
    }
}

impl Machine for PrivateStream {
    fn opened(&mut self, token: Option<&WsToken>, now: Instant, out: &mut Vec<Action>) {
        self.vitals.opened(now);
        self.last_sequence = None;
        self.listed = false;
        self.asked.clear();
        let Some(WsToken { token }) = token else {
            out.push(Action::Disconnect("no token".to_owned()));
            return;
        };
        self.token = Some(token.clone());
        let awaited = [Awaited::Ack(None), Awaited::Snapshot(None)];
        let request = self.vitals.wait_for(awaited, now, out);
        let subscribe = request::subscribe_executions(token, request);
        out.push(Action::Send(subscribe));
    }

    fn message(&mut self, text: &str, now: Instant, out: &mut Vec<Action>) {
        self.vitals.heard(now);
        match ws::decode(text) {
            Ok(Message::Executions { snapshot, sequence, reports }) => {
                self.executions(snapshot, sequence, reports, out)
            }
            Ok(Message::Ack(ack)) => {
                self.compare_tier(ack.counter_max);
                self.ack(ack, out);
            }
            Ok(Message::Status(status)) => {
                self.vitals.status(&status);
                out.push(Action::Emit(FeedEvent::Intake(status.intake())));
            }
            Ok(Message::Error(error)) => {
                tracing::warn!(venue = "kraken", error, "error on the private stream");
            }
            Ok(Message::Trades { .. } | Message::Books { .. } | Message::Balances { .. }) => {}
            Ok(Message::Tickers(_) | Message::Candles(_) | Message::Instruments { .. }) => {}
            Ok(Message::Heartbeat | Message::Pong) => {}
            Ok(Message::Other) => tracing::debug!(venue = "kraken", text, "unknown message"),
            Err(error) => out.push(Action::Disconnect(format!("malformed message: {error}"))),
        }
    }

    fn trade(
        &mut self,
        request: &TradeRequest,
        expiry: UnixNanos,
        out: &mut Vec<Action>,
    ) -> Option<u64> {
        let token = self.token.as_deref().filter(|_| self.asked.len() < ASKED_MAX)?;
        let number = self.vitals.request();
        self.asked.insert(number);
        out.push(Action::Send(request.text(token, expiry, number)));
        Some(number)
    }

    fn closed(&mut self, _: &str, _: &mut Vec<Action>) {
        self.token = None;
        self.asked.clear();
    }

    fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    fn vitals_mut(&mut self) -> &mut Vitals {
        &mut self.vitals
    }
}

#[cfg(test)]
mod tests;
