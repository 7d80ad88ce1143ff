//! What is written: one point of one series.

use std::collections::BTreeMap;

use model::{Notional, Price, Quantity, UnixNanos};
use thiserror::Error;

/// Longest point, in bytes of its line. The buffer of a writer is bounded by points; this bounds its
/// bytes.
pub(super) const LINE_BYTES_MAX: usize = 4 * 1024;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// Any text, of any characters.
    Text(String),
    /// A decimal number, exact on the wire. The database keeps it as a binary float.
    Decimal(Decimal),
}

/// A decimal number as text: made from fixed-point types only, so that it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal(pub(super) String);

impl From<i64> for FieldValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for FieldValue {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<&str> for FieldValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Price> for FieldValue {
    fn from(value: Price) -> Self {
        Self::Decimal(Decimal(value.to_string()))
    }
}

impl From<Quantity> for FieldValue {
    fn from(value: Quantity) -> Self {
        Self::Decimal(Decimal(value.to_string()))
    }
}

impl From<Notional> for FieldValue {
    fn from(value: Notional) -> Self {
        Self::Decimal(Decimal(value.to_string()))
    }
}

/// One point: a measurement, tags that name the series, fields with values, a time.
///
/// Every combination of tags is a series of its own, which the database indexes: what is different in
/// each point, such as an order's id, belongs into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    pub(super) measurement: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) fields: BTreeMap<String, FieldValue>,
    pub(super) at: UnixNanos,
}

/// A point that the line protocol cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PointError {
    /// It has no field.
    #[error("point of `{measurement}` has no field")]
    NoField {
        /// Its measurement.
        measurement: String,
    },
    /// A name or a tag's value has something in it that no escape can say, or that the database keeps
    /// for itself.
    #[error("{what} `{text}` of a point: expected {expected}")]
    Name {
        /// What it is: `measurement`, `tag key`, `tag value`, `field key`.
        what: &'static str,
        /// The text, cut short.
        text: String,
        /// What would do.
        expected: &'static str,
    },
    /// Its line is too long.
    #[error("line of a point has {bytes} bytes, at most {LINE_BYTES_MAX} are written")]
    TooLong {
        /// Length of the line.
        bytes: usize,
    },
}

impl Point {
    /// A point without tags and fields.
    pub fn new(measurement: &str, at: UnixNanos) -> Self {
        let measurement = measurement.to_owned();
        Self { measurement, tags: BTreeMap::new(), fields: BTreeMap::new(), at }
    }

    /// With a tag; the last of one key counts.
    #[must_use]
    pub fn tag(mut self, key: &str, value: impl Into<String>) -> Self {
        self.tags.insert(key.to_owned(), value.into());
        self
    }

    /// With a field; the last of one key counts.
    #[must_use]
    pub fn field(mut self, key: &str, value: impl Into<FieldValue>) -> Self {
        self.fields.insert(key.to_owned(), value.into());
        self
    }
}
