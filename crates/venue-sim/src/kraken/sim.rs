//! The venue as a whole: its state behind a lock, and what drives it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use matching::AccountId;
use model::history::VenueEvent;
use model::{Asset, Notional, Price, Symbol, Trade, UnixNanos};
use parking_lot::Mutex;
use platform::{BoxStream, Clock, Entropy, EntropyStream, Spawner};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::VenueSink;
use crate::kraken::config::{ConfigError, KrakenSimConfig};
use crate::kraken::error::ApiError;
use crate::kraken::fault::{FaultSwitches, RestFault, error_page};
use crate::kraken::ids;
use crate::kraken::limits::{Edge, InFlight, Place};
use crate::kraken::market::MarketEvent;
use crate::kraken::orders::Phase;
use crate::kraken::rest::{Reply, Request};
use crate::kraken::serve;
use crate::kraken::standing::Standing;
use crate::kraken::venue::{Account, Venue};

/// Trades of a tape that are published together at most.
const BATCH_MAX: usize = 500;
/// Events of a market that happen before sessions may write: the messages of so many, of every channel
/// and both versions, are far from filling an outbox.
const TURN_MAX: usize = 16;
/// How long and how often an event of a market waits for clients that read slowly.
const READERS_WAIT: Duration = Duration::from_millis(5);
const READERS_WAITS_MAX: u32 = 100;

/// For how long whoever asks too much at once is told to wait.
const THROTTLED: Duration = Duration::from_secs(2);

/// What sets the pace of a market that plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The times of its events, as at Kraken: who reads too slowly is disconnected, and holds nobody up.
    Time,
    /// Its readers, too, for markets that play faster than anybody reads: it waits for the slowest of them, but not
    /// for ever.
    Readers,
}

/// Which paths a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `api.kraken.com`: REST only.
    Rest,
    /// `ws.kraken.com`: WebSocket, public channels.
    PublicStream,
    /// `ws-auth.kraken.com`: WebSocket, private channels.
    PrivateStream,
    /// Everything on one port.
    Any,
}

impl Role {
    pub(crate) const fn serves_rest(self) -> bool {
        matches!(self, Self::Rest | Self::Any)
    }

    pub(crate) const fn serves_streams(self) -> bool {
        !matches!(self, Self::Rest)
    }
}

/// A simulated Kraken. Cheap to clone; clones are the same venue.
#[derive(Clone)]
pub struct KrakenSim {
    shared: Arc<Shared>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) venue: Mutex<Venue>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) faults: Arc<FaultSwitches>,
    pub(crate) sink: Arc<dyn VenueSink>,
    /// Longest wait for the (next) request's head.
    pub(crate) head_wait_max: Duration,
    /// What Cloudflare knows of those who connect.
    edge: Mutex<Edge>,
    in_flight: InFlight,
    /// Ids of the requests that Cloudflare answers.
    rays: Mutex<EntropyStream>,
}

impl fmt::Debug for KrakenSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KrakenSim").field("faults", &self.shared.faults).finish_non_exhaustive()
    }
}

