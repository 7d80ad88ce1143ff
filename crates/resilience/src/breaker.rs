#![doc = include_str!("../docs/breaker.md")]

// Nothing but modules and names here: `tests/breaker_model` has a root of its own for them.
mod call;
mod cause;
mod circuit;
mod config;
mod core;
mod event;
mod extras;
mod name;
mod observers;
mod permit;
mod publish;
mod window;
mod word;

pub use self::call::BreakerCall;
pub use self::circuit::Breaker;
pub use self::config::{
    AlertConfig, BreakerConfig, BreakerConfigError, BreakerPolicy, OpenGrowth, Rates, SlowCalls,
};
pub use self::event::{BreakerEvent, BreakerOpen, BreakerSnapshot, CallError, Recorded};
pub use self::name::BreakerName;
pub use self::permit::{OwnedPermit, Permit};
pub use self::window::Tally;

pub(crate) use self::event::PANICKED;

#[cfg(test)]
mod tests;
