//! Built-in strategies.

mod ema_cross;
mod no_op;
mod quoter;
mod sma_cross;
#[cfg(test)]
mod testing;

pub use ema_cross::EmaCross;
pub use no_op::NoOp;
pub use quoter::Quoter;
pub use sma_cross::SmaCross;
