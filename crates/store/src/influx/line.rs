//! Points as lines. Pure.
//!
//! ```text
//! measurement,tag=value,tag=value field=1i,field="text",field=true 1561939203172000000
//! ```
//!
//! A comma or a space in a measurement, and those and an equals sign in a tag or a key, are escaped
//! with a backslash; a quote or a backslash in a text is, too. What no escape can say is an error: a
//! line break outside a text, and a backslash there, whose meaning depends on what follows it.

use super::point::{FieldValue, LINE_BYTES_MAX, Point, PointError};

/// Characters of a wrong text that an error shows.
const SHOWN_MAX: usize = 40;

impl Point {
    /// The point as one line, without its end.
    ///
    /// # Errors
    /// [`PointError`]: the line protocol cannot say it, or it is too long.
    pub fn to_line(&self) -> Result<String, PointError> {
        if self.fields.is_empty() {
            return Err(PointError::NoField { measurement: self.measurement.clone() });
        }
        let mut line = String::with_capacity(128);
        name(&mut line, "measurement", &self.measurement, &[',', ' '])?;
        for (key, value) in &self.tags {
            line.push(',');
            name(&mut line, "tag key", key, &[',', ' ', '='])?;
            line.push('=');
            name(&mut line, "tag value", value, &[',', ' ', '='])?;
        }
        let mut separator = ' ';
        for (key, value) in &self.fields {
            line.push(separator);
            separator = ',';
            name(&mut line, "field key", key, &[',', ' ', '='])?;
            line.push('=');
            field(&mut line, value);
        }
        line.push(' ');
        line.push_str(&self.at.as_nanos().to_string());
        if line.len() > LINE_BYTES_MAX {
            return Err(PointError::TooLong { bytes: line.len() });
        }
        Ok(line)
    }
}

fn name(
    line: &mut String,
    what: &'static str,
    text: &str,
    escaped: &[char],
) -> Result<(), PointError> {
    if let Some(expected) = fault(what, text) {
        let text = text.chars().take(SHOWN_MAX).collect();
        return Err(PointError::Name { what, text, expected });
    }
    for character in text.chars() {
        if escaped.contains(&character) {
            line.push('\\');
        }
        line.push(character);
    }
    Ok(())
}

/// What a name should have been.
fn fault(what: &str, text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("at least one character")
    } else if text.contains(|character: char| character.is_control() || character == '\\') {
        Some("no control character and no backslash")
    } else if what != "tag value" && text.starts_with('_') {
        Some("no underscore at the beginning, which the database keeps for itself")
    } else if what == "measurement" && text.starts_with('#') {
        Some("no `#` at the beginning, which begins a comment")
    } else {
        None
    }
}

fn field(line: &mut String, value: &FieldValue) {
    match value {
        FieldValue::Integer(number) => {
            line.push_str(&number.to_string());
            line.push('i');
        }
        FieldValue::Boolean(truth) => line.push_str(if *truth { "true" } else { "false" }),
        FieldValue::Decimal(number) => line.push_str(&number.0),
        FieldValue::Text(text) => {
            line.push('"');
            for character in text.chars() {
                if matches!(character, '"' | '\\') {
                    line.push('\\');
                }
                line.push(character);
            }
            line.push('"');
        }
    }
}
