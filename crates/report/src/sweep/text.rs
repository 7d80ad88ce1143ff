//! A sweep for people.

use crate::text::TextStyle;
use crate::text::line::{Line, Paint, wrap};
use crate::units::length;

use super::seed::FailureClass;
use super::tally::{CoverageRow, FailureGroup, SweepReport, SweepVerdict};

/// Columns of the name of an item of the coverage.
const ITEM_COLUMNS: usize = 44;
/// Faults of a reduced scenario that are shown.
const FAULTS_SHOWN_MAX: usize = 8;

/// The whole result: what ran, what failed, what was covered, the verdict.
pub fn render_sweep(report: &SweepReport, style: TextStyle) -> String {
    let mut lines = header(report);
    lines.extend(failures(report, style));
    lines.extend(coverage(report));
    lines.push(Line::new());
    lines.push(verdict(report));
    let mut text = String::new();
    for line in &lines {
        line.render(style, &mut text);
    }
    text
}

/// The verdict in one line without its end.
pub fn render_sweep_verdict(report: &SweepReport) -> String {
    let mut text = String::new();
    verdict(report).render(TextStyle { color: false, width: usize::MAX }, &mut text);
    text.trim_end().to_owned()
}

fn header(report: &SweepReport) -> Vec<Line> {
    let about = &report.about;
    let left = about.runs.saturating_sub(report.done);
    let made = match (&about.cut, left) {
        (_, 0) => format!("{} made", report.done),
        (cut, left) => {
            let why = cut.as_deref().unwrap_or("unfinished");
            format!("{} made, {left} left: {why}", report.done)
        }
    };
    let time = &report.time;
    let rows = [
        ("scenarios", about.scenarios.join(", ")),
        ("seeds", about.seeds.clone()),
        ("runs", made),
        ("length", format!("{} of virtual time", length(report.simulated_s))),
        (
            "speed",
            format!(
                "{:.2} runs/s, {:.0} x real time, {}",
                time.runs_per_s,
                time.speed,
                took(time.wall_s)
            ),
        ),
    ];
    let mut lines = vec![Line::new().paint(Paint::Bold, "SWEEP")];
    lines.extend(
        rows.map(|(name, value)| {
            Line::new().paint(Paint::Dim, &format!("  {name:<10}")).text(&value)
        }),
    );
    lines
}

/// Whole seconds are exact enough.
fn took(wall_s: f64) -> String {
    length(wall_s.round())
}

fn failures(report: &SweepReport, style: TextStyle) -> Vec<Line> {
    if report.failures.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::new(), Line::new().paint(Paint::Bold, "FAILURES")];
    for group in &report.failures {
        lines.extend(one_failure(group, style));
    }
    lines
}

fn one_failure(group: &FailureGroup, style: TextStyle) -> Vec<Line> {
    let paint = match group.class {
        FailureClass::Safety | FailureClass::Differs => Paint::Red,
        FailureClass::Liveness => Paint::Yellow,
    };
    let noun = if group.seeds == 1 { "seed" } else { "seeds" };
    let named: Vec<String> = group.named.iter().take(5).map(|seed| format!("{seed:#x}")).collect();
    let more = if group.seeds > 5 { ", ..." } else { "" };
    let head = format!("  x {} {}", group.class.as_str(), group.check);
    let mut lines = vec![Line::new().paint(paint, &head).text(&format!(
        "  {}: {} {noun}, {}{more}",
        group.scenario,
        group.seeds,
        named.join(", ")
    ))];
    let ms = group.first.at_ms;
    let what = format!("at {}.{:03} s: {}", ms / 1_000, ms % 1_000, group.first.message);
    for row in wrap(&what, style.columns().saturating_sub(6)) {
        lines.push(Line::new().text("      ").text(&row));
    }
    lines.push(Line::new().paint(Paint::Dim, "      repro    ").text(&group.repro));
    if let Some(reduced) = &group.reduced {
        let count = group.reduced_faults.len();
        let noun = if count == 1 { "fault" } else { "faults" };
        lines.push(
            Line::new()
                .paint(Paint::Dim, "      reduced  ")
                .text(&format!("{reduced}, {count} {noun}")),
        );
        for fault in group.reduced_faults.iter().take(FAULTS_SHOWN_MAX) {
            lines.push(Line::new().text("                 ").text(fault));
        }
    }
    lines
}

fn coverage(report: &SweepReport) -> Vec<Line> {
    let mut lines = Vec::new();
    let title = format!("{:<ITEM_COLUMNS$}{:>10}{:>14}", "COVERAGE", "runs", "times");
    if !report.coverage.is_empty() {
        lines.extend([Line::new(), Line::new().paint(Paint::Bold, &title)]);
    }
    for (group, items) in &report.coverage {
        lines.push(Line::new().paint(Paint::Dim, &format!("  {group}")));
        lines.extend(items.iter().map(|(item, row)| coverage_row(item, row)));
    }
    if !report.never.is_empty() {
        let count = report.never.len();
        let noun = if count == 1 { "thing that" } else { "things that" };
        let text = format!("warning: {count} {noun} could happen never did: the rows with 0 above");
        lines.extend([Line::new(), Line::new().paint(Paint::Yellow, &text)]);
    }
    lines
}

fn coverage_row(item: &str, row: &CoverageRow) -> Line {
    let columns = ITEM_COLUMNS - 4;
    let text = format!("    {item:<columns$}{:>10}{:>14}", row.runs, row.times);
    Line::new().paint(if row.times == 0 { Paint::Yellow } else { Paint::Plain }, &text)
}

fn verdict(report: &SweepReport) -> Line {
    let SweepReport { done, failed, repeated, fingerprint, .. } = report;
    let (paint, word) = match report.verdict {
        SweepVerdict::Pass => (Paint::Green, "PASS"),
        SweepVerdict::Fail => (Paint::Red, "FAIL"),
        SweepVerdict::Nothing => (Paint::Yellow, "NOTHING"),
    };
    let cut = if *done < report.about.runs { ", cut short" } else { "" };
    let rest = format!(
        ": {failed} of {done} runs failed{cut}; {repeated} made twice; fingerprint {fingerprint}, {:.2} runs/s",
        report.time.runs_per_s
    );
    Line::new().text("verdict ").paint(paint, word).text(&rest)
}
