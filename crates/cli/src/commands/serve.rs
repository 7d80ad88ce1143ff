//! `wavetank serve`: a simulated venue on a real port, for any client.

mod accounts;
mod control;
mod faults;
mod greeting;
mod listen;
mod market;
mod others;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use model::UnixNanos;
use model::history::VenueEvent;
use platform::{
    Binder as _, Clock as _, Entropy, GroupError, Listener, SystemClock, TaskGroup, TcpBinder,
};
use scenario::FaultPlan;
use tokio_util::sync::CancellationToken;
use venue_sim::VenueSink;
use venue_sim::kraken::{KrakenSim, KrakenSimConfig, MarketEvent, Pace, Pair};

use crate::args::{OtherPairs, ServeArgs, ServedVenue, Speed};
use crate::commands::serve::accounts::Accounts;
use crate::commands::serve::control::Control;
use crate::commands::serve::faults::Faults;
use crate::commands::serve::greeting::{Greeting, say};
use crate::commands::serve::listen::Places;
use crate::commands::serve::market::Recording;
use crate::commands::serve::others::Others;
use crate::commands::serve::tls::Tls;
use crate::exit::Exit;
use crate::signals::{self, News};
use crate::words::Words;

/// Time that connections have to end after Ctrl-C.
const GRACE: Duration = Duration::from_secs(3);
/// Silence between the end of a tape and its next beginning.
const BETWEEN_LOOPS: Duration = Duration::from_secs(1);
/// Longest wait for the (next) head of a request.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(75);

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
    control: Control,
    market: Market,
    tls: Option<Tls>,
    plan: Option<FaultPlan>,
    stop: CancellationToken,
}

/// What plays after the start.
struct Market {
    live: Vec<MarketEvent>,
    start: UnixNanos,
    /// Played again and again after that, with its speed.
    repeated: Option<(Recording, Speed)>,
    /// Pairs that go on as generated markets when the tape has ended.
    after: Vec<Pair>,
    others: Option<Others>,
}

/// The ports that are open.
struct Ports {
    venue: Box<dyn Listener>,
    control: Option<Box<dyn Listener>>,
}

pub(crate) fn execute(args: &ServeArgs) -> anyhow::Result<Exit> {
    let ServedVenue::Kraken = args.venue;
    let words = Words::start(args.log.as_deref())?;
    let done = run(args, &words);
    words.end();
    done
}

fn run(args: &ServeArgs, words: &Words) -> anyhow::Result<Exit> {
    let recording = Recording::load(args)?;
    let plan = args.faults.as_deref().map(FaultPlan::load).transpose()?;
    plan.iter().try_for_each(faults::check)?;
    let entropy = Entropy::from_os().context("the machine has no randomness to give")?;
    let mut pairs = Pair::all();
    if args.other_pairs == OtherPairs::None {
        pairs.retain(|pair| recording.symbols.contains(pair.symbol()));
    }
    let accounts = match &args.accounts {
        Some(file) => Accounts::load(file, &entropy)?,
        None => Accounts::drawn(&entropy),
    };
    let mut config = KrakenSimConfig::new(accounts.accounts, pairs.clone());
    config.more_keys = accounts.more_keys;
    config.permissions = accounts.permissions;
    config.otps = accounts.otps;
    config.standings = accounts.standings;
    config.recorded_books = recording.books.clone();
    config.head_wait_max = HEAD_WAIT_MAX;
    config.public_post = true;
    let entropy = entropy.child("venue/kraken");
    let venue = KrakenSim::new(config, Arc::new(SystemClock), entropy, Arc::new(LogSink))?;
    let tls = args.tls.as_deref().map(|file| Tls::new(args.listen.ip(), file)).transpose()?;
    let start = SystemClock.now();
    let past = recording.past(args);
    let schedule = recording.schedule(start, past, args.speed.factor());
    let generates = args.other_pairs == OtherPairs::Generated;
    if generates {
        venue.play_past(&recording.before(&pairs, schedule.begin)?);
    }
    venue.play_past(&schedule.past);
    let goes_on = |pair: &&Pair| {
        let symbol = pair.symbol();
        generates && recording.symbols.contains(symbol)
    };
    let after: Vec<Pair> = pairs.iter().filter(goes_on).cloned().collect();
    pairs.retain(|pair| !recording.symbols.contains(pair.symbol()));
    let others = (!pairs.is_empty()).then(|| Others::new(pairs, start)).transpose()?;
    if let Some(others) = &others {
        venue.play_past(others.past());
    }
    let greeting = Greeting::new(args, &recording, past, accounts.shown);
    let repeated = args.repeat.then_some((recording, args.speed));
    let market = Market { live: schedule.live, start, repeated, after, others };
    let control =
        Control { venue: venue.clone(), faults: Faults::new(venue), places: Places::default() };
    let service = Service { control, market, tls, plan, stop: CancellationToken::new() };
    watch(service, args, greeting, words)
}

