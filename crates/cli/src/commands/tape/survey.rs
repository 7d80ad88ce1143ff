//! `wavetank tape info` and `wavetank tape check`: read everything, say what was found.

use std::io::Write as _;

use anyhow::anyhow;
use serde_json::{Value, json};
use tape::{
    CheckedReader, Compression, Example, FileAbout, MarketReader, Problem, QualityConfig,
    QualityReport, ReadOptions, RowKind, Tally, format_utc, is_same_market,
};

use crate::Exit;
use crate::args::{Format, ReadArgs, ReadHow, SurveyArgs};

/// Files that a text lists one by one.
const FILES_SHOWN_MAX: usize = 10;

/// Prints what files hold; fails only when they cannot be read.
pub(crate) fn info(args: &SurveyArgs) -> anyhow::Result<Exit> {
    let report = survey(&args.read)?;
    print(args.format, &report, false)?;
    Ok(Exit::Pass)
}

/// Prints what is wrong with files; refused when a policy says so.
pub(crate) fn check(args: &SurveyArgs) -> anyhow::Result<Exit> {
    let report = survey(&args.read)?;
    print(args.format, &report, true)?;
    Ok(if report.failed { Exit::Refused } else { Exit::Pass })
}

fn survey(args: &ReadArgs) -> anyhow::Result<QualityReport> {
    let mut reader = CheckedReader::survey(open(args)?, config(&args.how)?);
    while reader.next_batch()?.is_some() {}
    Ok(reader.into_report())
}

pub(super) fn open(args: &ReadArgs) -> anyhow::Result<MarketReader> {
    let reader = MarketReader::open(&args.files, options(&args.how))?;
    of_one_market(reader.files())?;
    Ok(reader)
}

/// Refuses files that tell several markets: a tape is of one.
pub(crate) fn of_one_market(files: &[FileAbout]) -> anyhow::Result<()> {
    let told = |file: &FileAbout| Some((file.place.clone(), file.symbol.clone()?));
    let mut told = files.iter().filter_map(told);
    let Some((first, of)) = told.next() else { return Ok(()) };
    match told.find(|(_, symbol)| !is_same_market(symbol, &of)) {
        None => Ok(()),
        Some((place, symbol)) => Err(anyhow!(
            "{place}: a tape of {symbol}, but {first} is one of {of}; expected one market (of an archive: \
             FILE.zip!MEMBER; of several in a backtest: --tape BASE/QUOTE={first} --tape BASE/QUOTE={place})"
        )),
    }
}

/// How the arguments say that files are read.
pub(crate) fn options(args: &ReadHow) -> ReadOptions {
    ReadOptions { format: args.read_as, interval: args.interval }
}

/// What the arguments say is done about problems.
pub(crate) fn config(args: &ReadHow) -> anyhow::Result<QualityConfig> {
    let mut config = QualityConfig::default();
    for text in &args.on {
        config.set_text(text).map_err(|why| anyhow!("--on {text}: {why}"))?;
    }
    config.silence = args.silence.unwrap_or(config.silence);
    config.jump_bps = args.jump_bps.unwrap_or(config.jump_bps);
    Ok(config)
}

