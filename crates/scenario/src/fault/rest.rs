//! `rest-status`, `rest-lost-answer`, `rest-slow`, `rest-error`: what becomes of REST answers.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::host::Host;
use super::parameters::{Parameters, Problem, Target, delays, write_delays};
use crate::duration::format_duration;
use crate::schema::{DurationText, StatusNumber};
use crate::validate::limits;

/// A REST method of the venue by its name: `AddOrder`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Method(String);

impl Method {
    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for Method {
    fn schema_name() -> Cow<'static, str> {
        "Method".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "enum": limits::REST_METHODS })
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if limits::REST_METHODS.contains(&name.as_str()) {
            Ok(Self(name))
        } else {
            Err(de::Error::unknown_variant(&name, limits::REST_METHODS))
        }
    }
}

/// Parameters of `rest-status` and `rest-lost-answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestStatus {
    /// HTTP status of the answers, `400..=599`.
    #[serde(deserialize_with = "status")]
    #[schemars(with = "StatusNumber")]
    pub status: u16,
    /// Header `Retry-After` of the answers, whole seconds, `1s..=1h`; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub retry_after: Option<Duration>,
    /// REST methods that are struck; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "methods")]
    pub methods: Vec<Method>,
}

impl RestStatus {
    /// Every request, without a header.
    pub const fn all(status: u16) -> Self {
        Self { status, retry_after: None, methods: Vec::new() }
    }
}

impl Parameters for RestStatus {
    fn problem(&self) -> Option<Problem> {
        retry_after(self.retry_after)
    }

    fn target(&self) -> Target<'_> {
        Target { methods: &self.methods, ..Target::hosts(vec![Host::KrakenRest]) }
    }
}

/// Refuses a `Retry-After` that HTTP cannot say, or that nobody would.
pub(super) fn retry_after(after: Option<Duration>) -> Option<Problem> {
    let after = after?;
    let fits = after.subsec_nanos() == 0 && limits::RETRY_AFTER.contains(&after);
    let (min, max) = (limits::RETRY_AFTER.start(), limits::RETRY_AFTER.end());
    let (min, max) = (format_duration(*min), format_duration(*max));
    (!fits).then(|| ("retry_after", format!("whole seconds from {min} to {max}")))
}

/// ` 429 retry-after 7s for AddOrder`.
impl fmt::Display for RestStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.status)?;
        if let Some(after) = self.retry_after {
            write!(f, " retry-after {}", format_duration(after))?;
        }
        write_methods(f, &self.methods)
    }
}

/// Parameters of `rest-slow`: either `delay`, or `delay_min` and `delay_max`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestSlow {
    /// How late every answer comes, whole milliseconds, `1ms..=1h`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub delay: Option<Duration>,
    /// How late an answer comes at least.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub delay_min: Option<Duration>,
    /// How late an answer comes at most.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub delay_max: Option<Duration>,
    /// REST methods that are struck; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "methods")]
    pub methods: Vec<Method>,
}

impl RestSlow {
    /// Shortest and longest delay.
    pub fn delays(&self) -> (Duration, Duration) {
        let fixed = self.delay.unwrap_or_default();
        (self.delay_min.unwrap_or(fixed), self.delay_max.unwrap_or(fixed))
    }
}

impl Parameters for RestSlow {
    fn problem(&self) -> Option<Problem> {
        delays(self.delay, self.delay_min, self.delay_max, &limits::DELAY)
    }

    fn target(&self) -> Target<'_> {
        Target { methods: &self.methods, ..Target::hosts(vec![Host::KrakenRest]) }
    }
}

/// ` by 3s`, ` by 1s to 3s for QueryOrders`.
impl fmt::Display for RestSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_delays(f, self.delays())?;
        write_methods(f, &self.methods)
    }
}

/// Parameters of `rest-error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestError {
    /// The error in Kraken's words: `EService:Busy`. One line of 3 to 200 characters that begins with
    /// `E` and has a colon.
    pub error: String,
    /// Whether the request is executed. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed: Option<bool>,
    /// REST methods that are struck; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "methods")]
    pub methods: Vec<Method>,
}

impl RestError {
    /// Whether requests are executed all the same.
    pub fn is_executed(&self) -> bool {
        self.executed.unwrap_or(false)
    }
}

impl Parameters for RestError {
    fn problem(&self) -> Option<Problem> {
        let chars = self.error.chars().count();
        let fits = limits::ERROR_CHARS.contains(&chars)
            && self.error.starts_with('E')
            && self.error.contains(':')
            && !self.error.contains(char::is_control);
        (!fits).then(|| ("error", "an error in Kraken's words, such as `EService:Busy`".to_owned()))
    }

    fn target(&self) -> Target<'_> {
        Target { methods: &self.methods, ..Target::hosts(vec![Host::KrakenRest]) }
    }
}

/// ` EService:Busy, executed for AddOrder`.
impl fmt::Display for RestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.error)?;
        if self.is_executed() {
            f.write_str(", executed")?;
        }
        write_methods(f, &self.methods)
    }
}

pub(super) fn write_methods(f: &mut fmt::Formatter<'_>, methods: &[Method]) -> fmt::Result {
    for (number, method) in methods.iter().enumerate() {
        let before = if number == 0 { " for " } else { ", " };
        write!(f, "{before}{}", method.as_str())?;
    }
    Ok(())
}

/// A list that names something: an empty one would strike nothing or everything, who knows.
pub(super) fn methods<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Method>, D::Error> {
    let methods = Vec::<Method>::deserialize(deserializer)?;
    if methods.is_empty() {
        let expected = "the name of at least one REST method";
        return Err(de::Error::invalid_length(0, &expected));
    }
    Ok(methods)
}

/// A HTTP status that says that a request failed.
pub(super) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = u16;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let (min, max) = (limits::REST_STATUS.start(), limits::REST_STATUS.end());
            write!(f, "a HTTP status from {min} to {max}")
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<u16, E> {
            u16::try_from(number)
                .ok()
                .filter(|status| limits::REST_STATUS.contains(status))
                .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(number), &self))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u16, E> {
            self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
        }
    }

    deserializer.deserialize_u16(Visitor)
}
