//! What a run promises about rates, from the client's configuration.
//!
//! A limiter bounds when requests pass it. They begin later, by the time that they wait for a
//! connection and for the key, and take effect at the venue later still. Each of these may shift one
//! request against another, so the promise is wider than the limit by what fits into that time.

use std::collections::BTreeMap;
use std::time::Duration;

use checks::{CounterRate, OrderCounter, Rate, RateRule};
use kraken::KrakenConfig;
use kraken::tier::{CANCEL_WEIGHTS, ORDER_WEIGHT};
use resilience::{CounterLimit, LimiterConfig};
use scenario::FaultPlan;
use store::influx::InfluxConfig;

/// Public requests of the address.
const PUBLIC: &[&str] = &["Time", "SystemStatus", "AssetPairs", "Ticker", "Depth"];

/// Private requests of the key, other than orders and cancels.
pub(crate) const PRIVATE: &[&str] = &[
    "Balance",
    "OpenOrders",
    "ClosedOrders",
    "QueryOrders",
    "QueryTrades",
    "GetWebSocketsToken",
    "CancelAll",
    "CancelAllOrdersAfter",
];

/// Dials of both streams.
pub(crate) const DIALS: &[&str] = &["public/connect", "private/connect"];

/// How often calls may begin, by name of the limiter.
pub(crate) fn rates(config: &KrakenConfig) -> BTreeMap<String, RateRule> {
    let rest = LimiterConfig::Counter(config.rest_limit());
    let queue_max = config.queue_max();
    let rules = [
        ("public", PUBLIC, &config.public_limit, queue_max),
        ("rest", PRIVATE, &rest, queue_max),
        // A dial waits for nothing after its turn at the limiter.
        ("dials", DIALS, &config.dial_limit, Duration::ZERO),
    ];
    let rule = |(name, ops, limit, shift): (&str, &[&str], &LimiterConfig, Duration)| {
        let ops = ops.iter().map(|op| format!("kraken/{op}")).collect();
        (format!("kraken/{name}"), RateRule { ops, limits: limits(limit, shift) })
    };
    rules.into_iter().map(rule).collect()
}

/// How many orders and cancels may take effect. What is sent while the network hangs arrives together
/// when it heals.
pub(crate) fn order_counter(config: &KrakenConfig, plan: &FaultPlan) -> OrderCounter {
    let hangs = plan.faults.iter().map(|fault| fault.until.saturating_sub(fault.at)).max();
    let attempt = config.order_lane.attempt_timeout.max(config.cancel_lane.attempt_timeout);
    let shift = config.queue_max() + attempt + hangs.unwrap_or_default();
    OrderCounter {
        counter: counter(config.engine_limit(), shift),
        order_weight: ORDER_WEIGHT,
        cancel_weights: CANCEL_WEIGHTS.steps.to_vec(),
    }
}

/// How often points may be written.
pub(crate) fn sink_rate(op: &str, config: &InfluxConfig) -> RateRule {
    let limits = limits(&config.limit, config.http.permit_wait_max);
    RateRule { ops: [op.to_owned()].into(), limits }
}

fn limits(limit: &LimiterConfig, shift: Duration) -> Vec<Rate> {
    match limit {
        LimiterConfig::Counter(limit) => vec![Rate::Counter(counter(*limit, shift))],
        LimiterConfig::Windows(limits) => {
            // What begins within one window passed within that window and the shift before it.
            let windows = |window: Duration| 1 + shift.as_nanos().div_ceil(window.as_nanos());
            let rate = |limit: &resilience::WindowLimit| Rate::Window {
                count: limit
                    .capacity
                    .saturating_mul(windows(limit.window).try_into().unwrap_or(u32::MAX)),
                window: limit.window,
            };
            limits.iter().map(rate).collect()
        }
    }
}

fn counter(limit: CounterLimit, shift: Duration) -> CounterRate {
    let falls = shift.as_millis() * u128::from(limit.decay_milli_per_s);
    let falls = u32::try_from(falls.div_ceil(1_000_000)).unwrap_or(u32::MAX);
    CounterRate { max: limit.max.saturating_add(falls), decay_milli_per_s: limit.decay_milli_per_s }
}

#[cfg(test)]
mod tests {
    use resilience::WindowLimit;

    use super::*;

    #[test]
    fn a_promise_is_wider_by_what_fits_into_the_shift() {
        let seconds = Duration::from_secs;
        let rest = CounterLimit { max: 18, decay_milli_per_s: 450 };
        assert_eq!(counter(rest, seconds(15)).max, 18 + 7);
        assert_eq!(counter(rest, Duration::ZERO).max, 18);
        let windows = |capacity, window, shift| {
            limits(&LimiterConfig::Windows(vec![WindowLimit { capacity, window }]), shift)
        };
        let window = |count, window| vec![Rate::Window { count, window }];
        assert_eq!(windows(120, seconds(600), Duration::ZERO), window(120, seconds(600)));
        assert_eq!(windows(5, seconds(5), seconds(15)), window(20, seconds(5)));
    }
}