impl KrakenSim {
    /// A venue without history.
    ///
    /// # Errors
    /// [`ConfigError`]: names or keys that are taken twice, numbers out of range, a broken secret.
    pub fn new(
        config: KrakenSimConfig,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
        sink: Arc<dyn VenueSink>,
    ) -> Result<Self, ConfigError> {
        let head_wait_max = config.head_wait_max;
        let venue = Venue::new(config, &entropy, Arc::clone(&sink))?;
        let shared = Shared {
            faults: Arc::clone(&venue.faults),
            venue: Mutex::new(venue),
            clock,
            sink,
            head_wait_max,
            edge: Mutex::default(),
            in_flight: InFlight::default(),
            rays: Mutex::new(entropy.stream("kraken/rays")),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Serves one accepted connection until the peer closes it. `from` is the peer's address, whose
    /// connection attempts are counted.
    ///
    /// A WebSocket session runs as a task of its own in `spawner`; this call lasts as long.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection and ends its session.
    pub async fn serve_connection(
        &self,
        role: Role,
        from: IpAddr,
        stream: BoxStream,
        spawner: Spawner,
    ) {
        serve::connection(Arc::clone(&self.shared), role, from, stream, spawner).await;
    }

    /// Plays a tape: a trade stamped `start + x` happens `x` after this call, in tokio's time.
    ///
    /// Trades that are due at the same instant are matched and published together. Trades must be
    /// in the order of their stamps; one that is stamped before `start` is due at once. A trade of
    /// an unlisted symbol, or without price or quantity, is skipped with a warning. Returns after
    /// the last trade.
    ///
    /// # Cancel safety
    /// Dropping the future stops the tape between two batches.
    pub async fn play(&self, trades: &[Trade], start: UnixNanos) {
        let began = Instant::now();
        let mut rest = trades;
        while let Some(next) = rest.first() {
            sleep_until(began + next.venue_ts.since(start)).await;
            let elapsed = began.elapsed();
            let due = rest
                .iter()
                .take(BATCH_MAX)
                .take_while(|trade| trade.venue_ts.since(start) <= elapsed);
            let (batch, later) = rest.split_at(due.count().max(1));
            rest = later;
            let now = self.shared.clock.now();
            self.shared.venue.lock().on_tape(batch, now);
        }
    }

    /// Plays a market that is over before anybody connects: everything happened at its own time.
    ///
    /// Events must be in the order of their times.
    pub fn play_past(&self, events: &[MarketEvent]) {
        for event in events {
            self.shared.venue.lock().on_market(event, event.at());
        }
    }

    /// As [`play`](Self::play), for markets whose book may be recorded, too, and which are published event
    /// by event; trades of one pair, instant and taker's side are one event.
    ///
    /// Sessions write what a turn of events told them at once, so that a tape that is late, and not the
    /// system's calls, sets the pace, if its readers do not.
    ///
    /// # Cancel safety
    /// Dropping the future stops the market between two turns.
    pub async fn play_market(&self, events: &[MarketEvent], start: UnixNanos, pace: Pace) {
        let began = Instant::now();
        let mut rest = events;
        while let Some(next) = rest.first() {
            let due = next.at().since(start);
            // A tape that is late does not keep everybody else from running.
            if began.elapsed() < due {
                sleep_until(began + due).await;
            } else {
                tokio::task::yield_now().await;
            }
            if pace == Pace::Readers {
                self.wait_for_readers().await;
            }
            let (elapsed, now) = (began.elapsed(), self.shared.clock.now());
            let due = rest.iter().take(TURN_MAX);
            let due = due.take_while(|event| event.at().since(start) <= elapsed).count().max(1);
            let (turn, later) = rest.split_at(due);
            rest = later;
            self.shared.venue.lock().on_markets(turn, now);
        }
    }

    /// Lets a pair whose recorded book has ended go on: around the last price, from its next trade on.
    pub fn end_recording(&self, symbol: &Symbol) {
        self.shared.venue.lock().end_recording(symbol);
    }

    /// Waits for clients that read slowly, but not for ever: who does not read is disconnected in the end.
    async fn wait_for_readers(&self) {
        for _ in 0..READERS_WAITS_MAX {
            if !self.shared.venue.lock().sessions.is_behind() {
                return;
            }
            tokio::time::sleep(READERS_WAIT).await;
        }
    }

    /// Does what is due by itself: orders that are good till a date, and dead man's switches. Never ends.
    ///
    /// # Cancel safety
    /// Dropping the future stops the timers.
    pub async fn keep_time(&self) {
        let changed = self.shared.venue.lock().timers.changed();
        loop {
            let now = self.shared.clock.now();
            let next = {
                let mut venue = self.shared.venue.lock();
                venue.on_time(now);
                venue.timers.next()
            };
            let Some(next) = next else {
                changed.notified().await;
                continue;
            };
            tokio::select! {
                biased;
                () = changed.notified() => {}
                () = tokio::time::sleep(next.since(now)) => {}
            }
        }
    }

    /// Begins a phase: streams are told, and closed if it is maintenance.
    pub fn set_phase(&self, phase: Phase) {
        self.shared.venue.lock().set_phase(phase);
    }

    /// Regards an account otherwise from now on; false if there is none of that name.
    pub fn set_standing(&self, account: &str, standing: Standing) -> bool {
        self.shared.venue.lock().set_standing(account, standing)
    }

    /// Ends every session, oldest first, as when the process ends. Their connections are another matter.
    pub fn end_sessions(&self) {
        self.shared.venue.lock().close_sessions();
    }

    /// How often the phase kept somebody from something since it began: requests that it refused, and
    /// sessions that were told.
    pub fn refused_by_phase(&self) -> u64 {
        self.shared.venue.lock().refused_by_phase
    }

    /// The present phase.
    pub fn phase(&self) -> Phase {
        self.shared.venue.lock().phase
    }

    /// Number of open WebSocket sessions.
    pub fn session_count(&self) -> usize {
        self.shared.venue.lock().sessions.count()
    }

    /// Price of the last trade of every pair that traded; before its first trade, the middle of its best prices.
    pub fn last_prices(&self) -> BTreeMap<Symbol, Price> {
        let venue = self.shared.venue.lock();
        let last =
            |symbol: &Symbol| Some((symbol.clone(), venue.exchange.reference_price(symbol)?));
        venue.pairs.iter().filter_map(|listed| last(listed.pair.symbol())).collect()
    }

    /// What every account has of every asset that it ever held: all of it, and the reserved part.
    pub fn balances(&self) -> BTreeMap<String, BTreeMap<Asset, (Notional, Notional)>> {
        let venue = self.shared.venue.lock();
        let of_account = |(id, account): (&AccountId, &Account)| {
            let balances = venue.exchange.ledger().balances(*id).into_iter();
            let held = balances.filter(|(asset, _)| account.assets.contains(asset));
            let rows = held.map(|(asset, balance)| (asset, (balance.total, balance.held)));
            (account.name.clone(), rows.collect())
        };
        venue.accounts.iter().map(of_account).collect()
    }

    /// The switches of the protocol faults.
    pub fn faults(&self) -> &FaultSwitches {
        &self.shared.faults
    }

    /// Writes what every account owns, and the sum of every asset, to the sink.
    pub fn record_statement(&self) {
        self.shared.venue.lock().record_statement();
    }

    /// Number of orders that are open now, over all accounts.
    pub fn open_order_count(&self) -> usize {
        self.shared.venue.lock().exchange.open_order_count()
    }
}

/// An answer, and what a fault makes of its way to the client.
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) delivery: Delivery,
    /// Kept until the answer is out.
    pub(crate) place: Option<Place>,
}

