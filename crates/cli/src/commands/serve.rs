//! `wavetank serve`: a simulated venue on a real port, for any client.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::history::VenueEvent;
use model::{Notional, Trade, UnixNanos};
use platform::{
    Binder as _, Clock as _, Entropy, GroupError, Listener, Spawner, SystemClock, TaskGroup,
    TaskResult, TcpBinder,
};
use rand::Rng as _;
use tape::Tape;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use venue_sim::VenueSink;
use venue_sim::kraken::{AccountConfig, KrakenSim, KrakenSimConfig, Pair, Role, Tier};

use crate::args::{ServeArgs, ServedVenue, Speed};
use crate::exit::Exit;
use crate::signals::{self, News};
use crate::words::Words;

/// Connections at once; more are closed at once.
const CONNECTIONS_MAX: usize = 256;
/// Time that connections have to end after Ctrl-C.
const GRACE: Duration = Duration::from_secs(3);
/// Wait after a connection that could not be accepted.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Kraken's first fee tier, parts per million.
const MAKER_PPM: i64 = 2_500;
const TAKER_PPM: i64 = 4_000;
/// What the account owns at the start.
const BASE: &str = "10";
const QUOTE: &str = "1000000";
/// Name of the account.
const ACCOUNT: &str = "trader";
/// Bytes of an API secret, as Kraken's.
const SECRET_BYTES: usize = 64;

/// Writes to the log: orders and fills for everybody, the rest for who asks.
#[derive(Debug)]
struct LogSink;

impl VenueSink for LogSink {
    fn record(&self, event: VenueEvent) {
        if let VenueEvent::OrderChanged { .. } | VenueEvent::Filled { .. } = event {
            tracing::info!(%event, "venue");
        } else {
            tracing::debug!(%event, "venue");
        }
    }
}

/// Everything that is served.
struct Service {
    venue: KrakenSim,
    trades: Vec<Trade>,
    start: UnixNanos,
    listener: Box<dyn Listener>,
    stop: CancellationToken,
}

pub(crate) fn execute(args: &ServeArgs) -> anyhow::Result<Exit> {
    let ServedVenue::Kraken = args.venue;
    let words = Words::start(args.log.as_deref())?;
    let done = run(args, &words);
    words.end();
    done
}

fn run(args: &ServeArgs, words: &Words) -> anyhow::Result<Exit> {
    let tape = Tape::load(&args.tape)?;
    let pair = Pair::by_symbol(&args.symbol)
        .ok_or_else(|| anyhow!("the simulated venue does not list `{}`", args.symbol))?;
    let entropy = Entropy::from_os().context("the machine has no randomness to give")?;
    let key = KeyPair::draw(&entropy);
    let config = KrakenSimConfig::new(vec![account(&pair, &key)], vec![pair.clone()]);
    let clock = Arc::new(SystemClock);
    let venue = KrakenSim::new(config, clock, entropy.child("venue/kraken"), Arc::new(LogSink))?;
    let start = SystemClock.now();
    let trades = moved(tape.trades_for(&args.symbol), start, args.speed);
    let runtime = (venue.clone(), args.listen, CancellationToken::new());
    let (ready, bound) = std::sync::mpsc::sync_channel(1);
    let stop = runtime.2.clone();
    let news = signals::beside(move || async move {
        let (venue, address, stop) = runtime;
        let listener = match TcpBinder.bind(address).await {
            Ok(listener) => listener,
            Err(error) => {
                drop(ready.send(Err(error)));
                return Ok(());
            }
        };
        drop(ready.send(Ok(listener.address())));
        Service { venue, trades, start, listener, stop }.run().await
    })?;
    let address = bound.recv().context("the listener panicked")??;
    greet(address, &pair, &key, &tape, args)?;
    let ended = loop {
        match signals::next(&news)? {
            News::Signal(signal) if stop.is_cancelled() => {
                words.last(&format!("{signal} again: ended at once"));
                return Ok(Exit::Interrupted);
            }
            News::Signal(signal) => {
                say(&format!("{signal}: closing connections"))?;
                stop.cancel();
            }
            News::Done(ended) => break ended,
        }
    };
    say(&format!("stopped; orders left open: {}", venue.open_order_count()))?;
    match ended {
        Ok(()) => Ok(Exit::Pass),
        Err(failure) => {
            words.say(&format!("failed: {failure}"));
            Ok(Exit::PartFailed)
        }
    }
}

