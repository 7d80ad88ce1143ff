//! What the parts that many threads share are made of.
//!
//! In one place, so that `tests/breaker_model` can compile the breaker's own text with the types of
//! a model checker in place of these and try every order of its steps.

pub(crate) use std::sync::OnceLock;
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub(crate) use parking_lot::Mutex;