/// How an answer goes out.
pub(crate) enum Delivery {
    /// At once.
    Prompt,
    /// Late.
    After(Duration),
    /// Not before a fault is over.
    Hung(CancellationToken),
    /// Head and half of the body at once, the rest when a fault is over.
    HungInBody(CancellationToken),
}

impl Shared {
    /// Answers a REST request, as bans, the requests that are under way, and faults permit.
    pub(crate) fn answer(&self, request: &Request, from: IpAddr) -> Answer {
        let now = self.clock.now();
        let prompt = |reply| Answer { reply, delivery: Delivery::Prompt, place: None };
        let ban = self.edge.lock().ban(from, now);
        if let Some(left) = ban {
            return prompt(self.ban_page(request.op(), left));
        }
        let key = request.api_key.as_deref().filter(|_| request.is_private());
        let place = key.map(|key| self.in_flight.enter(key));
        if matches!(place, Some(None)) {
            let error = ApiError::throttled(now.plus(THROTTLED).secs());
            return prompt(self.venue.lock().refuse(request, &error.0));
        }
        let (reply, delivery) = self.struck(request, from, now);
        Answer { reply, delivery, place: place.flatten() }
    }

    /// The answer to a request, and its way to the client, as faults permit.
    fn struck(&self, request: &Request, from: IpAddr, now: UnixNanos) -> (Reply, Delivery) {
        let handle = || self.handle(request, from, now);
        let Some(strike) = self.faults.strike_rest(request.op()) else {
            return (handle(), Delivery::Prompt);
        };
        self.sink.record(VenueEvent::FaultStruck { fault: strike.fault });
        match strike.what {
            RestFault::Status { status, retry_after, executed } => {
                if executed {
                    let _lost = self.venue.lock().execute(request, now);
                }
                (self.page(request.op(), bad(status), retry_after), Delivery::Prompt)
            }
            RestFault::Error { text, executed } => {
                let mut venue = self.venue.lock();
                if executed {
                    let _lost = venue.execute(request, now);
                }
                (venue.refuse(request, &text), Delivery::Prompt)
            }
            RestFault::Slow { .. } => (handle(), Delivery::After(strike.delay)),
            RestFault::Hang { in_body, executed } => {
                let reply = if executed { handle() } else { self.page(request.op(), 504, None) };
                let hung = if in_body { Delivery::HungInBody } else { Delivery::Hung };
                (reply, hung(strike.over))
            }
        }
    }

