#![doc = include_str!("../docs/influx.md")]

mod buffer;
mod config;
mod driver;
mod error;
mod line;
mod point;
mod request;
mod writer;

pub use config::{InfluxConfig, InfluxConfigError, InfluxToken, InvalidToken};
pub use error::WriteError;
pub use point::{Decimal, FieldValue, Point, PointError};
pub use writer::{InfluxReport, InfluxSnapshot, InfluxWriter};

#[cfg(test)]
mod tests;