fn print(format: Format, report: &QualityReport, verdict: bool) -> anyhow::Result<()> {
    let text = match format {
        Format::Text => text(report, verdict),
        Format::Json => format!("{:#}\n", json(report)),
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// The report for people.
pub(super) fn text(report: &QualityReport, verdict: bool) -> String {
    let mut lines = Vec::new();
    for file in report.files.iter().take(FILES_SHOWN_MAX) {
        let symbol = file.symbol.as_deref().map(|name| format!(", {name}")).unwrap_or_default();
        let packed = match file.compression {
            Compression::None => String::new(),
            packed @ (Compression::Gzip | Compression::Zip) => format!(", {}", packed.name()),
        };
        let verified = if file.verified { ", checksum verified" } else { "" };
        lines.push(format!("{}: {}{symbol}{packed}{verified}", file.place, file.format));
    }
    if report.files.len() > FILES_SHOWN_MAX {
        lines.push(format!("... and {} more files", report.files.len() - FILES_SHOWN_MAX));
    }
    let kind = match report.kind {
        RowKind::Book => "changes of a book",
        RowKind::Orders => "changes of the orders of a book",
        kind @ (RowKind::Trades | RowKind::Bars | RowKind::Quotes) => kind.name(),
    };
    lines.push(format!("  rows    {} {kind}{}", report.rows, rows_note(report)));
    if let (Some(first), Some(last)) = (report.first_ts, report.last_ts) {
        let (first, last) = (format_utc(first), format_utc(last));
        lines.push(format!("  span    {first} to {last} UTC"));
    }
    if let (Some(low), Some(high)) = (report.low, report.high) {
        lines.push(format!("  prices  {low} to {high}"));
    }
    if matches!(report.kind, RowKind::Trades | RowKind::Bars) {
        lines.push(format!("  volume  {}", report.volume));
    }
    for (problem, tally) in &report.problems {
        lines.extend(problem_lines(report, *problem, tally));
    }
    if verdict {
        lines.push(verdict_line(report));
    }
    lines.join("\n") + "\n"
}

fn rows_note(report: &QualityReport) -> String {
    let mut notes = Vec::new();
    if let Some(nanos) = report.bar_nanos {
        notes.push(format!(
            "of {}",
            scenario::format_duration(std::time::Duration::from_nanos(nanos))
        ));
    }
    if report.aggregates > 0 {
        notes.push(format!("{} of them sum up several fills", report.aggregates));
    }
    if report.skipped > 0 {
        notes.push(format!("{} left out", report.skipped));
    }
    if report.failed {
        notes.push("the figures below are without those that fail".to_owned());
    }
    if notes.is_empty() { String::new() } else { format!(", {}", notes.join(", ")) }
}

fn problem_lines(report: &QualityReport, problem: Problem, tally: &Tally) -> Vec<String> {
    let amount = match (problem, report.kind) {
        (Problem::Gap, RowKind::Bars) => format!(", {} bars missing", tally.amount),
        (Problem::MissingIds, _) => format!(", {} numbers missing", tally.amount),
        _ => String::new(),
    };
    let policy = report.policy(problem);
    let mut lines = vec![format!("  {policy:<5} {problem:<16} {}{amount}", tally.count)];
    let largest = tally.largest.iter().map(|example| ("largest", example));
    let first = tally.examples.iter().take(1).map(|example| ("first", example));
    for (which, example) in first.chain(largest) {
        let place = report.place(example);
        lines.push(format!("        {which} {} {place}: {}", format_utc(example.ts), example.text));
    }
    lines
}

fn verdict_line(report: &QualityReport) -> String {
    if !report.failed {
        return "PASS: no row has a problem whose policy is to fail".to_owned();
    }
    let failing = report.problems.iter().filter(|(_, tally)| tally.failed);
    let names: Vec<&str> = failing.map(|(problem, _)| problem.name()).collect();
    let sort = if names.contains(&Problem::Unsorted.name()) {
        "; --on unsorted=sort:ROWS sorts within that many rows"
    } else {
        ""
    };
    format!("FAIL: {} (other policies: --on PROBLEM=skip or keep{sort})", names.join(", "))
}

/// The report for programs.
fn json(report: &QualityReport) -> Value {
    let example = |example: &Example| {
        json!({
            "place": report.place(example),
            "ts_ns": example.ts,
            "text": example.text,
        })
    };
    let problems = report.problems.iter().map(|(problem, tally)| {
        json!({
            "problem": problem.name(),
            "policy": report.policy(*problem).to_string(),
            "count": tally.count,
            "skipped": tally.skipped,
            "amount": tally.amount,
            "examples": tally.examples.iter().map(example).collect::<Vec<_>>(),
            "largest": tally.largest.as_ref().map(example),
        })
    });
    let files = report.files.iter().map(|file| {
        json!({
            "place": file.place,
            "format": file.format.name(),
            "symbol": file.symbol,
            "compression": file.compression.name(),
            "checksum_verified": file.verified,
        })
    });
    json!({
        "schema": 1,
        "verdict": if report.failed { "fail" } else { "pass" },
        "kind": report.kind.name(),
        "files": files.collect::<Vec<_>>(),
        "rows": report.rows,
        "skipped": report.skipped,
        "first_ts_ns": report.first_ts,
        "last_ts_ns": report.last_ts,
        "low": report.low,
        "high": report.high,
        "volume": report.volume,
        "fills": report.fills,
        "aggregates": report.aggregates,
        "bar_ns": report.bar_nanos,
        "problems": problems.collect::<Vec<_>>(),
    })
}
