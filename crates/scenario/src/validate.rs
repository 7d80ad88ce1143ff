//! What types cannot say: ranges, order, overlap.

use std::time::Duration;

use crate::document::{Document, Step};
use crate::duration::format_duration;
use crate::error::ScenarioError;
use crate::fault::{Fault, Repeat};
use crate::file::File;
use crate::storm::{Family, Storm};

/// Bounds of the values of a scenario.
pub mod limits {
    use std::time::Duration;

    /// Largest scenario file.
    pub const BYTES_MAX: u64 = 1 << 20;
    /// The only schema so far.
    pub const SCHEMA: i64 = 1;
    /// Longest `purpose`, in characters.
    pub const PURPOSE_CHARS_MAX: usize = 200;
    /// Longest `strategy`, in characters.
    pub const STRATEGY_CHARS_MAX: usize = 200;
    /// Shortest run.
    pub const LENGTH_MIN: Duration = Duration::from_secs(1);
    /// Longest run.
    pub const LENGTH_MAX: Duration = Duration::from_hours(7 * 24);
    /// Largest latency: beyond it, every request of the trader would time out.
    pub const LATENCY_MAX: Duration = Duration::from_secs(10);
    /// Most faults of one scenario.
    pub const FAULTS_MAX: usize = 1_000;
    /// Faults that a storm draws at most, where nothing is said.
    pub const STORM_FAULTS_DEFAULT: u32 = 100;
    /// Families of one storm.
    pub const FAMILIES_MAX: usize = 100;
    /// Share of the seeds that have a family, where nothing is said.
    pub const SEEDS_PERCENT_DEFAULT: u32 = 50;
    /// Combinations of the values that a family names, those at the ends of ranges counted.
    pub const COMBINATIONS_MAX: usize = 4_096;
    /// HTTP statuses that say that a request failed.
    pub const REST_STATUS: std::ops::RangeInclusive<u16> = 400..=599;
    /// What a header `Retry-After` may ask for.
    pub const RETRY_AFTER: std::ops::RangeInclusive<Duration> =
        Duration::from_secs(1)..=Duration::from_hours(1);
    /// How late a slow answer may come.
    pub const DELAY: std::ops::RangeInclusive<Duration> =
        Duration::from_millis(1)..=Duration::from_hours(1);
    /// How much later bytes may come, and the time between two drops of them.
    pub const LATENCY: std::ops::RangeInclusive<Duration> =
        Duration::from_millis(1)..=Duration::from_mins(1);
    /// How old an order may be before the venue's lists know it.
    pub const VISIBLE_AFTER: std::ops::RangeInclusive<Duration> = LATENCY;
    /// At which age sessions may be closed.
    pub const SESSION_AGE: std::ops::RangeInclusive<Duration> =
        Duration::from_millis(1)..=Duration::from_hours(24);
    /// How far a clock may jump.
    pub const CLOCK_JUMP: std::ops::RangeInclusive<Duration> = SESSION_AGE;
    /// How long a token may live.
    pub const TOKEN_LIFE: std::ops::RangeInclusive<Duration> =
        Duration::ZERO..=Duration::from_mins(15);
    /// Connections that a host may serve at once.
    pub const POOL: std::ops::RangeInclusive<u32> = 0..=1_000;
    /// Connections that a fault may strike at once.
    pub const STRUCK_CONNECTIONS: std::ops::RangeInclusive<u32> = 1..=1_000;
    /// Bytes of a piece.
    pub const PIECE: std::ops::RangeInclusive<u32> = 1..=1_000_000;
    /// Bytes before a connection ends.
    pub const TRUNCATED: std::ops::RangeInclusive<u32> = 0..=1_000_000;
    /// Bytes per second.
    pub const BANDWIDTH: std::ops::RangeInclusive<u32> = 10..=1_000_000_000;
    /// One in so many is struck.
    pub const ONE_IN: std::ops::RangeInclusive<u32> = 1..=1_000_000_000;
    /// Characters of a venue's error.
    pub const ERROR_CHARS: std::ops::RangeInclusive<usize> = 3..=200;
    /// Characters of a stray message.
    pub const TEXT_CHARS: std::ops::RangeInclusive<usize> = 1..=200;
    /// Codes with which a WebSocket session may be closed.
    pub const CLOSE_CODES: std::ops::RangeInclusive<u32> = 1_000..=4_999;
    /// Those among them that nobody may send.
    pub const CLOSE_CODES_RESERVED: [u32; 3] = [1_004, 1_005, 1_015];
    /// How often a fault may come back.
    pub const TIMES: std::ops::RangeInclusive<u32> = 2..=1_000;
    /// REST methods that the simulated venue offers.
    pub const REST_METHODS: &[&str] = &[
        "Time",
        "SystemStatus",
        "Assets",
        "AssetPairs",
        "Ticker",
        "Depth",
        "Balance",
        "OpenOrders",
        "ClosedOrders",
        "QueryOrders",
        "AddOrder",
        "CancelOrder",
        "CancelAll",
        "CancelAllOrdersAfter",
        "GetWebSocketsToken",
    ];
    /// Time of the dead man's switch.
    pub const CANCEL_AFTER: std::ops::RangeInclusive<Duration> =
        Duration::from_secs(10)..=Duration::from_hours(24);
    /// Numbers of failures, successes and probes that a breaker waits for.
    pub const THRESHOLD: std::ops::RangeInclusive<u32> = 1..=65_535;
    /// Calls of a breaker's window.
    pub const WINDOW_CALLS: std::ops::RangeInclusive<u32> = 1..=10_000;
    /// Parts of a breaker's window of time.
    pub const BUCKETS: std::ops::RangeInclusive<u32> = 1..=100;
    /// Parts of a breaker's window of time where nothing is said.
    pub const BUCKETS_DEFAULT: u32 = 10;
    /// Shares of calls that open a breaker.
    pub const PERCENT: std::ops::RangeInclusive<u32> = 1..=100;
    /// By which factor the time in which a breaker is open may grow.
    pub const GROWTH: std::ops::RangeInclusive<u32> = 1..=100;
    /// Retries of one call.
    pub const RETRIES: std::ops::RangeInclusive<u32> = 0..=100;
    /// Retries of all calls together, in percent of the calls.
    pub const BUDGET_PERCENT: std::ops::RangeInclusive<u32> = 0..=100;
    /// The same per second.
    pub const BUDGET_PER_SECOND: std::ops::RangeInclusive<u32> = 0..=1_000;
    /// Retries that can be saved up.
    pub const BUDGET_SAVED: std::ops::RangeInclusive<u32> = 1..=1_000;
    /// Times of a lane.
    pub const LANE_TIME: std::ops::RangeInclusive<Duration> =
        Duration::from_millis(1)..=Duration::from_hours(1);
    /// Waits of a lane.
    pub const LANE_WAIT: std::ops::RangeInclusive<Duration> =
        Duration::ZERO..=Duration::from_hours(1);
    /// Time between the end of the recovery and the end of the run, in which everything must stay well.
    pub const CALM_MIN: Duration = Duration::from_secs(10);
}

