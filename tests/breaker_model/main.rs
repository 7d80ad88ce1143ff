//! The concurrent part of the circuit breaker under a model checker.
//!
//! The files of `crates/resilience/src/breaker` are compiled here once more, letter by letter, with
//! loom's atomics and mutex in place of the real ones (that is what `sync` is for, there and here).
//! So it is the real code whose every order of steps is tried, with every value that the memory
//! model lets a load return, and neither a feature nor a cfg of production.
//!
//! Bounds: three threads, and three preemptions per execution, which bugs of this kind rarely
//! exceed. Not modelled: the broadcast channel and the audit sink, which are used with all locks
//! released, and the clock, which is handed in.

#[expect(dead_code, unreachable_pub, reason = "a library's text in a test")]
mod breaker;
#[path = "../../crates/resilience/src/catch_unwind.rs"]
mod catch_unwind;
mod sync;
