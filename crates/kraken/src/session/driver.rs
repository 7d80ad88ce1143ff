//! Carries out what a stream's machine decides.

use std::collections::BTreeMap;
use std::future::{pending, ready};
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::audit::{AuditEvent, CallOutcome, StreamState};
use model::{FeedEvent, StreamKind};
use platform::{AuditedCall, EntropyStream};
use resilience::{Call, Classify as _, Deadline, Lane};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use transport::{WebSocket, WsMessage};

use super::dial::{DialError, describe, judge};
use super::trading::{Answer, Command, TradingLink};
use super::{SessionContext, SessionError};
use crate::codec::fault::VenueError;
use crate::codec::rest::WsToken;
use crate::codec::ws::Done;
use crate::rest::CallError;
use crate::stream::{Action, Machine};

/// What a stream is called where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) kind: StreamKind,
    pub(super) stream: &'static str,
    pub(super) connect_op: &'static str,
    pub(super) subscribe_op: &'static str,
    pub(super) backoff: &'static str,
}

/// Longest wait for the limiter of dials. Longer ones are part of the backoff.
const DIAL_WAIT_MAX: Duration = Duration::from_secs(5);

/// Reason of an end that we were told to make.
const STOPPED: &str = "stopped";

/// Time for which a stream must have been live before it may come back quickly: one that is closed
/// again and again right after its subscriptions would otherwise dial until the address is banned.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// Why a connection, or the try to get one, is over.
enum End {
    /// We were told to stop.
    Cancelled,
    /// The receiver of the events is gone.
    ConsumerGone,
    /// Trouble. No next try before `wait`.
    Lost { reason: String, wait: Duration },
}

impl End {
    fn lost(reason: impl Into<String>) -> Self {
        Self::Lost { reason: reason.into(), wait: Duration::ZERO }
    }
}

/// One stream with its connection.
pub(super) struct Driver<M> {
    names: Names,
    context: SessionContext,
    machine: M,
    events: mpsc::Sender<FeedEvent>,
    cancel: CancellationToken,
    lane: Lane,
    rng: EntropyStream,
    /// Tries since the stream was last live for [`SETTLED_AFTER`].
    tries: u32,
    /// Since when this connection is live.
    live_since: Option<Instant>,
    /// Subscriptions that are awaited.
    waits: BTreeMap<u64, AuditedCall>,
    /// Where requests to trade come from while the connection is live.
    link: TradingLink,
    /// The queue of this connection, once it is live.
    requests: Option<mpsc::Receiver<Command>>,
    /// Who waits for the answer to a request to trade.
    asked: BTreeMap<u64, oneshot::Sender<Answer>>,
    /// Time spent waiting for the consumer since the machine was last told.
    stalled: Duration,
}

impl<M: Machine> Driver<M> {
    pub(super) fn new(
        names: Names,
        context: SessionContext,
        machine: M,
        events: mpsc::Sender<FeedEvent>,
        cancel: CancellationToken,
        link: TradingLink,
    ) -> Self {
        let lane = context.rest.dials(names.kind).0.clone();
        let rng = context.platform.entropy.stream(names.backoff);
        Self {
            names,
            context,
            machine,
            events,
            cancel,
            lane,
            rng,
            tries: 0,
            live_since: None,
            waits: BTreeMap::new(),
            link,
            requests: None,
            asked: BTreeMap::new(),
            stalled: Duration::ZERO,
        }
    }

    /// Keeps the stream up until cancelled.
    pub(super) async fn run(mut self) -> Result<(), SessionError> {
        let end = loop {
            match self.round().await {
                Ok(()) | Err(End::Lost { .. }) => {}
                Err(end @ (End::Cancelled | End::ConsumerGone)) => break end,
            }
        };
        self.stopped();
        match end {
            End::Cancelled | End::Lost { .. } => Ok(()),
            End::ConsumerGone => Err(SessionError::ConsumerGone { stream: self.names.stream }),
        }
    }

