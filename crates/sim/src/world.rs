//! One run: hosts, schedule, history.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use model::history::{Event, Phase, Record, WorldEvent};
use model::panic_message;
use platform::{Entropy, Exposition};
use scenario::{PlannedFault, Process};
use telemetry::Recorder;
use tokio_util::sync::CancellationToken;
use venue_sim::kraken::{KrakenSim, Phase as VenuePhase, Role};

use crate::clock::{SimClock, Skew};
use crate::error::SimError;
use crate::faults::{Faults, crashing};
use crate::freezer::Freezers;
use crate::history::{HistoryLog, HostLog, WORLD, digest};
use crate::hosts::influx::InfluxHost;
use crate::hosts::trader::TraderHost;
use crate::hosts::venue::{Market, VenueHost};
use crate::hosts::visitor::{VISITOR, VisitorHost};
use crate::hosts::{INFLUX, KRAKEN_PRIVATE, KRAKEN_PUBLIC, KRAKEN_REST, TRADER};
use crate::influx::InfluxSim;
use crate::links::Links;
use crate::network::Network;
use crate::network::turmoil::{LinkConfig, TurmoilNetwork};
use crate::sampler::{Meters, Sampler};
use crate::setup::Setup;

/// Virtual time that the trader has for its shutdown; a hang there must end the run, too.
const SHUTDOWN_MAX: Duration = Duration::from_secs(180);

/// Virtual time that the venue has to close its connections.
const VENUE_STOP_MAX: Duration = Duration::from_secs(10);

/// Longest time of the machine without any virtual time passing. A step takes microseconds; only a task
/// that never sleeps takes this long, and it would take for ever.
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// The same once the run was given up: then only one step keeps it.
const STEP_MAX: Duration = Duration::from_secs(5);

/// Time between two looks at the run's progress.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Stack of a run's thread: deep futures in unoptimised builds.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// What a run gave.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Everything that happened.
    pub history: Vec<Record>,
    /// Fingerprint of the history.
    pub digest: String,
    /// Virtual time that passed.
    pub simulated: Duration,
}

/// How far a run is. Clones share it; readable from any thread.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    millis: AtomicU64,
    given_up: AtomicBool,
}

impl Progress {
    /// Virtual time that has passed, whole milliseconds.
    pub fn simulated(&self) -> Duration {
        Duration::from_millis(self.millis())
    }

    fn millis(&self) -> u64 {
        self.0.millis.load(Ordering::Relaxed)
    }

    /// True as long as somebody waits for the run.
    fn set(&self, elapsed: Duration) -> bool {
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.0.millis.store(millis, Ordering::Relaxed);
        !self.0.given_up.load(Ordering::Relaxed)
    }

    fn give_up(&self) {
        self.0.given_up.store(true, Ordering::Relaxed);
    }
}

/// Runs a setup from start to end, on a thread of its own.
///
/// # Errors
/// [`SimError`]: there is no verdict. A run in which the trader fails is not an error: the history
/// tells it.
///
/// # Determinism
/// A function of the setup and the binary. Thread-local state of earlier runs cannot leak in.
pub fn simulate(setup: &Setup, progress: &Progress) -> Result<Outcome, SimError> {
    simulate_within(setup, progress, Duration::MAX)
}

/// The same, but gives the run up that takes longer than `wall_max` of the machine's time, counted in whole
/// seconds.
///
/// # Errors
/// As [`simulate`]; [`SimError::TooLong`] when it was given up.
///
/// # Determinism
/// As [`simulate`], but for the machine's speed, which decides whether it is given up.
pub fn simulate_within(
    setup: &Setup,
    progress: &Progress,
    wall_max: Duration,
) -> Result<Outcome, SimError> {
    if !cfg!(tokio_unstable) {
        return Err(SimError::NotDeterministic);
    }
    let (done, outcome) = mpsc::sync_channel(1);
    let (setup, theirs) = (setup.clone(), progress.clone());
    #[expect(clippy::disallowed_methods, reason = "a fresh thread per run is part of the contract")]
    let thread = thread::Builder::new()
        .name("simulation".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // The recorder of this thread: runs beside each other do not mix their metrics.
            let recorder = Recorder::new();
            let run = || World::new(&setup, &recorder)?.run(&setup, &theirs, wall_max);
            drop(done.send(metrics::with_local_recorder(&recorder, run)))
        })
        .map_err(SimError::Thread)?;
    let mut waited = Duration::ZERO;
    let mut seen = (progress.millis(), waited);
    loop {
        match outcome.recv_timeout(LOOK_EVERY) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => waited += LOOK_EVERY,
        }
        if progress.millis() != seen.0 {
            seen = (progress.millis(), waited);
        }
        let at = progress.simulated();
        let gone = waited >= wall_max;
        if gone {
            progress.give_up();
        }
        // The thread cannot be stopped within a step; whoever gets the error ends the process.
        if waited - seen.1 >= if gone { STEP_MAX } else { STUCK_AFTER } {
            return Err(SimError::Stuck { at });
        }
    }
    let panic = thread.join().err().map(|panic| panic_message(panic.as_ref()));
    Err(SimError::Panicked(panic.unwrap_or_else(|| "the run ended without an outcome".to_owned())))
}