impl Service {
    /// Serves until told to stop, or until a part fails.
    ///
    /// A connection that is cut because it is late at the end has not failed.
    async fn run(self) -> Result<(), GroupError> {
        let Self { venue, trades, start, listener, stop } = self;
        let group = TaskGroup::with_cancel("serve", &stop);
        let (market, spawner) = (venue.clone(), group.spawner());
        group.spawner().spawn("market", "tape", async move {
            market.play(&trades, start).await;
            tracing::info!("the tape has ended; the market is silent from here");
            Ok(())
        });
        group.spawner().spawn("listener", "listener", accept(listener, venue, spawner));
        group.cancel_token().cancelled().await;
        match group.join(GRACE).await {
            Err(error) if !error.failures.is_empty() => Err(error),
            Err(error) => {
                tracing::debug!(%error, "connections were cut");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

async fn accept(
    mut listener: Box<dyn Listener>,
    venue: KrakenSim,
    connections: Spawner,
) -> TaskResult {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (venue, spawner) = (venue.clone(), connections.clone());
        connections.spawn("connections", "connection", async move {
            let _place = place;
            venue.serve_connection(Role::Any, peer.ip(), stream, spawner).await;
            Ok(())
        });
    }
}

/// A key of the simulated account. It opens nothing else, so it may be shown.
struct KeyPair {
    key: String,
    secret: String,
}

impl KeyPair {
    fn draw(entropy: &Entropy) -> Self {
        let mut rng = entropy.stream("serve/key");
        let mut bytes = [0; SECRET_BYTES];
        rng.fill_bytes(&mut bytes);
        let secret = STANDARD.encode(bytes);
        rng.fill_bytes(&mut bytes);
        // Kraken's keys have 56 letters; signs that a shell or a form would take for its own are left out.
        let key = STANDARD.encode(bytes).replace(['+', '/', '='], "");
        Self { key: key.chars().take(56).collect(), secret }
    }
}

fn account(pair: &Pair, key: &KeyPair) -> AccountConfig {
    let amount = |text| Notional::parse(text).expect("a plain number");
    let instrument = &pair.instrument;
    AccountConfig {
        name: ACCOUNT.to_owned(),
        api_key: key.key.clone(),
        api_secret: key.secret.clone(),
        balances: BTreeMap::from([
            (instrument.base.clone(), amount(BASE)),
            (instrument.quote.clone(), amount(QUOTE)),
        ]),
        tier: Tier::default(),
        maker_ppm: MAKER_PPM,
        taker_ppm: TAKER_PPM,
    }
}

/// The tape as if it had begun now, and gone on at another speed.
fn moved(trades: impl Iterator<Item = Trade>, now: UnixNanos, speed: Speed) -> Vec<Trade> {
    let mut first = None;
    let moved = trades.map(|mut trade| {
        let since = trade.venue_ts.since(*first.get_or_insert(trade.venue_ts));
        trade.venue_ts = match speed.factor() {
            Some(factor) => now.plus(since / factor),
            None => now,
        };
        trade
    });
    moved.collect()
}

fn greet(
    address: SocketAddr,
    pair: &Pair,
    key: &KeyPair,
    tape: &Tape,
    args: &ServeArgs,
) -> anyhow::Result<()> {
    let KeyPair { key, secret } = key;
    let (symbol, altname) = (&args.symbol, pair.altname);
    let instrument = &pair.instrument;
    let length = Duration::from_secs(tape.summary().span().as_secs());
    let length = scenario::format_duration(length / args.speed.factor().unwrap_or(1));
    let plays = if args.speed == Speed::Max {
        "was played at once, and is silent from here".to_owned()
    } else {
        format!("plays for {length}, then it is silent")
    };
    let wide = if address.ip().is_loopback() {
        ""
    } else {
        "\nWARNING: this is not a loopback address, so everybody who reaches it can use the venue.\n"
    };
    say(&format!(
        "\
A simulated Kraken. {symbol} {plays}.
{wide}
  REST        http://{address}
  WebSocket   ws://{address}/v2    (public and private)
  API key     {key}
  API secret  {secret}
  owns        {BASE} {} and {QUOTE} {}

Try it:
  curl 'http://{address}/0/public/Ticker?pair={altname}'

Ctrl-C stops it.",
        instrument.base, instrument.quote
    ))
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::io;
    use std::path::Path;

    use model::Symbol;
    use platform::{BoxFuture, BoxStream};

    use super::*;

    #[test]
    fn a_tape_begins_now_and_keeps_its_distances_by_the_speed() {
        let tape = Tape::read(Path::new("t.csv"), "100,1,1\n110,1,1\n130,1,1\n".as_bytes());
        let tape = tape.expect("a valid tape");
        let now = UnixNanos::from_secs(1_000);
        let at = |speed| {
            let trades = moved(tape.trades_for(&Symbol::new("BTC/USD")), now, speed);
            trades.iter().map(|trade| trade.venue_ts.since(now).as_secs()).collect::<Vec<_>>()
        };
        assert_eq!(at(Speed::Real), [0, 10, 30]);
        assert_eq!(at(Speed::Ten), [0, 1, 3]);
        assert_eq!(at(Speed::Max), [0, 0, 0]);
    }

    /// Whoever waits for a connection panics, or waits for ever.
    #[derive(Debug)]
    struct Nobody {
        panics: bool,
    }

    impl Listener for Nobody {
        fn address(&self) -> SocketAddr {
            SocketAddr::from(([127, 0, 0, 1], 1))
        }

        fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, SocketAddr)>> {
            assert!(!self.panics, "planted");
            Box::pin(pending())
        }
    }

    async fn served(listener: Nobody, stop: &CancellationToken) -> Result<(), GroupError> {
        let pair = Pair::by_symbol(&Symbol::new("BTC/USD")).expect("listed");
        let entropy = Entropy::from_seed(1);
        let accounts = vec![account(&pair, &KeyPair::draw(&entropy))];
        let config = KrakenSimConfig::new(accounts, vec![pair]);
        let venue = KrakenSim::new(config, Arc::new(SystemClock), entropy, Arc::new(LogSink));
        let (venue, listener) = (venue.expect("a valid venue"), Box::new(listener));
        let (trades, start, stop) = (Vec::new(), SystemClock.now(), stop.clone());
        Service { venue, trades, start, listener, stop }.run().await
    }

    #[tokio::test]
    async fn a_part_that_fails_ends_the_service_and_is_told() {
        let stop = CancellationToken::new();
        let failure = served(Nobody { panics: true }, &stop).await.expect_err("it panicked");
        assert!(failure.to_string().contains("planted"), "{failure}");
    }

    #[tokio::test]
    async fn an_end_in_order_is_no_failure() {
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(served(Nobody { panics: false }, &stop).await.is_ok());
    }
}
