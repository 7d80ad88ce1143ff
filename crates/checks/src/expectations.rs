//! What a run promises: the numbers that the checks compare against.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::Notional;
use model::audit::CallOutcome;

use crate::opening_rule::OpeningRule;

/// The rules that a circuit breaker was configured with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerRules {
    /// What opens it.
    pub opening: OpeningRule,
    /// Time from opening until a probe may pass.
    pub open_for: Duration,
    /// Longest such time, where it grows from trip to trip; equal to `open_for` where it does not.
    pub open_for_max: Duration,
    /// Consecutive successes in `HALF_OPEN` that close it, at least 1.
    pub success_threshold: u32,
    /// Probes that may be in flight at once in `HALF_OPEN`, at least 1.
    pub half_open_max: u32,
    /// Time in `HALF_OPEN` after which lost probes are given up and new ones pass; `None` for never.
    pub half_open_wait_max: Option<Duration>,
    /// Beginnings of the causes with which somebody, not the rules, sets a state.
    pub forced_causes: Vec<String>,
}

impl BreakerRules {
    /// 5 failures open it for 30 s, 2 successes close it, one probe at a time.
    pub fn standard() -> Self {
        Self {
            opening: OpeningRule::Consecutive(5),
            open_for: Duration::from_secs(30),
            open_for_max: Duration::from_secs(30),
            success_threshold: 2,
            half_open_max: 1,
            half_open_wait_max: Some(Duration::from_secs(60)),
            forced_causes: ["forced", "isolated", "reset", "banned"].map(str::to_owned).into(),
        }
    }

    /// True when `cause` says that somebody set the state.
    pub(crate) fn is_forced(&self, cause: &str) -> bool {
        self.forced_causes.iter().any(|forced| cause.starts_with(forced.as_str()))
    }
}

/// What a call of the trader must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRule {
    /// The breaker that must let it pass; `None` for a call that none guards.
    pub breaker: Option<String>,
    /// Longest bound that the call may set itself.
    pub bound_max: Duration,
}

/// How a call that went wrong must be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRule {
    /// Beginning of the operations that it is for: `kraken/`.
    pub op: String,
    /// Beginning of what such a call says of itself.
    pub error: String,
    /// As what it counts.
    pub outcome: CallOutcome,
}

/// How often the calls of a lane may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryRule {
    /// Retries of one call.
    pub retries_max: u32,
    /// Retries that all calls together may have saved up.
    pub saved_max: u32,
    /// Retries that calls earn, in percent of the calls.
    pub calls_percent: u32,
    /// Retries that time earns, per second.
    pub per_second: u32,
}

/// How long a lost stream waits before it connects again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconnectRule {
    /// Longest first wait; it doubles from try to try.
    pub base: Duration,
    /// Longest of all waits.
    pub cap: Duration,
    /// Part of the longest wait that is not left to chance, 0 to 100.
    pub least_percent: u32,
    /// Time for which a stream must have been live before its waits begin anew.
    pub settled_after: Duration,
}

/// The venue's dead man's switch: it cancels all orders of the account when it does not hear of the trader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchRule {
    /// The operation by which it hears: `kraken/CancelAllOrdersAfter`.
    pub op: String,
    /// Time after which it fires.
    pub timeout: Duration,
}

/// How often something may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// So many times within any window of a length.
    Window {
        /// Most times within one window.
        count: u32,
        /// Length of the window, which may lie anywhere.
        window: Duration,
    },
    /// As a counter allows that each time raises by one.
    Counter(CounterRate),
}

/// A counter that falls at a constant rate, down to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterRate {
    /// Highest value.
    pub max: u32,
    /// How fast it falls, in thousandths of a unit per second.
    pub decay_milli_per_s: u32,
}

/// How often calls may begin that the venue counts together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateRule {
    /// Which calls: `kraken/OpenOrders`.
    pub ops: BTreeSet<String>,
    /// Limits, all of which must hold.
    pub limits: Vec<Rate>,
}

/// How many orders and cancels of one pair may take effect at the venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCounter {
    /// The counter of each pair.
    pub counter: CounterRate,
    /// By how much an order raises it.
    pub order_weight: u32,
    /// By how much a cancel raises it: ages in rising order, each with the weight of a cancel of an order
    /// below that age. Beyond the last it weighs nothing.
    pub cancel_weights: Vec<(Duration, u32)>,
}