    /// One connection, and the wait after it.
    async fn round(&mut self) -> Result<(), End> {
        let (reason, wait) = match self.connection().await {
            End::Lost { reason, wait } => (reason, wait),
            end @ (End::Cancelled | End::ConsumerGone) => return Err(end),
        };
        if self.live_since.take().is_some_and(|since| since.elapsed() >= SETTLED_AFTER) {
            self.tries = 0;
        }
        self.down(&reason).await?;
        let reconnect = &self.context.config.reconnect;
        let delay = reconnect.delay(self.tries, &mut self.rng);
        let delay = delay.max(wait).max(self.machine.retry_floor());
        self.tries = self.tries.saturating_add(1);
        tracing::debug!(stream = self.names.stream, ?delay, "stream backs off");
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(End::Cancelled),
            () = sleep(delay) => Ok(()),
        }
    }

    /// One connection from dial to end.
    async fn connection(&mut self) -> End {
        match self.start().await {
            Ok((socket, token)) => self.follow(socket, token).await,
            Err(end) => end,
        }
    }

    /// Dials and shakes hands, with a token in hand if the stream is private.
    async fn start(&mut self) -> Result<(WebSocket, Option<WsToken>), End> {
        self.announce(StreamState::Connecting, "connecting").await?;
        // Before the token: it would be wasted while the breaker is open.
        self.lane
            .breaker()
            .peek()
            .map_err(|open| End::Lost { wait: open.retry_after, reason: open.to_string() })?;
        let token = match self.names.kind {
            StreamKind::Public => None,
            StreamKind::Private => Some(self.token().await?),
        };
        Ok((self.connect().await?, token))
    }

    async fn token(&self) -> Result<WsToken, End> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(End::Cancelled),
            token = self.context.rest.ws_token() => {
                token.map_err(|error| End::lost(format!("no token: {error}")))
            }
        }
    }

    /// Through a lane, with one attempt: what repeats a dial is the session.
    async fn connect(&self) -> Result<WebSocket, End> {
        let SessionContext { config, platform, rest, .. } = &self.context;
        let endpoint = match self.names.kind {
            StreamKind::Public => &config.public_ws,
            StreamKind::Private => &config.private_ws,
        };
        let ws_config = config.ws();
        let (_, limiter) = rest.dials(self.names.kind);
        let deadline = Deadline::after(DIAL_WAIT_MAX + config.connect_timeout);
        let call = Call::once(self.names.connect_op, deadline, limiter, 1);
        let dial = |()| async {
            let connector = platform.connector.as_ref();
            let dialled = WebSocket::connect(connector, endpoint, &config.ws_path, ws_config).await;
            dialled.map_err(DialError).inspect_err(|error| {
                if let Some(pause) = error.pause() {
                    rest.pause_address(pause);
                }
            })
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(End::Cancelled),
            connected = self.lane.call_once(call, || ready(Ok(())), dial) => {
                connected.map_err(|error| {
                    let (reason, wait) = judge(&error);
                    End::Lost { reason, wait }
                })
            }
        }
    }

    /// Subscribes and follows a connection to its end.
    async fn follow(&mut self, mut socket: WebSocket, token: Option<WsToken>) -> End {
        let mut actions = Vec::new();
        // Time that the consumer took before is nothing that this connection must be forgiven.
        self.stalled = Duration::ZERO;
        self.machine.opened(token.as_ref(), Instant::now(), &mut actions);
        let end = loop {
            if let Err(end) = self.perform(&mut actions, &mut socket).await {
                break end;
            }
            self.machine.forgive(std::mem::take(&mut self.stalled));
            let deadline = self.machine.deadline();
            let message = tokio::select! {
                biased;
                () = self.cancel.cancelled() => break End::Cancelled,
                Some(command) = next_of(&mut self.requests) => {
                    self.trade(command, &mut actions);
                    None
                }
                message = socket.next() => Some(message),
                () = sleep_until(deadline) => None,
            };
            match message {
                Some(Ok(WsMessage::Text(text))) => {
                    self.machine.message(&text, Instant::now(), &mut actions);
                }
                Some(Ok(WsMessage::Binary(_))) => {
                    tracing::debug!(stream = self.names.stream, "binary message skipped");
                }
                Some(Ok(WsMessage::Closed { code, reason })) => {
                    let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
                    break End::lost(format!("closed by the venue, code {code} {reason}"));
                }
                Some(Err(error)) => break End::lost(describe(&error)),
                None => {}
            }
            // Also after a message: messages that never cease must not hide a timeout.
            let now = Instant::now();
            if now >= deadline {
                self.machine.tick(now, &mut actions);
            }
        };
        self.leave(socket, &end).await;
        end
    }

    /// Sends a request to trade, unless whoever wanted it has gone: that must not be sent any more.
    fn trade(&mut self, command: Command, actions: &mut Vec<Action>) {
        let Command { request, answer, taken } = command;
        if answer.is_closed() {
            return;
        }
        let expiry = self.context.rest.expiry();
        match self.machine.trade(&request, expiry, actions) {
            Some(number) => {
                taken.store(true, Ordering::Release);
                self.asked.insert(number, answer);
            }
            None => drop(answer.send(Err(CallError::NotConnected))),
        }
    }

    /// Tells an answer to whoever still waits for it.
    fn answered(&mut self, number: u64, result: Result<Done, String>) {
        let now = self.context.rest.now();
        let answer = result.map_err(|error| CallError::Venue(VenueError::new(vec![error], now)));
        if let Some(asked) = self.asked.remove(&number) {
            drop(asked.send(answer));
        }
    }

    /// Ends a connection: politely, if the other side may still listen.
    ///
    /// What was asked for on it and is not answered is in doubt; what waits in its queue was not sent.
    async fn leave(&mut self, socket: WebSocket, end: &End) {
        self.link.close();
        self.requests = None;
        let error = match end {
            End::Lost { reason, .. } => reason.clone(),
            End::Cancelled | End::ConsumerGone => {
                socket.close().await;
                STOPPED.to_owned()
            }
        };
        let outcome = match end {
            End::Lost { .. } => CallOutcome::Failure,
            End::Cancelled | End::ConsumerGone => CallOutcome::Cancelled,
        };
        for (_, asked) in std::mem::take(&mut self.asked) {
            drop(asked.send(Err(CallError::SessionLost { reason: error.clone() })));
        }
        for (_, wait) in std::mem::take(&mut self.waits) {
            wait.end(outcome, Some(error.clone()));
        }
    }

    async fn perform(
        &mut self,
        actions: &mut Vec<Action>,
        socket: &mut WebSocket,
    ) -> Result<(), End> {
        for action in actions.drain(..) {
            match action {
                Action::Send(text) => tokio::select! {
                    biased;
                    () = self.cancel.cancelled() => return Err(End::Cancelled),
                    sent = socket.send_text(text) => {
                        sent.map_err(|error| End::lost(describe(&error)))?;
                    }
                },
                Action::Emit(event) => self.emit(event).await?,
                Action::Audit(event) => self.context.platform.auditor.record(event),
                Action::WaitStarted(request) => self.wait_started(request),
                Action::WaitEnded(request, result) => self.wait_ended(request, result),
                Action::Answered(number, result) => self.answered(number, result),
                Action::Live => {
                    self.requests = Some(self.link.open());
                    self.live_since = Some(Instant::now());
                    self.announce(StreamState::Live, "subscribed").await?;
                }
                Action::Disconnect(reason) => return Err(End::lost(reason)),
            }
        }
        Ok(())
    }

    fn wait_started(&mut self, request: u64) {
        let SessionContext { config, platform, .. } = &self.context;
        let (op, bound) = (self.names.subscribe_op, config.subscribe_timeout);
        let wait = platform.auditor.call_started(op, None, bound, None);
        self.waits.insert(request, wait);
    }

    fn wait_ended(&mut self, request: u64, result: Result<(), String>) {
        if let Some(wait) = self.waits.remove(&request) {
            match result {
                Ok(()) => wait.end(CallOutcome::Success, None),
                Err(error) => wait.end(CallOutcome::Failure, Some(error)),
            }
        }
    }

    /// Tells the consumer, waiting for room if there is none.
    async fn emit(&mut self, event: FeedEvent) -> Result<(), End> {
        let event = match self.events.try_send(event) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(End::ConsumerGone),
            Err(TrySendError::Full(event)) => event,
        };
        let since = Instant::now();
        let sent = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(End::Cancelled),
            sent = self.events.send(event) => sent,
        };
        self.stalled += since.elapsed();
        sent.map_err(|_| End::ConsumerGone)
    }

    async fn announce(&mut self, state: StreamState, reason: &str) -> Result<(), End> {
        self.audit_state(state, reason);
        let stream = self.names.kind;
        self.emit(FeedEvent::Stream { stream, state }).await
    }

    /// The connection is over: what it told is out of date, then the stream is down.
    async fn down(&mut self, reason: &str) -> Result<(), End> {
        let mut actions = Vec::new();
        self.machine.closed(reason, &mut actions);
        for action in actions {
            match action {
                Action::Emit(event) => self.emit(event).await?,
                Action::Audit(event) => self.context.platform.auditor.record(event),
                Action::Send(_)
                | Action::WaitStarted(_)
                | Action::WaitEnded(..)
                | Action::Answered(..)
                | Action::Live
                | Action::Disconnect(_) => {}
            }
        }
        self.announce(StreamState::Down, reason).await
    }

    /// As [`Driver::down`], at the end of the session. The consumer may be gone, or busy with its own
    /// end: it is not waited for.
    fn stopped(&mut self) {
        let mut actions = Vec::new();
        self.machine.closed(STOPPED, &mut actions);
        for action in actions {
            if let Action::Audit(event) = action {
                self.context.platform.auditor.record(event);
            }
        }
        self.audit_state(StreamState::Down, STOPPED);
        let stream = self.names.kind;
        let state = StreamState::Down;
        let last = self.events.try_send(FeedEvent::Stream { stream, state });
        if last.is_err() {
            tracing::debug!(stream = self.names.stream, "nobody hears the end of the stream");
        }
    }

    fn audit_state(&self, state: StreamState, reason: &str) {
        self.context.platform.auditor.record(AuditEvent::StreamChanged {
            stream: self.names.stream.to_owned(),
            state,
            reason: reason.to_owned(),
        });
    }
}

/// The next request; without a queue there is none, ever.
async fn next_of(requests: &mut Option<mpsc::Receiver<Command>>) -> Option<Command> {
    match requests {
        Some(requests) => requests.recv().await,
        None => pending().await,
    }
}