/// Runs the service until it ends, or a signal ends it.
fn watch(
    service: Service,
    args: &ServeArgs,
    greeting: Greeting,
    words: &Words,
) -> anyhow::Result<Exit> {
    let (venue, stop) = (service.control.venue.clone(), service.stop.clone());
    let (address, control) = (args.listen, args.control);
    let (ready, bound) = std::sync::mpsc::sync_channel(1);
    let news = signals::beside(move || async move {
        let opened = async {
            let venue = TcpBinder.bind(address).await?;
            let control = match control {
                Some(address) => Some(TcpBinder.bind(address).await?),
                None => None,
            };
            Ok::<_, platform::BindError>(Ports { venue, control })
        };
        let ports = match opened.await {
            Ok(ports) => ports,
            Err(error) => {
                drop(ready.send(Err(error)));
                return Ok(());
            }
        };
        let addresses = (ports.venue.address(), ports.control.as_ref().map(|c| c.address()));
        drop(ready.send(Ok(addresses)));
        service.run(ports).await
    })?;
    let (address, control) = bound.recv().context("the listener panicked")??;
    greeting.print(address, control)?;
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
    async fn run(self, ports: Ports) -> Result<(), GroupError> {
        let Self { control, market, tls, plan, stop } = self;
        let group = TaskGroup::with_cancel("serve", &stop);
        let spawner = group.spawner();
        market.spawn(&control.venue, &spawner);
        let timers = control.venue.clone();
        spawner.spawn("market", "timers", async move {
            timers.keep_time().await;
            Ok(())
        });
        if let Some(plan) = plan {
            let faults = control.faults.clone();
            spawner.spawn("faults", "faults", async move {
                faults.play(plan).await;
                Ok(())
            });
        }
        let (venue, places) = (control.venue.clone(), control.places.clone());
        let connections = group.spawner();
        let accepting = listen::accept(ports.venue, venue, tls, places, connections);
        spawner.spawn("listener", "listener", accepting);
        if let Some(listener) = ports.control {
            let serving = control::serve(listener, control, group.spawner());
            spawner.spawn("control", "listener", serving);
        }
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

impl Market {
    fn spawn(self, venue: &KrakenSim, spawner: &platform::Spawner) {
        let Self { live, start, repeated, after, others } = self;
        let tape = venue.clone();
        spawner.spawn("market", "tape", async move {
            tape.play_market(&live, start, Pace::Time).await;
            drop(live);
            while let Some((recording, speed)) = &repeated {
                tokio::time::sleep(BETWEEN_LOOPS).await;
                let start = SystemClock.now();
                let factor = Some(speed.loop_factor());
                let again = recording.schedule(start, Duration::ZERO, factor).live;
                let pace = if *speed == Speed::Max { Pace::Readers } else { Pace::Time };
                tape.play_market(&again, start, pace).await;
            }
            tracing::info!(pairs = after.len(), "the tape has ended; these go on generated");
            after.iter().for_each(|pair| tape.end_recording(pair.symbol()));
            Others::after(after, SystemClock.now()).play(&tape).await;
            Ok(())
        });
        if let Some(others) = others {
            let venue = venue.clone();
            spawner.spawn("market", "other pairs", async move {
                others.play(&venue).await;
                Ok(())
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::io;
    use std::net::SocketAddr;

    use platform::{BoxFuture, BoxStream};

    use super::*;

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
        let entropy = Entropy::from_seed(1);
        let accounts = Accounts::drawn(&entropy);
        let config = KrakenSimConfig::new(accounts.accounts, Pair::all());
        let venue = KrakenSim::new(config, Arc::new(SystemClock), entropy, Arc::new(LogSink));
        let venue = venue.expect("a valid venue");
        let (live, start) = (Vec::new(), SystemClock.now());
        let market = Market { live, start, repeated: None, after: Vec::new(), others: None };
        let control =
            Control { venue: venue.clone(), faults: Faults::new(venue), places: Places::default() };
        let service = Service { control, market, tls: None, plan: None, stop: stop.clone() };
        service.run(Ports { venue: Box::new(listener), control: None }).await
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
