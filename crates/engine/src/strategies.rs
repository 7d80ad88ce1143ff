//! Built-in strategies.

mod ema_cross;
mod no_op;

pub use ema_cross::EmaCross;
pub use no_op::NoOp;