/// Something that the world does at a time.
#[derive(Debug, Clone)]
enum Deed {
    Phase(Phase),
    Begin(PlannedFault),
    End(PlannedFault),
    StopTrader,
}

struct World {
    network: TurmoilNetwork,
    faults: Faults,
    log: HistoryLog,
    name: Arc<str>,
    meters: Meters,
    stop_trader: CancellationToken,
    trader_ended: CancellationToken,
    stop_venue: CancellationToken,
}

impl World {
    fn new(setup: &Setup, recorder: &Recorder) -> Result<Self, SimError> {
        let entropy = Entropy::from_seed(setup.seed);
        let links = LinkConfig {
            tick: setup.scenario.run.tick,
            latency_min: setup.scenario.network.latency_min,
            latency_max: setup.scenario.network.latency_max,
        };
        let network = TurmoilNetwork::new(links, setup.seed);
        let log = HistoryLog::default();
        let inside = network.inside();
        let clock_of =
            |skew| Arc::new(SimClock { epoch: setup.epoch(), network: Arc::clone(&inside), skew });
        let (venue_clock, skew) = (clock_of(Skew::default()), Skew::default());
        let clock = clock_of(skew.clone());
        let sink =
            HostLog::new(log.clone(), setup.scenario.market.venue.as_str(), network.inside());
        let venue = KrakenSim::new(
            setup.venue.clone(),
            venue_clock,
            entropy.child("venue/kraken"),
            Arc::new(sink),
        )?;
        let mut world = Self {
            network,
            faults: Faults {
                links: Links::default(),
                venue,
                influx: None,
                skew,
                freezers: Freezers::default(),
                entropy: entropy.child("faults"),
                phase: VenuePhase::Online,
            },
            log,
            name: Arc::from(WORLD),
            meters: Meters::new(recorder.clone()),
            stop_trader: CancellationToken::new(),
            trader_ended: CancellationToken::new(),
            stop_venue: CancellationToken::new(),
        };
        world.add_venue(setup);
        if setup.scenario.sink.is_some() {
            world.add_influx();
        }
        let recorder = recorder.clone();
        world.add_trader(setup, &clock, &entropy, Exposition::new(move || recorder.render()));
        world.add_visitor(setup);
        Ok(world)
    }

    fn add_venue(&mut self, setup: &Setup) {
        let market = Market { trades: Arc::clone(&setup.trades), start: setup.epoch() };
        let hosts = [
            (KRAKEN_REST, Role::Rest, Some(market)),
            (KRAKEN_PUBLIC, Role::PublicStream, None),
            (KRAKEN_PRIVATE, Role::PrivateStream, None),
        ];
        let freezer = self.faults.freezers.of(Process::Kraken).clone();
        for (name, role, market) in hosts {
            let host = VenueHost {
                name,
                venue: self.faults.venue.clone(),
                role,
                market,
                network: self.network.inside(),
                log: HostLog::new(self.log.clone(), name, self.network.inside()),
                link: self.faults.links.to(name),
                freezer: freezer.clone(),
                stop: self.stop_venue.clone(),
            };
            let freezer = freezer.clone();
            let program = move || freezer.gate(Box::pin(host.clone().run()));
            self.network.add_host(name, Box::new(program));
        }
    }

    fn add_influx(&mut self) {
        let log = HostLog::new(self.log.clone(), INFLUX, self.network.inside());
        let influx = InfluxSim::new(log.clone());
        let host = InfluxHost {
            influx: influx.clone(),
            network: self.network.inside(),
            log,
            link: self.faults.links.to(INFLUX),
            freezer: self.faults.freezers.of(Process::Influx).clone(),
            stop: self.stop_venue.clone(),
        };
        self.faults.influx = Some(influx);
        let program = move || host.freezer.gate(Box::pin(host.clone().run()));
        self.network.add_host(INFLUX, Box::new(program));
    }

    fn add_trader(
        &mut self,
        setup: &Setup,
        clock: &Arc<SimClock>,
        entropy: &Entropy,
        exposition: Exposition,
    ) {
        let host = TraderHost {
            program: Arc::clone(&setup.program),
            config: setup.node.clone(),
            clock: Arc::clone(clock),
            entropy: entropy.child("trader"),
            freezer: self.faults.freezers.of(Process::Trader).clone(),
            lives: Arc::default(),
            network: self.network.inside(),
            log: HostLog::new(self.log.clone(), TRADER, self.network.inside()),
            links: self.faults.links.clone(),
            exposition,
            meters: self.meters.clone(),
            stop: self.stop_trader.clone(),
            ended: self.trader_ended.clone(),
        };
        let program = move || host.freezer.gate(Box::pin(host.clone().run()));
        self.network.add_host(TRADER, Box::new(program));
    }