/// What the venue allows the trader's account and address, whatever the trader believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueLimits {
    /// The counter of a key's calls.
    pub calls: CounterRate,
    /// By how much a call raises it, by name of the operation; others do not count.
    pub call_weights: BTreeMap<String, u32>,
    /// The operation that sends an order.
    pub order_op: String,
    /// The operation that sends a cancel.
    pub cancel_op: String,
    /// The counter of each pair's orders and cancels.
    pub orders: OrderCounter,
    /// Most open orders of a pair.
    pub open_orders_max: usize,
    /// Operations that begin with an attempt to connect, which the venue counts together.
    pub connects: BTreeSet<String>,
    /// Most of them within any window.
    pub connects_max: u32,
    /// Length of that window.
    pub connects_window: Duration,
}

/// Streams that a fault makes silent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Silence {
    /// Their names: `kraken/public`.
    pub streams: BTreeSet<String>,
    /// Whether those fall silent, too, that become live while it lasts.
    pub later: bool,
}

/// What a run promises. Made from the scenario, never from what the run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectations {
    /// Virtual length of the run, up to the shutdown.
    pub length: Duration,
    /// When every fault is healed and the phase `calm` starts; zero for a run without faults.
    pub heal_at: Duration,
    /// Time after `heal_at` within which everything must work again.
    pub recover_within: Duration,
    /// When the trader is told to stop; `None` for a run that is cut short before.
    ///
    /// What a cut run has not come to is not held against it.
    pub shutdown_at: Option<Duration>,
    /// Time within which the trader must have stopped after it was told to.
    pub shutdown_within: Duration,
    /// Account of the trader at the venue.
    pub account: String,
    /// Host on which the trader runs.
    pub trader_host: String,
    /// Numbers of the planned faults.
    pub faults: BTreeSet<u32>,
    /// Those of them that may find nothing to strike.
    pub faults_may_miss: BTreeSet<u32>,
    /// Rules of the breakers that have none of their own.
    pub breaker: BreakerRules,
    /// Rules of single breakers, by name.
    pub breakers: BTreeMap<String, BreakerRules>,
    /// Every operation that the trader may call, by name: `kraken/AddOrder`, `kraken/public/connect`.
    pub calls: BTreeMap<String, CallRule>,
    /// Operations each call of which asks what became of one order of which nobody knows whether it is at the venue.
    pub questions: BTreeSet<String>,
    /// How calls behind a breaker must be counted that say what went wrong; the first rule that fits decides, and
    /// what none names may count as anything.
    pub outcomes: Vec<OutcomeRule>,
    /// Budgets of retries, by lane: `kraken/read`.
    pub retries: BTreeMap<String, RetryRule>,
    /// Pace of reconnects; `None` if nobody promises that.
    pub reconnect: Option<ReconnectRule>,
    /// Every stream that the trader must run: `kraken/public`.
    pub streams: BTreeSet<String>,
    /// What falls silent by a fault, by its number.
    pub silences: BTreeMap<u32, Silence>,
    /// How far behind a fault may leave a book that is claimed to be in sync, by its number.
    pub lags: BTreeMap<u32, Duration>,
    /// How long after the end of a fault something may still arrive that it kept on its way, by its number.
    pub under_way: BTreeMap<u32, Duration>,
    /// Numbers of the faults that stop the trader's process for a while: it is late with everything by them.
    pub freezes: BTreeSet<u32>,
    /// Numbers of the faults that stop the venue for a while: what it does by itself it does afterwards.
    pub venue_stops: BTreeSet<u32>,
    /// The dead man's switch of the trader; `None` if it uses none.
    pub switch: Option<SwitchRule>,
    /// Numbers of the faults that damage what the trader hears of the market.
    pub damaging: BTreeSet<u32>,
    /// Of whose health the trader must tell that it is unwell while a breaker is open or a stream is down, by the name
    /// of that: `kraken/public`, `kraken/read`, `influx/write`.
    pub dependencies: BTreeMap<String, String>,
    /// Operations that the trader may not call while it was asked to wait.
    pub paused: BTreeSet<String>,
    /// Longest time from an error to what follows from it without any waiting.
    pub react_within: Duration,
    /// Hosts of the databases that the trader must write into.
    pub sinks: BTreeSet<String>,
    /// How often calls may begin, by name of what the venue counts.
    pub rates: BTreeMap<String, RateRule>,
    /// How many orders and cancels may take effect; `None` if nobody promises that.
    pub order_counter: Option<OrderCounter>,
    /// What the venue allows; `None` if nobody said that.
    pub venue_limits: Option<VenueLimits>,
    /// Breakers that must open, and the time for that from the beginning of the first fault.
    ///
    /// Empty where the faults need not open any.
    pub opens: BTreeMap<String, Duration>,
    /// How far two times may differ that should be equal: ticks and the rounding of timers.
    pub time_slack: Duration,
    /// Longest silence of a connection before its stream must stop to claim that it is live.
    pub silence_max: Duration,
    /// Shortest silence of a connection for which its stream may be given up; `None` if nobody promises that.
    pub silence_least: Option<Duration>,
    /// Numbers of the faults that lose messages of the private stream, so that the numbers of later ones show it.
    pub gaps: BTreeSet<u32>,
    /// Numbers of the faults by which the private stream may hear later of what the venue tells it, or never.
    pub hampers: BTreeSet<u32>,
    /// How long a stream must stay away to which a fault refuses a dial, by the fault's number; zero where it does not
    /// say.
    pub dial_refusals: BTreeMap<u32, Duration>,
    /// Whether the strategy quotes around the book: it has always something to offer, and nothing without a book.
    pub quotes: bool,
    /// Time after which an order that was sent must not take effect; `None` if nobody promises that.
    pub order_deadline: Option<Duration>,
    /// Age above which a book that is claimed to be in sync is wrong.
    pub book_lag_max: Duration,
    /// Time without any news of an order after which both ends must agree on it.
    pub quiet_for: Duration,
    /// Parts of a call's error that prove that nothing of the request left the trader.
    pub not_sent_errors: Vec<String>,
    /// Rounding of a cost by the venue, per fill, in quote units.
    pub cost_rounding: Notional,
    /// Names of the checks that may find nothing to examine.
    pub vacuous_allowed: BTreeSet<String>,
}

