//! What a run is made of, and what it promises.

mod lags;
mod outcomes;
mod silences;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use checks::{BreakerRules, CallRule, Expectations, OpeningRule, Span, SwitchRule};
use engine::{RiskLimits, StrategyFactory, StrategySpec};
use kraken::switch::SwitchConfig;
use kraken::tier::Tier as TraderTier;
use kraken::{Credentials, KrakenConfig};
use model::{Asset, Notional, Quantity, Trade, UnixNanos};
use node::{ForeignOrders, NodeConfig};
use platform::Endpoint;
use resilience::{BackoffConfig, BreakerConfig, BreakerPolicy, Jitter};
use scenario::{Crash, FaultKind, FaultPlan, Freeze, Host, PlannedFault, Process, Scenario, Tier};
use store::influx::{InfluxConfig, InfluxToken};
use venue_sim::kraken::{AccountConfig, KrakenSimConfig, Pair, Tier as AccountTier};

use crate::error::SimError;
use crate::hosts::trader::{TraderProgram, production};
use crate::hosts::visitor::VisitorProgram;
use crate::hosts::{INFLUX, KRAKEN_PRIVATE, KRAKEN_PUBLIC, KRAKEN_REST, PORT, TRADER};
use crate::influx;
use crate::lanes;
use crate::limits;
use crate::rates::{order_counter, rates, sink_rate};

/// Name of the trader's account at the venue.
pub const ACCOUNT: &str = "trader";

/// Key pair of the trader's account. Known to everybody: it opens nothing but the simulated venue.
const API_KEY: &str = "wavetank-trader";
const API_SECRET: &str = "d2F2ZXRhbmsgc2ltdWxhdGVkIGFjY291bnQgc2VjcmV0";

/// How often the trader compares its clock: the calls are in nobody's way where no clock is wrong.
const CLOCK_COMPARED_EVERY: Duration = Duration::from_secs(600);
const CLOCK_WATCHED_EVERY: Duration = Duration::from_secs(20);

/// Kraken's first fee tier, parts per million.
const MAKER_PPM: i64 = 2_500;
const TAKER_PPM: i64 = 4_000;

