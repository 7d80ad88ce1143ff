//! Phases, faults, breakers and streams in one timeline of virtual time.

use model::audit::{BreakerState, StreamState};

use crate::record::{RunRecord, StreamRecord};
use crate::units::{clock_of, length, nanos};

use super::line::{Line, Paint, left_out, shorten};
use super::title;

/// Longest timeline shown, in lines.
const LINES_MAX: usize = 60;

/// One line of the timeline.
#[derive(Debug, Clone)]
struct Entry {
    at_s: f64,
    /// One character that catches the eye: `x` opens, `o` closes, `!` strikes.
    mark: char,
    paint: Paint,
    subject: String,
    text: String,
}

pub(super) fn lines(record: &RunRecord) -> Vec<Line> {
    let entries = entries(record);
    let width = entries.iter().map(|entry| entry.subject.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<Line> = title("TIMELINE").into();
    let (head, omitted, tail) = shorten(&entries, LINES_MAX);
    lines.extend(head.iter().map(|entry| entry.line(width)));
    if omitted > 0 {
        lines.push(left_out(omitted));
    }
    lines.extend(tail.iter().map(|entry| entry.line(width)));
    lines
}

impl Entry {
    fn line(&self, width: usize) -> Line {
        let Self { at_s, mark, paint, subject, text } = self;
        Line::new()
            .paint(Paint::Dim, &format!("  {:>9}  ", clock_of(*at_s)))
            .paint(*paint, &format!("{mark} {subject:<width$}  {text}"))
    }
}

/// Everything by time; at one time causes before effects.
fn entries(record: &RunRecord) -> Vec<Entry> {
    let mut entries = Vec::new();
    for phase in &record.phases {
        entries.push(Entry {
            at_s: phase.at_s,
            mark: '=',
            paint: Paint::Bold,
            subject: "phase".to_owned(),
            text: phase.phase.as_str().to_owned(),
        });
    }
    for fault in &record.faults {
        let subject = format!("fault {}", fault.fault);
        let text = format!("begins: {}", fault.what);
        let from = (fault.from_s, '!', Paint::Yellow);
        let (at_s, mark, paint) = from;
        entries.push(Entry { at_s, mark, paint, subject: subject.clone(), text });
        if let (Some(at_s), Some(struck)) = (fault.to_s, fault.struck) {
            let text = format!("ends, struck {struck} times{}", strikes(&fault.what));
            entries.push(Entry { at_s, mark: '.', paint, subject, text });
        }
    }
    for breaker in &record.breakers {
        for change in &breaker.transitions {
            let arrow = format!("{} -> {}", change.from, change.to);
            let open = change.open_s.map_or_else(String::new, |s| format!(" (for {})", length(s)));
            let (mark, paint) = breaker_look(change.to);
            entries.push(Entry {
                at_s: change.at_s,
                mark,
                paint,
                subject: breaker.name.clone(),
                text: format!("{arrow:<19}  {}{open}", change.cause),
            });
        }
    }
    for stream in &record.streams {
        entries.extend(stream_entries(stream));
    }
    entries.sort_by_key(|entry| nanos(entry.at_s));
    entries
}

/// What the strikes of a fault are, if its kind is one that we know.
fn strikes(what: &str) -> &'static str {
    match what.split_whitespace().next() {
        Some("hold") => " (dials and writes held back)",
        Some("rest-status") => " (answers)",
        Some(_) | None => "",
    }
}

const fn breaker_look(state: BreakerState) -> (char, Paint) {
    match state {
        BreakerState::Closed => ('o', Paint::Green),
        BreakerState::HalfOpen => ('?', Paint::Yellow),
        BreakerState::Open => ('x', Paint::Red),
        BreakerState::Isolated => ('X', Paint::Red),
    }
}

/// A stream's ups and downs: vain attempts to come back are counted, not listed.
fn stream_entries(stream: &StreamRecord) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut down = false;
    let mut trying = false;
    let mut vain = Vain::default();
    for change in &stream.changes {
        match change.state {
            StreamState::Connecting => {
                trying = true;
                continue;
            }
            StreamState::Down if down => {
                // A stream that is told to stop while it is down says so without having tried.
                if std::mem::take(&mut trying) {
                    vain.attempts = vain.attempts.saturating_add(1);
                    vain.reason = &change.reason;
                }
                continue;
            }
            StreamState::Down | StreamState::Live => {}
        }
        std::mem::take(&mut vain).add_to(&mut entries);
        down = change.state == StreamState::Down;
        trying = false;
        let (mark, paint) = if down { ('-', Paint::Red) } else { ('+', Paint::Green) };
        entries.push(Entry {
            at_s: change.at_s,
            mark,
            paint,
            subject: stream.name.clone(),
            text: format!("{}: {}", change.state.as_str(), change.reason),
        });
    }
    vain.add_to(&mut entries);
    entries
}

/// Attempts to come back that failed one after the other.
#[derive(Debug, Default)]
struct Vain<'a> {
    attempts: u32,
    /// Why the last one failed: the venue, the network, or we ourselves refused.
    reason: &'a str,
}

impl Vain<'_> {
    /// Tells of the attempts in the line before them.
    fn add_to(self, entries: &mut [Entry]) {
        let Self { attempts, reason } = self;
        if let Some(last) = entries.last_mut().filter(|_| attempts > 0) {
            let noun = if attempts == 1 { "attempt" } else { "attempts" };
            last.text.push_str(&format!(" (then {attempts} more {noun} failed, last: {reason})"));
        }
    }
}
