//! Variables of the environment that override the file: `WAVETANK_<TABLE>_<KEY>`.

use anyhow::anyhow;
use scenario::{Overridden, hint};

/// Beginning of every variable that is ours.
const PREFIX: &str = "WAVETANK_";

/// How a variable's text becomes a value.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// As it is.
    Text,
    /// Digits.
    Number,
    /// Parts between commas.
    List,
    /// `true` or `false`.
    Flag,
}

/// Every key that a variable may override. Secrets are no such: the file names a variable.
const KEYS: [(&str, &str, Kind); 48] = [
    ("venue", "rest", Kind::Text),
    ("venue", "public_ws", Kind::Text),
    ("venue", "private_ws", Kind::Text),
    ("venue", "symbols", Kind::List),
    ("venue", "book_depth", Kind::Number),
    ("venue", "connect_timeout", Kind::Text),
    ("venue", "subscribe_timeout", Kind::Text),
    ("venue", "silence_max", Kind::Text),
    ("venue", "quiet_max", Kind::Text),
    ("venue", "request_timeout", Kind::Text),
    ("venue", "order_deadline", Kind::Text),
    ("venue", "counters_full_at_start", Kind::Flag),
    ("strategy", "spec", Kind::Text),
    ("risk", "order_quantity_max", Kind::Text),
    ("risk", "position_max", Kind::Text),
    ("risk", "working_orders_max", Kind::Number),
    ("node", "foreign_orders", Kind::Text),
    ("node", "inherit", Kind::Text),
    ("node", "reconcile_every", Kind::Text),
    ("node", "visibility_delay", Kind::Text),
    ("node", "clock_skew_max", Kind::Text),
    ("node", "clock_compare_every", Kind::Text),
    ("node", "cancel_after", Kind::Text),
    ("node", "startup_max", Kind::Text),
    ("node", "settle_max", Kind::Text),
    ("node", "flush_max", Kind::Text),
    ("node", "grace", Kind::Text),
    ("node", "optional", Kind::List),
    ("read_lane", "attempt_timeout", Kind::Text),
    ("read_lane", "queue_wait_max", Kind::Text),
    ("read_lane", "open_for", Kind::Text),
    ("read_lane", "retries_max", Kind::Number),
    ("order_lane", "attempt_timeout", Kind::Text),
    ("order_lane", "queue_wait_max", Kind::Text),
    ("order_lane", "open_for", Kind::Text),
    ("order_lane", "retries_max", Kind::Number),
    ("cancel_lane", "attempt_timeout", Kind::Text),
    ("cancel_lane", "queue_wait_max", Kind::Text),
    ("cancel_lane", "open_for", Kind::Text),
    ("cancel_lane", "retries_max", Kind::Number),
    ("endpoint", "listen", Kind::Text),
    ("endpoint", "hosts", Kind::List),
    ("sink", "url", Kind::Text),
    ("sink", "org", Kind::Text),
    ("sink", "bucket", Kind::Text),
    ("sink", "critical", Kind::Flag),
    ("tls", "roots", Kind::Text),
    ("tls", "handshake_timeout", Kind::Text),
];

/// Adds the variables that are ours to a file's text.
pub(super) fn add(
    text: &mut Overridden,
    variables: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<()> {
    let mut ours: Vec<_> = variables.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    // The environment has no order.
    ours.sort();
    for (name, value) in ours {
        let found = KEYS.iter().find(|(table, key, _)| variable(table, key) == name);
        let Some((table, key, kind)) = found else {
            let known: Vec<_> = KEYS.iter().map(|(table, key, _)| variable(table, key)).collect();
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            return Err(anyhow!("environment: unknown variable `{name}`; {}", hint(&name, &known)));
        };
        text.push(&name, table, key, &kind.toml(&value));
    }
    Ok(())
}

fn variable(table: &str, key: &str) -> String {
    format!("{PREFIX}{}_{}", table.to_uppercase(), key.to_uppercase())
}

impl Kind {
    /// The value as TOML, on one line.
    fn toml(self, text: &str) -> String {
        match self {
            // What is no number becomes a text, and is refused as that.
            Self::Number if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => {
                text.to_owned()
            }
            Self::Flag if text == "true" || text == "false" => text.to_owned(),
            Self::Text | Self::Number | Self::Flag => quoted(text),
            Self::List => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                format!("[{}]", parts.map(quoted).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// JSON's escapes are TOML's, too.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
