//! All checks, in the order in which they are reported.

use model::history::Record;

use crate::check::{Check, CheckResult, Class};
use crate::expectations::Expectations;
use crate::{
    book_equal, breaker_open_blocks, breaker_transitions, breakers_opened, calls_known,
    doubts_cleared, faults_struck, gaps_noticed, health_told, history_sound, live_is_earned,
    market_in_order, money_conserved, no_duplicate_order, nothing_kept, nothing_left_behind,
    nothing_swallowed, orders_as_wanted, orders_equal, orders_followed, orders_timely,
    outcomes_counted, outcomes_true, pauses_honoured, positions_equal, quotes_in_sync,
    rates_bounded, reconnects_paced, recovered, refusals_caused, retries_bounded, silence_noticed,
    sink_complete, switch_kept, trading_resumed, venue_limits, waits_bounded,
};

/// Every check there is.
pub const ALL: &[Check] = &[
    history_sound::CHECK,
    faults_struck::CHECK,
    breaker_transitions::CHECK,
    breaker_open_blocks::CHECK,
    breakers_opened::CHECK,
    calls_known::CHECK,
    outcomes_counted::CHECK,
    refusals_caused::CHECK,
    retries_bounded::CHECK,
    waits_bounded::CHECK,
    rates_bounded::CHECK,
    venue_limits::CHECK,
    pauses_honoured::CHECK,
    live_is_earned::CHECK,
    silence_noticed::CHECK,
    doubts_cleared::CHECK,
    reconnects_paced::CHECK,
    health_told::CHECK,
    book_equal::CHECK,
    orders_followed::CHECK,
    gaps_noticed::CHECK,
    quotes_in_sync::CHECK,
    orders_timely::CHECK,
    switch_kept::CHECK,
    market_in_order::CHECK,
    no_duplicate_order::CHECK,
    outcomes_true::CHECK,
    orders_as_wanted::CHECK,
    orders_equal::CHECK,
    positions_equal::CHECK,
    money_conserved::CHECK,
    sink_complete::CHECK,
    nothing_swallowed::CHECK,
    nothing_left_behind::CHECK,
    nothing_kept::CHECK,
    recovered::CHECK,
    trading_resumed::CHECK,
];

/// Applies every check to a whole history.
pub fn run(history: &[Record], expect: &Expectations) -> Vec<CheckResult> {
    ALL.iter().map(|check| check.run(history, expect)).collect()
}

/// The class of the failure that decides the exit code: safety before liveness, `None` for a pass.
pub fn worst(results: &[CheckResult]) -> Option<Class> {
    results.iter().filter(|result| !result.passed()).map(|result| result.class).min()
}

#[cfg(test)]
mod tests;