const PURPOSE: [Step<'_>; 1] = [Step::Key("purpose")];
const LENGTH: [Step<'_>; 2] = [Step::Key("run"), Step::Key("length")];
const TICK: [Step<'_>; 2] = [Step::Key("run"), Step::Key("tick")];
const TAPE: [Step<'_>; 2] = [Step::Key("market"), Step::Key("tape")];
const LATENCY_MIN: [Step<'_>; 2] = [Step::Key("network"), Step::Key("latency_min")];
const LATENCY_MAX: [Step<'_>; 2] = [Step::Key("network"), Step::Key("latency_max")];
const STRATEGY: [Step<'_>; 2] = [Step::Key("trader"), Step::Key("strategy")];
const BALANCE: [Step<'_>; 2] = [Step::Key("trader"), Step::Key("balance")];
const CANCEL_AFTER: [Step<'_>; 2] = [Step::Key("trader"), Step::Key("cancel_after")];
const RECOVER: [Step<'_>; 2] = [Step::Key("expect"), Step::Key("recover_within")];
const FAULT: [Step<'_>; 1] = [Step::Key("fault")];
const STORM: [Step<'_>; 1] = [Step::Key("storm")];

/// Checks one file, table by table.
pub(crate) fn validate(
    document: &Document<'_>,
    file: &File,
    faults: &[Fault],
    storm: Option<&Storm>,
) -> Result<(), ScenarioError> {
    texts(document, file)?;
    run(document, file)?;
    network(document, file)?;
    balance(document, file)?;
    switch(document, file)?;
    lanes(document, file)?;
    for (index, fault) in faults.iter().enumerate() {
        one_fault(document, file, index, fault)?;
    }
    if let Some(storm) = storm {
        one_storm(document, file, storm)?;
    }
    overlaps(document, faults, storm)?;
    recovery(document, file, faults, storm)
}

fn texts(document: &Document<'_>, file: &File) -> Result<(), ScenarioError> {
    let is_line = |text: &str, chars_max: usize| {
        !text.trim().is_empty() && !text.contains('\n') && text.chars().count() <= chars_max
    };
    let line = |chars_max: usize| format!("one line of 1 to {chars_max} characters");
    let (purpose_max, strategy_max) = (limits::PURPOSE_CHARS_MAX, limits::STRATEGY_CHARS_MAX);
    require(is_line(&file.purpose, purpose_max), document, &PURPOSE, || line(purpose_max))?;
    let strategy = &file.trader.strategy;
    require(is_line(strategy, strategy_max), document, &STRATEGY, || line(strategy_max))?;
    require(!file.market.tape.as_os_str().is_empty(), document, &TAPE, || {
        "the path of a file with recorded trades".to_owned()
    })
}

fn run(document: &Document<'_>, file: &File) -> Result<(), ScenarioError> {
    let length = limits::LENGTH_MIN..=limits::LENGTH_MAX;
    let fits = length.contains(&file.run.length) && is_millis(file.run.length);
    require(fits, document, &LENGTH, || {
        let (min, max) = (format_duration(*length.start()), format_duration(*length.end()));
        format!("a length from {min} to {max}, in whole milliseconds")
    })?;
    let tick = file.run.tick;
    require(is_millis(tick) && !tick.is_zero(), document, &TICK, || {
        "a tick of whole milliseconds, at least 1ms".to_owned()
    })
}

fn network(document: &Document<'_>, file: &File) -> Result<(), ScenarioError> {
    let (min, max, tick) = (file.network.latency_min, file.network.latency_max, file.run.tick);
    require(is_millis(min), document, &LATENCY_MIN, || {
        "a latency of whole milliseconds".to_owned()
    })?;
    require(is_millis(max) && max <= limits::LATENCY_MAX, document, &LATENCY_MAX, || {
        let limit = format_duration(limits::LATENCY_MAX);
        format!("a latency of whole milliseconds, at most {limit}")
    })?;
    // A default cannot be wrong: the error points at the key that somebody wrote.
    let (shown, expected) = if document.get(&TICK).is_some() {
        let min = format_duration(min);
        (&TICK, format!("a tick of at most `latency_min`, which is {min}"))
    } else {
        let tick = format_duration(tick);
        (&LATENCY_MIN, format!("a latency of at least `tick`, which is {tick}"))
    };
    require(tick <= min, document, shown, || expected)?;
    let (shown, expected) = if document.get(&LATENCY_MAX).is_some() {
        let min = format_duration(min);
        (&LATENCY_MAX, format!("a latency of at least `latency_min`, which is {min}"))
    } else {
        let max = format_duration(max);
        (&LATENCY_MIN, format!("a latency of at most `latency_max`, which is {max}"))
    };
    require(min <= max, document, shown, || expected)
}

fn balance(document: &Document<'_>, file: &File) -> Result<(), ScenarioError> {
    let (base, quote) = (file.market.base(), file.market.quote());
    for asset in file.trader.balance.keys() {
        let key = [BALANCE[0], BALANCE[1], Step::Key(asset.as_str())];
        require(*asset == base || *asset == quote, document, &key, || {
            format!("an asset of {}: `{base}` or `{quote}`", file.market.symbol)
        })?;
    }
    let something = file.trader.balance.values().any(|amount| !amount.is_zero());
    require(something, document, &BALANCE, || {
        format!("an amount above zero of `{base}` or `{quote}`")
    })
}

fn switch(document: &Document<'_>, file: &File) -> Result<(), ScenarioError> {
    let range = limits::CANCEL_AFTER;
    let fits = |after: Duration| after.subsec_nanos() == 0 && range.contains(&after);
    require(file.trader.cancel_after.is_none_or(fits), document, &CANCEL_AFTER, || {
        let (min, max) = (format_duration(*range.start()), format_duration(*range.end()));
        format!("whole seconds from {min} to {max}")
    })
}

fn lanes(document: &Document<'_>, file: &File) -> Result<(), ScenarioError> {
    for (name, lane) in &file.trader.lane {
        if let Some((key, expected)) = lane.problem() {
            let table = [Step::Key("trader"), Step::Key("lane"), Step::Key(name.as_str())];
            let path = [&table[..], &[Step::Key(key)]].concat();
            return Err(document.expected(&path, expected));
        }
    }
    Ok(())
}

fn one_fault(
    document: &Document<'_>,
    file: &File,
    index: usize,
    fault: &Fault,
) -> Result<(), ScenarioError> {
    let key = |name| [FAULT[0], Step::Index(index), Step::Key(name)];
    let length = file.run.length;
    for (name, duration) in [("at", fault.at), ("for", fault.lasts)] {
        require(is_millis(duration), document, &key(name), || "whole milliseconds".to_owned())?;
    }
    if let Some((name, expected)) = fault.kind.problem() {
        return Err(document.expected(&key(name), expected));
    }
    let has_target = file.sink.is_some() || !fault.kind.strikes_sink();
    require(has_target, document, &key("kind"), || {
        "a scenario with a table [sink], which this fault strikes".to_owned()
    })?;
    require(fault.at < length, document, &key("at"), || {
        format!("a time before the end of the run, which is {}", format_duration(length))
    })?;
    require(!fault.lasts.is_zero(), document, &key("for"), || "a duration above zero".to_owned())?;
    if let Some(repeat) = fault.repeat {
        repeats(document, file, index, fault, repeat)?;
    } else {
        require(fault.until() <= length, document, &key("for"), || {
            let left = format_duration(length.saturating_sub(fault.at));
            format!("at most {left}, which is what is left of the run")
        })?;
    }
    Ok(())
}

fn repeats(
    document: &Document<'_>,
    file: &File,
    index: usize,
    fault: &Fault,
    Repeat { every, times }: Repeat,
) -> Result<(), ScenarioError> {
    let key = |name| [FAULT[0], Step::Index(index), Step::Key(name)];
    require(limits::TIMES.contains(&times), document, &key("times"), || {
        format!("{} to {} times", limits::TIMES.start(), limits::TIMES.end())
    })?;
    require(every >= fault.lasts && is_millis(every), document, &key("every"), || {
        let lasts = format_duration(fault.lasts);
        format!("whole milliseconds, at least as long as the fault lasts, which is {lasts}")
    })?;
    require(fault.until() <= file.run.length, document, &key("times"), || {
        let (until, length) = (format_duration(fault.until()), format_duration(file.run.length));
        format!("an end within the run, which is {length} long; the last time ends at {until}")
    })
}

fn one_storm(document: &Document<'_>, file: &File, storm: &Storm) -> Result<(), ScenarioError> {
    let key = |name| [STORM[0], Step::Key(name)];
    let length = file.run.length;
    for (name, duration) in [("at", storm.at), ("for", storm.lasts)] {
        require(is_millis(duration), document, &key(name), || "whole milliseconds".to_owned())?;
    }
    require(storm.at < length, document, &key("at"), || {
        format!("a time before the end of the run, which is {}", format_duration(length))
    })?;
    require(!storm.lasts.is_zero(), document, &key("for"), || "a duration above zero".to_owned())?;
    require(storm.until() <= length, document, &key("for"), || {
        let left = format_duration(length.saturating_sub(storm.at));
        format!("at most {left}, which is what is left of the run")
    })?;
    require(storm.faults_max > 0, document, &key("faults_max"), || "at least 1".to_owned())?;
    for (index, family) in storm.families.iter().enumerate() {
        one_family(document, file, index, family)?;
    }
    Ok(())
}

fn one_family(
    document: &Document<'_>,
    file: &File,
    index: usize,
    family: &Family,
) -> Result<(), ScenarioError> {
    let key = |name| [STORM[0], Step::Key("family"), Step::Index(index), Step::Key(name)];
    let has_target = file.sink.is_some() || !family.strikes_sink();
    require(has_target, document, &key("kind"), || {
        "a scenario with a table [sink], which this fault strikes".to_owned()
    })?;
    let percent = family.seeds_percent;
    require(limits::PERCENT.contains(&percent), document, &key("seeds_percent"), || {
        format!("{} to {}", limits::PERCENT.start(), limits::PERCENT.end())
    })?;
    let ranges = [("every_min", "every_max", family.every), ("for_min", "for_max", family.lasts)];
    for (low, high, (min, max)) in ranges {
        require(is_millis(min) && !min.is_zero(), document, &key(low), || {
            "whole milliseconds, above zero".to_owned()
        })?;
        require(is_millis(max) && max >= min, document, &key(high), || {
            format!("whole milliseconds, at least `{low}`, which is {}", format_duration(min))
        })?;
    }
    Ok(())
}

fn overlaps(
    document: &Document<'_>,
    faults: &[Fault],
    storm: Option<&Storm>,
) -> Result<(), ScenarioError> {
    let explicit = faults.iter().map(|fault| fault.repeat.map_or(1, |repeat| repeat.times));
    let drawn = storm.map_or(0, |storm| storm.faults_max);
    let total = explicit.fold(drawn, u32::saturating_add);
    require(fits_faults(total), document, if drawn == 0 { &FAULT } else { &STORM }, || {
        let max = limits::FAULTS_MAX;
        format!("at most {max} faults, those that come back counted each time, and `faults_max`")
    })?;
    for (index, fault) in faults.iter().enumerate() {
        let other = faults.iter().take(index).position(|other| {
            let meets = |(at, until)| {
                other.spells().any(|(other_at, other_until)| other_at < until && at < other_until)
            };
            other.kind.collides_with(&fault.kind) && fault.spells().any(meets)
        });
        if let Some(other) = other {
            let element = [FAULT[0], Step::Index(other)];
            let line = document.get(&element).map_or(1, |value| document.line(value.span().start));
            let name = fault.kind.name();
            let expected = format!("no overlap with the `{name}` of line {line}");
            let key = [FAULT[0], Step::Index(index), Step::Key("at")];
            return Err(document.expected(&key, expected));
        }
    }
    Ok(())
}

fn fits_faults(total: u32) -> bool {
    usize::try_from(total).is_ok_and(|total| total <= limits::FAULTS_MAX)
}

/// The run must leave time to recover after the last fault, and to stay calm after that.
fn recovery(
    document: &Document<'_>,
    file: &File,
    faults: &[Fault],
    storm: Option<&Storm>,
) -> Result<(), ScenarioError> {
    let within = file.expect.recover_within;
    require(!within.is_zero(), document, &RECOVER, || "a duration above zero".to_owned())?;
    require(is_millis(within), document, &RECOVER, || "whole milliseconds".to_owned())?;
    for (breaker, bound) in &file.expect.opens {
        let key = [Step::Key("expect"), Step::Key("opens"), Step::Key(breaker)];
        require(!bound.is_zero(), document, &key, || "a duration above zero".to_owned())?;
        require(is_millis(*bound), document, &key, || "whole milliseconds".to_owned())?;
        require(!faults.is_empty(), document, &key, || "a fault that could open it".to_owned())?;
    }
    let ends = faults.iter().map(Fault::until).chain(storm.map(Storm::until));
    let healed_at = ends.max().unwrap_or(Duration::ZERO);
    let needed = healed_at.saturating_add(within).saturating_add(limits::CALM_MIN);
    require(needed <= file.run.length, document, &LENGTH, || {
        format!(
            "at least {}: faults until {}, {} to recover, {} of calm",
            format_duration(needed),
            format_duration(healed_at),
            format_duration(within),
            format_duration(limits::CALM_MIN)
        )
    })
}

fn require(
    holds: bool,
    document: &Document<'_>,
    path: &[Step<'_>],
    expected: impl FnOnce() -> String,
) -> Result<(), ScenarioError> {
    if holds { Ok(()) } else { Err(document.expected(path, expected())) }
}

fn is_millis(duration: Duration) -> bool {
    duration.subsec_nanos().is_multiple_of(1_000_000)
}
