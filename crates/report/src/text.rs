//! The report for terminals.

mod checked;
pub(crate) mod line;
mod orders;
mod timeline;

use crate::record::{RunRecord, RunVerdict};
use crate::units::length;

use self::line::{Line, Paint, wrap};

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// Colours, as ANSI escapes.
    pub color: bool,
    /// Columns; less than 60 count as 60.
    pub width: usize,
}

impl TextStyle {
    const WIDTH_MIN: usize = 60;

    pub(crate) fn columns(self) -> usize {
        self.width.max(Self::WIDTH_MIN)
    }
}

/// The whole report, for people: what ran, what happened when, orders, verdicts.
///
/// Long lists are cut in the middle and say how much was left out; the JSON has everything.
pub fn render_text(record: &RunRecord, style: TextStyle) -> String {
    let mut lines = header(record, style);
    lines.extend(timeline::lines(record));
    lines.extend(orders::lines(record));
    lines.extend(checked::lines(record, style));
    lines.extend(footer(record));
    let mut text = String::new();
    for line in &lines {
        line.render(style, &mut text);
    }
    text
}

/// A line with the title of a section, after an empty line.
fn title(text: &str) -> [Line; 2] {
    [Line::new(), Line::new().paint(Paint::Bold, text)]
}

/// What ran.
fn header(record: &RunRecord, style: TextStyle) -> Vec<Line> {
    let mut lines = vec![Line::new().paint(Paint::Bold, &record.scenario)];
    for row in wrap(&record.purpose, style.columns().saturating_sub(2)) {
        lines.push(Line::new().text("  ").text(&row));
    }
    lines.push(Line::new());
    let tape = &record.tape;
    let mut rows = vec![
        ("seed", format!("{:#x}", record.seed)),
        ("venue", record.venue.clone()),
        ("tape", format!("{}, {} trades", tape.path, tape.rows)),
        ("", format!("{} to {}", tape.first, tape.last)),
        ("length", format!("{} of virtual time", length(record.simulated_s))),
    ];
    let names = std::iter::once("plan").chain(std::iter::repeat(""));
    rows.extend(names.zip(record.plan.iter().cloned()));
    for (name, value) in rows {
        lines.push(Line::new().paint(Paint::Dim, &format!("  {name:<8}")).text(&value));
    }
    lines
}

/// The last lines: verdict, digest, speed.
fn footer(record: &RunRecord) -> Vec<Line> {
    let passed = record.checks.iter().filter(|check| check.passed).count();
    let all = record.checks.len();
    let verdict = match record.verdict {
        RunVerdict::Pass => Line::new().paint(Paint::Green, "PASS"),
        RunVerdict::Fail => Line::new().paint(Paint::Red, "FAIL"),
        RunVerdict::Unjudged => Line::new().paint(Paint::Yellow, "UNJUDGED"),
    };
    let verdict = Line::new().text("verdict ").append(verdict);
    vec![
        Line::new(),
        match record.verdict {
            RunVerdict::Unjudged => verdict.text(": no check was made"),
            RunVerdict::Pass | RunVerdict::Fail => {
                verdict.text(&format!(": {passed} of {all} checks hold"))
            }
        },
        Line::new().text(&format!("digest {}", record.digest)),
        Line::new().text(&speed(record)),
    ]
}

/// `simulated 30m00s in 2.1 s: 857 x real time`.
pub(crate) fn speed(record: &RunRecord) -> String {
    let (simulated, wall, ratio) = (length(record.simulated_s), record.wall_s, record.speed);
    let digits = if wall < 1.0 { 3 } else { 1 };
    format!("simulated {simulated} in {wall:.digits$} s: {ratio:.0} x real time")
}

#[cfg(test)]
mod tests;