    fn add_visitor(&mut self, setup: &Setup) {
        if let Some(program) = setup.visitor.clone() {
            let host = VisitorHost { program, network: self.network.inside() };
            self.network.add_host(VISITOR, Box::new(move || Box::pin(host.clone().run())));
        }
    }

    fn run(
        mut self,
        setup: &Setup,
        progress: &Progress,
        wall_max: Duration,
    ) -> Result<Outcome, SimError> {
        let mut schedule = schedule(setup);
        let mut sampler = Sampler::new(self.meters.clone());
        let length = setup.scenario.run.length;
        let cut = setup.until.filter(|until| *until < length + SHUTDOWN_MAX);
        let end = cut.unwrap_or(length + SHUTDOWN_MAX);
        while self.network.elapsed() < end && !self.trader_ended.is_cancelled() {
            let mut settled = true;
            while schedule.front().is_some_and(|(at, _)| *at <= self.network.elapsed()) {
                if let Some((_, deed)) = schedule.pop_front() {
                    self.perform(deed);
                    settled = false;
                }
            }
            if !settled {
                self.faults.settle();
            }
            self.network.step()?;
            let now = self.network.elapsed();
            if !progress.set(now) {
                return Err(SimError::TooLong { at: now, wall_max });
            }
            let changed = sampler.due(now);
            self.tell_metrics(changed);
        }
        if cut.is_none() {
            self.close()?;
        }
        let changed = self.meters.changed();
        self.tell_metrics(changed);
        let simulated = self.network.elapsed();
        let history = self.log.close();
        Ok(Outcome { digest: digest(&history), history, simulated })
    }

    /// Stops the venue and waits until its hosts have said what they leave behind.
    fn close(&mut self) -> Result<(), SimError> {
        self.stop_venue.cancel();
        let until = self.network.elapsed() + VENUE_STOP_MAX;
        while self.network.elapsed() < until {
            self.network.step()?;
        }
        Ok(())
    }

    fn perform(&mut self, deed: Deed) {
        match deed {
            Deed::Phase(phase) => self.tell(WorldEvent::PhaseStarted { phase }),
            Deed::StopTrader => self.stop_trader.cancel(),
            Deed::Begin(fault) => self.begin(&fault),
            Deed::End(fault) => self.end(&fault),
        }
    }

    fn begin(&mut self, fault: &PlannedFault) {
        for host in crashing(&fault.kind) {
            self.log.crash(self.network.elapsed(), host);
        }
        let what = self.faults.begin(fault, &mut self.network);
        if crashing(&fault.kind).contains(&TRADER) {
            // Now that its tasks are dropped, which may have something to count.
            self.meters.crash();
        }
        self.tell(WorldEvent::FaultStarted { fault: fault.id, what });
    }

    fn end(&mut self, fault: &PlannedFault) {
        crashing(&fault.kind).into_iter().for_each(|host| self.log.restart(host));
        let struck = self.faults.end(fault, &mut self.network);
        self.tell(WorldEvent::FaultEnded { fault: fault.id, struck });
    }

    fn tell_metrics(&self, changed: Option<BTreeMap<String, String>>) {
        if let Some(changed) = changed {
            self.tell(WorldEvent::MetricsSampled { changed });
        }
    }

    fn tell(&self, event: WorldEvent) {
        self.log.record(self.network.elapsed(), &self.name, Event::World(event));
    }
}

/// Everything that the world will do, by time; at one time in the order of this function.
fn schedule(setup: &Setup) -> VecDeque<(Duration, Deed)> {
    let mut deeds = vec![(Duration::ZERO, Deed::Phase(Phase::WarmUp))];
    if let Some(storm) = setup.plan.begins_at() {
        deeds.push((storm, Deed::Phase(Phase::Storm)));
    }
    for fault in &setup.plan.faults {
        deeds.push((fault.until, Deed::End(fault.clone())));
    }
    for fault in &setup.plan.faults {
        deeds.push((fault.at, Deed::Begin(fault.clone())));
    }
    if !setup.plan.faults.is_empty() {
        deeds.push((setup.plan.healed_at, Deed::Phase(Phase::Calm)));
    }
    let length = setup.scenario.run.length;
    deeds.push((length, Deed::Phase(Phase::Shutdown)));
    deeds.push((length, Deed::StopTrader));
    deeds.sort_by_key(|(at, _)| *at);
    deeds.into()
}