impl Expectations {
    /// Expectations of a run that heals at `heal_at`, with the usual values for everything else.
    ///
    /// There are no usual calls, streams and rates: the checks that need them find nothing to
    /// examine until they are told, which fails the run.
    pub fn new(length: Duration, heal_at: Duration, recover_within: Duration) -> Self {
        Self {
            length,
            heal_at,
            recover_within,
            shutdown_at: None,
            shutdown_within: Duration::from_secs(120),
            account: "trader".to_owned(),
            trader_host: "trader".to_owned(),
            faults: BTreeSet::new(),
            faults_may_miss: BTreeSet::new(),
            breaker: BreakerRules::standard(),
            breakers: BTreeMap::new(),
            calls: BTreeMap::new(),
            questions: BTreeSet::new(),
            outcomes: Vec::new(),
            retries: BTreeMap::new(),
            reconnect: None,
            streams: BTreeSet::new(),
            sinks: BTreeSet::new(),
            silences: BTreeMap::new(),
            lags: BTreeMap::new(),
            under_way: BTreeMap::new(),
            freezes: BTreeSet::new(),
            venue_stops: BTreeSet::new(),
            switch: None,
            damaging: BTreeSet::new(),
            dependencies: BTreeMap::new(),
            paused: BTreeSet::new(),
            react_within: Duration::from_secs(1),
            rates: BTreeMap::new(),
            order_counter: None,
            venue_limits: None,
            opens: BTreeMap::new(),
            time_slack: Duration::from_millis(20),
            silence_max: Duration::from_secs(20),
            silence_least: None,
            gaps: BTreeSet::new(),
            hampers: BTreeSet::new(),
            dial_refusals: BTreeMap::new(),
            quotes: false,
            order_deadline: None,
            book_lag_max: Duration::from_secs(1),
            quiet_for: Duration::from_secs(2),
            not_sent_errors: ["cannot connect", "no connection", "before the request was sent"]
                .map(str::to_owned)
                .into(),
            cost_rounding: Notional::ZERO,
            vacuous_allowed: BTreeSet::new(),
        }
    }

    /// Whether a check, by its name, has anything to do with this run: some are for promises that few scenarios make.
    pub fn ask(&self, check: &str) -> bool {
        match check {
            "breakers-opened" => !self.opens.is_empty(),
            "quotes-in-sync" => self.quotes,
            "switch-kept" => self.switch.is_some(),
            _ => true,
        }
    }

    /// True for a run that is cut short before its shutdown.
    pub(crate) const fn is_cut(&self) -> bool {
        self.shutdown_at.is_none()
    }

    /// The rules of a breaker.
    pub(crate) fn rules(&self, breaker: &str) -> &BreakerRules {
        self.breakers.get(breaker).unwrap_or(&self.breaker)
    }

    /// When everything must work again, nanoseconds since the start of the run.
    pub(crate) fn recovered_by_ns(&self) -> u64 {
        nanos(self.heal_at.saturating_add(self.recover_within))
    }

    /// [`Self::time_slack`] in nanoseconds.
    pub(crate) fn slack_ns(&self) -> u64 {
        nanos(self.time_slack)
    }
}

/// Nanoseconds of a duration; 584 years at most.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
