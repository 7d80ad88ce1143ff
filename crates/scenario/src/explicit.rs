//! A scenario and a plan as one scenario file: explicit faults, nothing drawn, the seed fixed.

use std::path::Path;

use toml::{Table, Value};

use crate::duration::format_duration;
use crate::plan::{FaultPlan, PlannedFault};
use crate::scenario::Scenario;
use crate::seed::format_seed;

/// Tables in the order in which they are written; others follow.
const TABLES: [&str; 8] =
    ["run", "market", "network", "account", "trader", "sink", "fault", "expect"];

/// Columns of a comment.
const COLUMNS: usize = 110;

impl Scenario {
    /// The text of a scenario file that runs this scenario with the seed and the faults of a plan.
    ///
    /// The run has the length of `self.run`; `comment` becomes the first lines, `tape` the market, if
    /// another one played. What the file says beside that stays, without its comments.
    pub fn explicit(&self, plan: &FaultPlan, tape: Option<&Path>, comment: &str) -> String {
        // It was read before, and `load` refuses what is no TOML.
        let mut file: Table = self.text.parse().unwrap_or_default();
        file.remove("storm");
        file.insert("purpose".to_owned(), Value::String(self.purpose.clone()));
        set(&mut file, "run", "seed", format_seed(plan.seed));
        set(&mut file, "run", "length", format_duration(self.run.length));
        if let Some(tape) = tape {
            set(&mut file, "market", "tape", tape.display().to_string());
        }
        file.remove("fault");
        let mut text = commented(comment);
        let is_table = |value: &Value| value.is_table() || value.is_array();
        let (tables, plain): (Table, Table) =
            file.into_iter().partition(|(_, value)| is_table(value));
        text.push_str(&plain.to_string());
        let others = tables.keys().map(String::as_str).filter(|key| !TABLES.contains(key));
        for key in TABLES.into_iter().chain(others) {
            if key == "fault" {
                plan.faults.iter().for_each(|fault| write(fault, &mut text));
            }
            if let Some(value) = tables.get(key) {
                let one = Table::from_iter([(key.to_owned(), value.clone())]);
                text.push('\n');
                text.push_str(&one.to_string());
            }
        }
        text
    }
}

fn set(file: &mut Table, table: &str, key: &str, text: String) {
    if let Some(table) = file.get_mut(table).and_then(Value::as_table_mut) {
        table.insert(key.to_owned(), Value::String(text));
    }
}

/// Writes the fault as an entry of `[[fault]]`: when, what, and then its parameters.
fn write(fault: &PlannedFault, text: &mut String) {
    let mut parameters = Table::try_from(&fault.kind).unwrap_or_default();
    parameters.remove("kind");
    let lasts = fault.until.saturating_sub(fault.at);
    let mut keys = vec![
        ("at", Value::String(format_duration(fault.at))),
        ("for", Value::String(format_duration(lasts))),
    ];
    if fault.may_miss {
        keys.push(("may_miss", Value::Boolean(true)));
    }
    keys.push(("kind", Value::String(fault.kind.name().to_owned())));
    keys.extend(parameters.iter().map(|(key, value)| (key.as_str(), value.clone())));
    text.push_str("\n[[fault]]\n");
    for (key, value) in keys {
        text.push_str(&format!("{key} = {value}\n"));
    }
}

/// The text as comments, broken between words.
fn commented(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.lines() {
        let mut line = String::from("#");
        for word in paragraph.split_whitespace() {
            if line.len() + word.len() >= COLUMNS {
                out.push_str(&line);
                out.push('\n');
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
