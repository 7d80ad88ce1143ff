//! Oracles over the history of a run: what must never happen, and what must happen again after healing.
//!
//! Each check recomputes what must hold from the raw events with a model of its own, as small as
//! possible, and believes nothing that the component under test concludes about itself. Checks are
//! pure functions of history and [`Expectations`]: no clock, no entropy, no I/O.
//!
//! A check that found nothing to examine is [`Verdict::Vacuous`], which fails the run unless the
//! expectations allow it: silence is not evidence.

mod book_equal;
mod breaker_open_blocks;
mod breaker_replay;
mod breaker_transitions;
mod breakers_opened;
mod calls_known;
mod check;
mod doubts_cleared;
mod expectations;
mod facts;
mod faults_struck;
mod findings;
mod gaps_noticed;
mod health_told;
mod history_sound;
mod live_is_earned;
mod market_in_order;
mod money_conserved;
mod no_duplicate_order;
mod nothing_kept;
mod nothing_left_behind;
mod nothing_swallowed;
mod opening_rule;
mod order_facts;
mod orders_as_wanted;
mod orders_equal;
mod orders_followed;
mod orders_timely;
mod outcomes_counted;
mod outcomes_true;
mod pauses_honoured;
mod positions_equal;
mod quotes_in_sync;
mod rates_bounded;
mod reconnects_paced;
mod recovered;
mod refusals_caused;
mod registry;
mod retries_bounded;
mod silence_noticed;
mod sink_complete;
mod switch_kept;
#[doc(hidden)]
pub mod testkit;
mod trading_resumed;
mod venue_limits;
mod waits_bounded;

pub use check::{Check, CheckResult, Class, Verdict, Violation};
pub use expectations::{
    BreakerRules, CallRule, CounterRate, Expectations, OrderCounter, OutcomeRule, Rate, RateRule,
    ReconnectRule, RetryRule, Silence, SwitchRule, VenueLimits,
};
pub use opening_rule::{OpeningRule, Span};
pub use registry::{ALL, run, worst};
