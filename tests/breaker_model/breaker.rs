//! The breaker of `crates/resilience`, file by file, without its tests and its metrics.

#[path = "../../crates/resilience/src/breaker/call.rs"]
mod call;
#[path = "../../crates/resilience/src/breaker/cause.rs"]
mod cause;
#[path = "../../crates/resilience/src/breaker/circuit.rs"]
mod circuit;
#[path = "../../crates/resilience/src/breaker/config.rs"]
mod config;
#[path = "../../crates/resilience/src/breaker/core.rs"]
mod core;
#[path = "../../crates/resilience/src/breaker/event.rs"]
mod event;
#[path = "../../crates/resilience/src/breaker/extras.rs"]
mod extras;
#[path = "../../crates/resilience/src/breaker/name.rs"]
mod name;
#[path = "../../crates/resilience/src/breaker/observers.rs"]
mod observers;
#[path = "../../crates/resilience/src/breaker/permit.rs"]
mod permit;
#[path = "../../crates/resilience/src/breaker/window.rs"]
mod window;
#[path = "../../crates/resilience/src/breaker/word.rs"]
mod word;

mod orders;

use self::circuit::Breaker;
use self::config::{BreakerConfig, BreakerPolicy};
use self::event::Recorded;
