//! The loop: one nanosecond clock, a tape, three ways on which messages travel.

use std::fmt;

use engine::{Action, Engine, EngineConfig, EngineEvent, Strategy};
use matching::TapeError;
use model::{Bar, FeedEvent, Notional, Trade, UnixNanos};
use thiserror::Error;

use crate::config::{BacktestConfig, ConfigError};
use crate::equity::EquityCurve;
use crate::event::MarketEvent;
use crate::latency::Channel;
use crate::record::{BacktestResult, DataCounts};
use crate::venue::{BarStop, Request, Venue};
use crate::wire::{Published, Wire};

/// Orders, cancels and answers that may be delivered between two events of the tape.
///
/// A strategy that answers every refusal with the same order would otherwise never come to the next
/// event when nothing takes time.
pub const MESSAGES_MAX: u64 = 100_000;

/// Why a backtest ended before its tape did.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError<E: std::error::Error + 'static> {
    /// The tape cannot be read.
    #[error(transparent)]
    Source(E),
    /// The market cannot play an event.
    #[error("event {number} of the tape cannot be played")]
    Event {
        /// Number of the event, from 1.
        number: u64,
        /// Why.
        source: TapeError,
    },
    /// An event is older than the one before, or begins before a bar has ended.
    #[error("event {number} of the tape is of `{found}`, but the market is at `{previous}`")]
    Unsorted {
        /// Number of the event, from 1.
        number: u64,
        /// Where the market is.
        previous: UnixNanos,
        /// The time of the event.
        found: UnixNanos,
    },
    /// A bar contradicts itself.
    #[error("event {number} of the tape is a bar whose prices, length or volume make no sense")]
    Bar {
        /// Number of the event, from 1.
        number: u64,
    },
    /// The strategy and the venue talk without end, or too many messages are on their way.
    #[error("too many messages at `{0}`: does the strategy repeat an order that is refused?")]
    Flood(UnixNanos),
}

/// A backtest that is ready to run. See the crate's page.
#[derive(Debug, Clone)]
pub struct Backtest {
    config: BacktestConfig,
}

impl Backtest {
    /// Checks a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] names the field.
    pub fn new(config: BacktestConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Venue::new(&config)?;
        Ok(Self { config })
    }

    /// Plays a tape to a strategy.
    ///
    /// Memory depends on the number of orders, fills and equity points, not on the length of the tape.
    ///
    /// # Errors
    /// [`RunError`]: the tape is wrong, or strategy and venue talk without end.
    ///
    /// # Determinism
    /// The result depends on configuration, tape and strategy only. Reads no clock; draws latencies from
    /// the streams `backtest/{feed,entry,response}` of the seed.
    pub fn run<E: std::error::Error + 'static>(
        &self,
        tape: impl IntoIterator<Item = Result<MarketEvent, E>>,
        strategy: Box<dyn Strategy>,
    ) -> Result<BacktestResult, RunError<E>> {
        let mut run = Run::new(&self.config, strategy);
        for (number, event) in (1..).zip(tape) {
            run.play(event.map_err(RunError::Source)?).map_err(|stop| stop.at(number))?;
        }
        run.finish().map_err(|stop| stop.at(0))
    }
}

/// Why a run must stop, without the event's number.
#[derive(Debug)]
enum Halt {
    Event(TapeError),
    Unsorted { previous: UnixNanos, found: UnixNanos },
    Bar,
    Flood(UnixNanos),
}

impl Halt {
    fn at<E: std::error::Error>(self, number: u64) -> RunError<E> {
        match self {
            Self::Event(source) => RunError::Event { number, source },
            Self::Unsorted { previous, found } => RunError::Unsorted { number, previous, found },
            Self::Bar => RunError::Bar { number },
            Self::Flood(at) => RunError::Flood(at),
        }
    }
}

/// The state of a run.
struct Run {
    engine: Engine,
    venue: Venue,
    wire: Wire,
    requests: Channel<Request>,
    curve: EquityCurve,
    data: DataCounts,
    /// The market's time: the last event, the end of the last bar.
    now: UnixNanos,
    initial: (Notional, Notional),
}

impl Run {
    fn new(config: &BacktestConfig, strategy: Box<dyn Strategy>) -> Self {
        let venue = Venue::new(config).expect("the configuration was checked");
        let engine = EngineConfig {
            instruments: vec![config.instrument.instrument.clone()],
            risk: config.risk,
            started: STARTED,
        };
        let mut engine = Engine::new(engine, strategy).expect("there is one instrument");
        let live = FeedEvent::OpenOrders(Vec::new());
        let nothing = engine.step(EngineEvent::Feed(live));
        let initial = venue.owned();
        debug_assert!(nothing.is_empty(), "an empty list asks for nothing");
        Self {
            engine,
            initial,
            venue,
            wire: Wire::new(config),
            requests: Channel::new(config.latency.entry, config.seed, "entry"),
            curve: EquityCurve::new(config.equity_every, initial),
            data: DataCounts::default(),
            now: UnixNanos::from_nanos(i64::MIN),
        }
    }