    /// The exchange's own answer, unless the address asks too often or sends wrong keys again and again.
    fn handle(&self, request: &Request, from: IpAddr, now: UnixNanos) -> Reply {
        if !request.is_private() {
            let pair = request.counted_pair();
            let allowed = self.edge.lock().public_call(from, pair.as_deref(), now);
            return if allowed {
                self.venue.lock().handle(request, now)
            } else {
                self.venue.lock().refuse(request, &ApiError::TOO_MANY_REQUESTS.0)
            };
        }
        let mut venue = self.venue.lock();
        let result = venue.result(request, now);
        let known = result.as_ref().err() != Some(&ApiError::INVALID_KEY);
        let mut edge = self.edge.lock();
        // On loopback all clients have one address: whoever has a right key is not locked out.
        if !known && edge.is_locked(from, now) {
            return venue.reply(request, Err(ApiError::LOCKOUT));
        }
        edge.note_key(from, known, now);
        venue.reply(request, result)
    }

    /// A page of Cloudflare's, for a request that the exchange's own answer does not reach.
    pub(crate) fn edge_page(&self, op: &str, status: u16) -> Reply {
        self.page(op, status, None)
    }

    /// Counts an attempt to connect to a stream; Cloudflare's answer in place of an upgrade, if the
    /// address is banned.
    pub(crate) fn connection_attempt(&self, from: IpAddr) -> Option<Reply> {
        let left = self.edge.lock().attempt(from, self.clock.now())?;
        Some(self.ban_page("stream", left))
    }

    /// The page that a fault puts in place of an upgrade.
    pub(crate) fn upgrade_page(&self, role: Role) -> Option<Reply> {
        let (fault, status, retry_after) = self.faults.strike_upgrade(role)?;
        self.sink.record(VenueEvent::FaultStruck { fault });
        // No request of the trader's calls: what it called is told as a dial.
        Some(error_page(bad(status), retry_after, &ids::ray(&mut self.rays.lock())))
    }

    fn ban_page(&self, op: &str, left: Duration) -> Reply {
        let whole = Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0));
        self.page(op, 429, Some(whole))
    }

    fn page(&self, op: &str, status: u16, retry_after: Option<Duration>) -> Reply {
        let whole_ms = |pause: Duration| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.sink.record(VenueEvent::RequestAnswered {
            op: op.to_owned(),
            status,
            error: None,
            retry_after_ms: retry_after.map(whole_ms),
        });
        error_page(status, retry_after, &ids::ray(&mut self.rays.lock()))
    }
}

/// A status that says that a request failed; 520 in place of any other.
fn bad(status: u16) -> u16 {
    if (400..=599).contains(&status) { status } else { 520 }
}