/// One run, completely determined: nothing else influences it.
#[derive(Clone)]
pub struct Setup {
    /// The scenario.
    pub scenario: Scenario,
    /// The explicit faults.
    pub plan: FaultPlan,
    /// Seed of latencies, ids and the trader's own randomness.
    pub seed: u64,
    /// The recorded market, in order of time.
    pub trades: Arc<[Trade]>,
    /// Where to stop before the scenario's end, for looking at a failure.
    pub until: Option<Duration>,
    /// Configuration of the trading system, made from the scenario.
    pub node: NodeConfig,
    /// What runs on the trader's host: the production node, or a test's broken copy.
    pub program: TraderProgram,
    /// Who visits the trader's endpoint, if anybody does.
    pub visitor: Option<VisitorProgram>,
    /// The simulated venue.
    pub(crate) venue: KrakenSimConfig,
    /// The scenario's strategy never trades.
    idle: bool,
    /// It quotes around the book.
    quotes: bool,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("scenario", &self.scenario.name)
            .field("seed", &self.seed)
            .field("trades", &self.trades.len())
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Setup {
    /// The production node in a scenario.
    ///
    /// # Errors
    /// [`SimError`]: the scenario's strategy or symbol is not known.
    pub fn new(scenario: Scenario, seed: u64, trades: Arc<[Trade]>) -> Result<Self, SimError> {
        let strategy = StrategySpec::parse(&scenario.trader.strategy)?;
        let idle = strategy == StrategySpec::NoOp;
        let quotes = matches!(strategy, StrategySpec::Quoter { .. });
        let mut node = node_config(&scenario, &strategy)?;
        let venue = venue_config(&scenario)?;
        let plan = scenario.plan(seed);
        if sets_clock(&plan) {
            node.clock_compare_every = CLOCK_WATCHED_EVERY;
        }
        let program = production();
        Ok(Self {
            scenario,
            plan,
            seed,
            trades,
            until: None,
            node,
            program,
            visitor: None,
            venue,
            idle,
            quotes,
        })
    }

    /// The same with another strategy than the scenario's.
    #[must_use]
    pub fn with_strategy(mut self, strategy: StrategyFactory) -> Self {
        self.node.strategy = strategy;
        // Whether it trades, the run will show.
        (self.idle, self.quotes) = (false, false);
        self
    }

    /// Wall time at which virtual time is zero: the whole minute at or before the first trade.
    pub fn epoch(&self) -> UnixNanos {
        let first = self.trades.first().map_or(UnixNanos::ZERO, |trade| trade.venue_ts);
        first.floor_to(Duration::from_secs(60))
    }

    /// What the run promises, from the scenario and the configuration.
    pub fn expectations(&self) -> Expectations {
        let run = &self.scenario.run;
        let recover_within = self.scenario.expect.recover_within;
        // A run that is cut off is judged by what it reached.
        let length = self.until.map_or(run.length, |until| until.min(run.length));
        let mut expect = Expectations::new(length, self.plan.healed_at, recover_within);
        expect.shutdown_at = (length == run.length).then_some(run.length);
        expect.account = ACCOUNT.to_owned();
        expect.trader_host = TRADER.to_owned();
        expect.faults = self.plan.faults.iter().map(|fault| fault.id).collect();
        let may_miss = self.plan.faults.iter().filter(|fault| fault.may_miss);
        expect.faults_may_miss = may_miss.map(|fault| fault.id).collect();
        let kraken = &self.node.kraken;
        let lanes = [
            ("kraken/read", &kraken.read_lane),
            ("kraken/order", &kraken.order_lane),
            ("kraken/cancel", &kraken.cancel_lane),
        ];
        for (name, lane) in lanes {
            expect.breakers.insert(name.to_owned(), breaker_rules(&lane.breaker));
            expect.retries.insert(name.to_owned(), outcomes::retries(lane));
            for op in operations(name) {
                expect.calls.insert(op, call(Some(name), lane.attempt_timeout));
            }
        }
        for stream in ["public", "private"] {
            let breaker = format!("kraken/connect-{stream}");
            let name = format!("kraken/{stream}");
            expect.breakers.insert(breaker.clone(), breaker_rules(&kraken.connect_breaker));
            let connect = call(Some(&breaker), kraken.connect_timeout);
            expect.calls.insert(format!("{name}/connect"), connect);
            expect.calls.insert(format!("{name}/subscribe"), call(None, kraken.subscribe_timeout));
            expect.streams.insert(name);
        }
        // Among the open ones it is looked for first; but those are asked for every few seconds anyway.
        expect.questions.insert("kraken/ClosedOrders".to_owned());
        expect.reconnect = Some(outcomes::pace(&kraken.reconnect));
        expect.outcomes = outcomes::rules();
        expect.rates = rates(kraken);
        expect.order_counter = Some(order_counter(kraken, &self.plan));
        expect.venue_limits = Some(limits::of(self.scenario.account.tier));
        if self.scenario.sink.is_some() {
            let config = influx_config();
            let name = "influx/write";
            expect.sinks.insert(INFLUX.to_owned());
            let mut rules = breaker_rules(&config.lane.breaker);
            // The flush at the end asks a database that was away once more.
            rules.forced_causes.push("reset".to_owned());
            expect.breakers.insert(name.to_owned(), rules);
            expect.rates.insert(name.to_owned(), sink_rate(name, &config));
            expect.calls.insert(name.to_owned(), call(Some(name), config.lane.attempt_timeout));
        }
        expect.paused = expect.calls.keys().filter(|op| is_paused(op)).cloned().collect();
        expect.dependencies = dependencies(&expect);
        expect.switch = self
            .scenario
            .trader
            .cancel_after
            .map(|timeout| SwitchRule { op: "kraken/CancelAllOrdersAfter".to_owned(), timeout });
        expect.opens = self.scenario.expect.opens.clone();
        expect.time_slack = run.tick * 2;
        expect.quotes = self.quotes;
        expect.silence_least = Some(kraken.silence_max + kraken.pong_timeout);
        // By another clock it is another deadline.
        expect.order_deadline = (!sets_clock(&self.plan)).then_some(kraken.order_deadline);
        expect.silence_max = kraken.silence_max + kraken.pong_timeout + run.tick * 2;
        if self.plan.faults.iter().any(|fault| matches!(fault.kind, FaultKind::Hang(_))) {
            expect.silence_max += SILENT_AFTER;
        }
        self.expect_of_faults(&mut expect);
        expect.vacuous_allowed = self.vacuous_allowed(expect.silence_max);
        expect.cost_rounding = cost_rounding(&self.scenario);
        expect.book_lag_max = self.scenario.network.latency_max * 2 + run.tick * 4;
        expect
    }

    /// What each fault leaves to be excused.
    fn expect_of_faults(&self, expect: &mut Expectations) {
        for fault in &self.plan.faults {
            expect.silences.extend(silences::of(&fault.kind).map(|silence| (fault.id, silence)));
            let lag = lags::of(fault, expect.silence_max, &self.node.kraken);
            expect.lags.extend(lag.map(|lag| (fault.id, lag)));
            let late = lags::under_way(&fault.kind);
            expect.under_way.extend(late.map(|late| (fault.id, late)));
            if let FaultKind::Corrupt(_) = fault.kind
                && fault.kind.hosts().contains(&Host::KrakenPublic)
            {
                expect.damaging.insert(fault.id);
            }
            ways::told(fault, expect);
            if let FaultKind::Freeze(Freeze { process: Process::Trader }) = fault.kind {
                expect.freezes.insert(fault.id);
            }
            if let FaultKind::Freeze(Freeze { process: Process::Kraken })
            | FaultKind::Crash(Crash { process: Process::Kraken }) = fault.kind
            {
                expect.venue_stops.insert(fault.id);
            }
        }
    }

    /// Checks that this scenario gives nothing to examine.
    fn vacuous_allowed(&self, noticed_after: Duration) -> BTreeSet<String> {
        let silent = |fault: &PlannedFault| {
            // Shorter ones are over before the trader has to notice anything.
            !fault.may_miss
                && silences::of(&fault.kind).is_some()
                && fault.until - fault.at > noticed_after
        };
        let holds = self.plan.faults.iter().any(silent);
        let heard = |fault: &PlannedFault| {
            let FaultKind::RestStatus(status) = &fault.kind else { return false };
            status.status == 429 && status.retry_after.is_some() && !fault.may_miss
        };
        let pauses = self.plan.faults.iter().any(heard);
        // What was drawn may leave every order without an execution.
        let drawn = self.plan.faults.iter().any(|fault| fault.may_miss);
        let clocks = sets_clock(&self.plan);
        let idle: [(bool, &[&str]); 12] = [
            // It takes a message that is lost and a later one that is not, and a strategy that wants orders often.
            (true, &["gaps-noticed", "trading-resumed"]),
            (!self.quotes, &["quotes-in-sync"]),
            (clocks || drawn, &["orders-timely"]),
            (!pauses, &["pauses-honoured"]),
            // Not every fault is seen as an error.
            (true, &["nothing-swallowed"]),
            // Streams that hang, or answers that are slow, open no breaker.
            (self.scenario.expect.opens.is_empty(), &["breaker-open-blocks"]),
            (!holds, &["silence-noticed", "reconnects-paced"]),
            (self.plan.faults.is_empty(), &["faults-struck"]),
            (drawn, &["orders-as-wanted", "positions-equal"]),
            (self.scenario.sink.is_none(), &["sink-complete"]),
            (self.idle || self.scenario.trader.cancel_after.is_none(), &["switch-kept"]),
            (
                self.idle,
                &[
                    "no-duplicate-order",
                    "orders-as-wanted",
                    "orders-equal",
                    "orders-followed",
                    "orders-timely",
                    "positions-equal",
                ],
            ),
        ];
        let names = idle.into_iter().filter(|(idle, _)| *idle).flat_map(|(_, names)| names);
        names.map(|name| (*name).to_owned()).collect()
    }
}

/// True for a plan with a fault that sets the trader's clock.
fn sets_clock(plan: &FaultPlan) -> bool {
    plan.faults.iter().any(|fault| matches!(fault.kind, FaultKind::Clock(_)))
}

/// A session that subscribes while sessions are silent hears its snapshots, for so long.
const SILENT_AFTER: Duration = Duration::from_secs(1);

/// Operations that a pause of the address is for: everything that is a request or a dial of its own.
fn is_paused(op: &str) -> bool {
    op.starts_with("kraken/") && !op.ends_with("/subscribe")
}

/// What must be unwell while a breaker is open or a stream is down. The breakers of dials have their streams.
fn dependencies(expect: &Expectations) -> BTreeMap<String, String> {
    let lanes = expect.breakers.keys().filter(|breaker| !breaker.contains("/connect-"));
    let named = |name: &String| {
        let dependency = if name == "influx/write" { INFLUX } else { name.as_str() };
        (name.clone(), dependency.to_owned())
    };
    lanes.chain(&expect.streams).map(named).collect()
}

/// What may be called through a lane, by its name.
fn operations(lane: &str) -> impl Iterator<Item = String> {
    let methods: &[&str] = match lane {
        "kraken/read" => &[
            "Time",
            "SystemStatus",
            "AssetPairs",
            "OpenOrders",
            "ClosedOrders",
            "QueryOrders",
            "QueryTrades",
            "GetWebSocketsToken",
        ],
        "kraken/order" => &["AddOrder"],
        "kraken/cancel" => &["CancelOrder", "CancelAllOrdersAfter"],
        _ => &[],
    };
    methods.iter().map(|method| format!("kraken/{method}"))
}

fn call(breaker: Option<&str>, bound_max: Duration) -> CallRule {
    CallRule { breaker: breaker.map(str::to_owned), bound_max }
}

fn breaker_rules(config: &BreakerConfig) -> BreakerRules {
    BreakerRules {
        opening: opening_rule(&config.policy),
        open_for: config.open_for,
        open_for_max: config.open_growth.map_or(config.open_for, |growth| growth.cap),
        success_threshold: config.success_threshold,
        half_open_max: config.half_open_max,
        half_open_wait_max: Some(config.half_open_max_wait),
        // Nobody operates the trader; only a venue's ban sets a state.
        forced_causes: vec!["banned".to_owned()],
    }
}

fn opening_rule(policy: &BreakerPolicy) -> OpeningRule {
    let (span, rates) = match *policy {
        BreakerPolicy::Consecutive { failures } => return OpeningRule::Consecutive(failures),
        BreakerPolicy::CountWindow { calls, rates } => (Span::Calls(calls), rates),
        BreakerPolicy::TimeWindow { window, buckets, rates } => {
            (Span::Time { window, grain: window / buckets }, rates)
        }
    };
    OpeningRule::Rates {
        span,
        minimum_calls: rates.minimum_calls,
        failure_percent: rates.failure_percent,
        slow: rates.slow.map(|slow| (slow.longer_than, slow.percent)),
    }
}

fn node_config(scenario: &Scenario, strategy: &StrategySpec) -> Result<NodeConfig, SimError> {
    let endpoint = |host: &str| Endpoint { host: host.to_owned(), port: PORT, tls: false };
    let credentials = Credentials::new(API_KEY, API_SECRET)
        .map_err(|error| SimError::Credentials(error.to_string()))?;
    let mut kraken = KrakenConfig::production(credentials, vec![scenario.market.symbol.clone()]);
    kraken.rest = endpoint(KRAKEN_REST);
    kraken.public_ws = endpoint(KRAKEN_PUBLIC);
    kraken.private_ws = endpoint(KRAKEN_PRIVATE);
    lanes::set_all(&mut kraken, &scenario.trader.lane);
    kraken.tier = match scenario.trader.tier.unwrap_or(scenario.account.tier) {
        Tier::Starter => TraderTier::Starter,
        Tier::Intermediate => TraderTier::Intermediate,
        Tier::Pro => TraderTier::Pro,
    };
    let sinks = scenario.sink.iter().map(|_| node::influx_sink(influx_config()));
    let sinks = sinks.collect::<Result<Vec<_>, _>>()?;
    Ok(NodeConfig {
        kraken,
        strategy: strategy.factory(),
        risk: RiskLimits {
            order_quantity_max: whole(10),
            position_max: whole(10),
            working_orders_max: 5,
        },
        foreign_orders: ForeignOrders::CancelOwn,
        inherit: Some(Duration::from_secs(24 * 3_600)),
        reconcile_every: Duration::from_secs(5),
        visibility_delay: Duration::from_secs(60),
        clock_skew_max: Duration::from_secs(3),
        clock_compare_every: CLOCK_COMPARED_EVERY,
        ask_again: BackoffConfig {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(5),
            jitter: Jitter::Equal,
        },
        switch: scenario.trader.cancel_after.map(SwitchConfig::of),
        startup_max: Duration::from_secs(60),
        settle_max: Duration::from_secs(90),
        flush_max: Duration::from_secs(5),
        grace: Duration::from_secs(10),
        endpoint: None,
        endpoint_hosts: BTreeSet::from([TRADER.to_owned()]),
        optional: sinks.iter().map(|sink| sink.name().to_owned()).collect(),
        sinks,
    })
}

fn whole(units: i64) -> Quantity {
    Quantity::step(0).checked_mul(units).expect("a few whole units are in range")
}

/// The way to the simulated database.
fn influx_config() -> InfluxConfig {
    let token = InfluxToken::new(influx::TOKEN).expect("visible ASCII");
    let endpoint = Endpoint { host: INFLUX.to_owned(), port: PORT, tls: false };
    InfluxConfig::new(endpoint, influx::ORG, influx::BUCKET, token)
}

/// By how much a cost may be off as the venue books it: it rounds to the digits of the asset.
fn cost_rounding(scenario: &Scenario) -> Notional {
    let pair = Pair::by_symbol(&scenario.market.symbol);
    let step = |pair: Pair| Quantity::step(pair.quote.decimals.min(Quantity::DECIMALS));
    pair.map_or(Notional::ZERO, |pair| Notional::from_quantity(step(pair)))
}

/// The simulated venue of a scenario.
fn venue_config(scenario: &Scenario) -> Result<KrakenSimConfig, SimError> {
    let symbol = &scenario.market.symbol;
    let pair =
        Pair::by_symbol(symbol).ok_or_else(|| SimError::UnknownSymbol(symbol.to_string()))?;
    let mut balances: BTreeMap<Asset, Notional> = scenario.trader.balance.clone();
    for asset in [&pair.instrument.base, &pair.instrument.quote] {
        balances.entry(asset.clone()).or_default();
    }
    let account = AccountConfig {
        name: ACCOUNT.to_owned(),
        api_key: API_KEY.to_owned(),
        api_secret: API_SECRET.to_owned(),
        balances,
        tier: match scenario.account.tier {
            Tier::Starter => AccountTier::Starter,
            Tier::Intermediate => AccountTier::Intermediate,
            Tier::Pro => AccountTier::Pro,
        },
        maker_ppm: MAKER_PPM,
        taker_ppm: TAKER_PPM,
        volume: Notional::ZERO,
        nonce_window: 0,
    };
    Ok(KrakenSimConfig::new(vec![account], vec![pair]))
}