    fn play(&mut self, event: MarketEvent) -> Result<(), Halt> {
        let found = event.ts();
        if found < self.now {
            return Err(Halt::Unsorted { previous: self.now, found });
        }
        if self.now.as_nanos() == i64::MIN {
            self.data.first_ts = found;
        }
        self.deliver(found)?;
        match event {
            MarketEvent::Trade(row) => {
                self.data.trades += 1;
                self.look(row.ts);
                self.venue.on_trade(&row, &mut self.wire).map_err(Halt::Event)?;
                self.curve.priced(row.ts, row.price);
                self.now = row.ts;
            }
            MarketEvent::Bar(bar) => self.play_bar(&bar)?,
            MarketEvent::Depth(row) => {
                self.data.depth += 1;
                self.look(row.ts);
                self.venue.on_depth(&row, &mut self.wire).map_err(Halt::Event)?;
                self.now = row.ts;
            }
        }
        self.flood_check()
    }

    fn play_bar(&mut self, bar: &Bar) -> Result<(), Halt> {
        if !bar.is_sound() {
            return Err(Halt::Bar);
        }
        self.data.bars += 1;
        self.look(bar.start);
        for stop in BarStop::ALL {
            let at = stop.at(bar);
            self.deliver(at)?;
            let price = self.venue.on_bar(bar, stop, at, &mut self.wire).map_err(Halt::Event)?;
            self.curve.priced(at, price);
            self.flood_check()?;
        }
        self.now = bar.end();
        Ok(())
    }

    /// Takes the points of the equity curve that lie before an event.
    fn look(&mut self, ts: UnixNanos) {
        if self.curve.is_due(ts) {
            self.curve.take(ts, self.venue.owned());
        }
    }

    /// Delivers every message that arrives before `until`.
    fn deliver(&mut self, until: UnixNanos) -> Result<(), Halt> {
        let until = until.as_nanos();
        let mut delivered = 0;
        loop {
            let public = self.wire.public.next_at();
            let private = self.wire.private.next_at();
            let request = self.requests.next_at();
            let first = public.min(private).min(request);
            if first >= until {
                return Ok(());
            }
            // At one time the market's news come first, then our own, then the venue acts.
            if public == first {
                self.hear();
                continue;
            }
            delivered += 1;
            if delivered > MESSAGES_MAX {
                return Err(Halt::Flood(UnixNanos::from_nanos(first)));
            }
            if private == first {
                self.listen();
            } else if let Some((at, request)) = self.requests.receive() {
                self.venue.on_request(request, at, &mut self.wire);
            }
        }
    }

    fn hear(&mut self) {
        let Some((at, message)) = self.wire.public.receive() else { return };
        let symbol = self.venue.symbol().clone();
        let event = match message {
            Published::Trade(row) => FeedEvent::Trade(Trade {
                symbol,
                venue_ts: row.ts,
                price: row.price,
                quantity: row.quantity,
                taker_side: row.taker_side,
                trade_id: row.trade_id,
            }),
            Published::Best([bid, ask]) => FeedEvent::BestPrices { symbol, bid, ask },
            Published::Bar(bar) => FeedEvent::Bar { symbol, bar },
        };
        self.step(EngineEvent::Feed(event), at);
    }

    fn listen(&mut self) {
        if let Some((at, event)) = self.wire.private.receive() {
            self.step(event, at);
        }
    }

    /// Lets the engine look at an event and sends what it wants.
    fn step(&mut self, event: EngineEvent, now: UnixNanos) {
        for action in self.engine.step(event) {
            let request = match action {
                Action::Submit(order) => {
                    let place = self.wire.record.sent(order.clone(), now);
                    Request::Submit(place, order)
                }
                Action::Cancel { client_order_id, venue_order_id, symbol: _ } => {
                    Request::Cancel(client_order_id, venue_order_id)
                }
                Action::Locate { client_order_id, venue_order_id } => {
                    Request::Locate(client_order_id, venue_order_id)
                }
                Action::Audit(_) => continue,
            };
            self.wire.overflowed |= !self.requests.send(now, request);
        }
    }

    fn flood_check(&self) -> Result<(), Halt> {
        if self.wire.overflowed { Err(Halt::Flood(self.now)) } else { Ok(()) }
    }

    /// Delivers what arrives with the last event, and closes the books.
    fn finish(mut self) -> Result<BacktestResult, Halt> {
        if self.now.as_nanos() != i64::MIN {
            self.deliver(UnixNanos::from_nanos(self.now.as_nanos().saturating_add(1)))?;
            self.flood_check()?;
            self.data.last_ts = self.now;
            self.curve.close(self.venue.owned());
        }
        let in_flight = self.wire.public.len() + self.wire.private.len() + self.requests.len();
        let digest = self.wire.record.digest();
        let [initial, balances] = self.venue.balances(self.initial);
        Ok(BacktestResult {
            fills: self.wire.record.fills,
            orders: self.wire.record.orders,
            equity: self.curve.points,
            initial,
            balances,
            data: self.data,
            wishes_dropped: self.engine.wishes_dropped(),
            in_flight,
            failure: self.engine.failure().map(str::to_owned),
            digest,
        })
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Start time of the engine, which makes client order ids only: 2024-01-01, so that equal runs over
/// different tapes have equal ids.
const STARTED: UnixNanos = UnixNanos::from_secs(1_704_067_200);

#[cfg(test)]
mod tests;
