//! What to do on which message and at which time: the streams without their network.
//!
//! A [`Machine`] is told what happened and answers with [`Action`]s; `session` carries them out. Time
//! comes in as an argument. A machine lives as long as its stream, across connections.

mod private;
mod public;
mod vitals;

use std::time::Duration;

use model::audit::AuditEvent;
use model::{FeedEvent, UnixNanos};
use tokio::time::Instant;

use crate::codec::rest::WsToken;
use crate::codec::ws::Done;
use crate::codec::ws::trading::TradeRequest;
pub(crate) use private::PrivateStream;
pub(crate) use public::PublicStream;
pub(crate) use vitals::{Timings, Vitals};

/// What the driver is to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send a text message.
    Send(String),
    /// Tell the consumer.
    Emit(FeedEvent),
    /// Write to the audit trail.
    Audit(AuditEvent),
    /// A subscription was requested; its wait has this number.
    WaitStarted(u64),
    /// That wait is over.
    WaitEnded(u64, Result<(), String>),
    /// A request to trade was answered, by its number: with what was done, or with the venue's error.
    Answered(u64, Result<Done, String>),
    /// Every subscription stands.
    Live,
    /// The connection is of no use any more, for this reason.
    Disconnect(String),
}

/// A stream's decisions.
pub(crate) trait Machine: Send {
    /// A connection stands. A private one has a token.
    fn opened(&mut self, token: Option<&WsToken>, now: Instant, out: &mut Vec<Action>);

    /// A text message came in.
    fn message(&mut self, text: &str, now: Instant, out: &mut Vec<Action>);

    /// Sends a request to trade that is void after `expiry`; its number, if this stream takes any now.
    fn trade(&mut self, _: &TradeRequest, _expiry: UnixNanos, _: &mut Vec<Action>) -> Option<u64> {
        None
    }

    /// The connection is gone.
    fn closed(&mut self, reason: &str, out: &mut Vec<Action>);

    /// Signs of life and awaited answers, on which every decision about time rests.
    fn vitals(&self) -> &Vitals;

    /// As [`Machine::vitals`].
    fn vitals_mut(&mut self) -> &mut Vitals;

    /// [`Machine::deadline`] has come.
    fn tick(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.vitals_mut().tick(now, out);
    }

    /// When [`Machine::tick`] is due.
    fn deadline(&self) -> Instant {
        self.vitals().deadline()
    }

    /// For so long the driver could not listen: that time is no silence of the venue.
    fn forgive(&mut self, stalled: Duration) {
        self.vitals_mut().forgive(stalled);
    }

    /// Shortest wait before the next connection.
    fn retry_floor(&self) -> Duration {
        self.vitals().retry_floor()
    }
}
