//! Verdicts of the checks.

use crate::record::{CheckRecord, CheckVerdict, RunRecord};
use crate::units::clock_of;

use super::line::{Line, Paint, wrap};
use super::{TextStyle, title};

/// Violations shown per check.
const VIOLATIONS_MAX: usize = 5;

/// Columns before the name of a check.
const NAME_AT: usize = 11;

pub(super) fn lines(record: &RunRecord, style: TextStyle) -> Vec<Line> {
    if record.checks.is_empty() {
        return Vec::new();
    }
    let width = record.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut lines: Vec<Line> = title("CHECKS").into();
    for check in &record.checks {
        lines.extend(check_lines(check, width, style));
    }
    lines
}

fn check_lines(check: &CheckRecord, width: usize, style: TextStyle) -> Vec<Line> {
    let (word, paint) = match (check.verdict, check.passed) {
        (CheckVerdict::Pass, _) => ("PASS", Paint::Green),
        (CheckVerdict::Fail, _) => ("FAIL", Paint::Red),
        (CheckVerdict::Vacuous, true) => ("VACUOUS", Paint::Yellow),
        (CheckVerdict::Vacuous, false) => ("VACUOUS", Paint::Red),
    };
    let mut text = check.sentence.clone();
    if check.verdict == CheckVerdict::Pass {
        text.push_str(&format!(" ({} examined)", check.examined));
    }
    let text_at = NAME_AT.saturating_add(width).saturating_add(2);
    let mut lines = Vec::new();
    let head = Line::new()
        .paint(paint, &format!("  {word:<9}"))
        .text(&format!("{:<width$}  ", check.name));
    let rows = wrap(&text, style.columns().saturating_sub(text_at));
    for (index, row) in rows.iter().enumerate() {
        let lead = if index == 0 { head.clone() } else { Line::new().text(&" ".repeat(text_at)) };
        lines.push(lead.text(row));
    }
    lines.extend(findings(check, paint, style));
    lines
}

/// What a check has to complain about.
fn findings(check: &CheckRecord, paint: Paint, style: TextStyle) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut say = |lead: &str, text: &str| {
        let indent = NAME_AT.saturating_add(lead.len());
        for (index, row) in wrap(text, style.columns().saturating_sub(indent)).iter().enumerate() {
            let lead = if index == 0 { lead.to_owned() } else { " ".repeat(lead.len()) };
            let lead = format!("{}{lead}", " ".repeat(NAME_AT));
            lines.push(Line::new().paint(Paint::Dim, &lead).paint(paint, row));
        }
    };
    if let Some(why) = &check.why {
        let allowed = if check.passed { " (allowed)" } else { "" };
        say("", &format!("nothing to examine: {why}{allowed}"));
    }
    for violation in check.violations.iter().take(VIOLATIONS_MAX) {
        say(&format!("{}  ", clock_of(violation.at_s)), &violation.message);
    }
    let shown = u64::try_from(check.violations.len().min(VIOLATIONS_MAX)).unwrap_or(0);
    let more = check.violations_total.saturating_sub(shown);
    if more > 0 {
        say("", &format!("... and {more} more"));
    }
    lines
}
