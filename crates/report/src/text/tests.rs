use checks::testkit::events::{self, intent, stream, trader_order};
use checks::testkit::{Story, clean};
use model::audit::{AuditEvent, StreamState};
use model::history::Event;

use super::*;
use crate::RunMeta;
use crate::samples::{bad_story, good, meta, record_of};

const PLAIN: TextStyle = TextStyle { color: false, width: 100 };

#[test]
fn a_good_run_is_told_from_seed_to_speed() {
    assert_eq!(render_text(&good(), PLAIN), include_str!("good.txt"));
}

#[test]
fn violations_stand_below_their_check() {
    let text = render_text(&record_of(&bad_story().history()), PLAIN);
    let duplicate = "
  FAIL     no-duplicate-order  each intent leads to at most one order, is sent again only if it
                               surely never left, and gets a final fate that stays
           01:03.500  order o-2 is sent again though the venue may have it
";
    assert!(text.contains(duplicate), "{text}");
    let verdict = "
verdict FAIL: 2 of 4 checks hold
digest 9f31c2aa00000001
simulated 3m20.04s in 0.250 s: 800 x real time
";
    assert!(text.ends_with(verdict), "{text}");
}

#[test]
fn many_violations_are_counted_and_a_vacuous_check_says_why() {
    let mut story = clean();
    for at_ms in 0..30 {
        story.trader(180_000 + at_ms, intent("o-1"));
    }
    let mut expect = checks::testkit::expectations();
    expect.silence_max = std::time::Duration::from_secs(60);
    let history = story.history();
    let results = checks::run(&history, &expect);
    let text = render_text(&RunRecord::new(meta(), &history, &results), PLAIN);
    let twice = "           03:00.004  order o-1 is wanted twice\n           ... and 25 more\n";
    assert!(text.contains(twice), "{text}");
    let why =
        "           nothing to examine: no live stream hung for longer than the bound on silence\n";
    assert!(text.contains(why), "{text}");
}

#[test]
fn long_lists_are_cut_in_the_middle() {
    let mut story = Story::new();
    for order in 0..100 {
        let id = format!("o-{order}");
        story.trader(1_000 * order, intent(&id));
        story.trader(1_000 * order, trader_order(&id, model::OrderState::Rejected, "0"));
        let state = if order % 2 == 0 { StreamState::Live } else { StreamState::Down };
        story.trader(1_000 * order, stream("kraken/public", state, "flapping"));
    }
    let text = render_text(&RunRecord::new(meta(), &story.history(), &[]), PLAIN);
    for part in [
        "  ... 40 left out; the JSON record has all\n",
        "ORDERS (100)\n",
        "  00:15.000  o-15   buy   0.5 BTC/USD  market  rejected  0       -\n\
         \x20 ... 76 left out; the JSON record has all\n\
         \x20 01:32.000  o-92   buy",
        "verdict UNJUDGED: no check was made\n",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn vain_attempts_to_come_back_are_counted() {
    let mut story = Story::new();
    for (at_ms, state, reason) in [
        (0, StreamState::Connecting, "start"),
        (10, StreamState::Live, "subscribed"),
        (1_000, StreamState::Down, "reset"),
        (2_000, StreamState::Connecting, "again"),
        (3_000, StreamState::Down, "cannot connect"),
        (4_000, StreamState::Connecting, "again"),
        (5_000, StreamState::Down, "breaker open"),
        (6_000, StreamState::Live, "subscribed"),
        (7_000, StreamState::Down, "reset"),
        (8_000, StreamState::Connecting, "again"),
        (8_000, StreamState::Down, "breaker open"),
        (9_000, StreamState::Down, "stopped"),
    ] {
        story.trader(at_ms, stream("kraken/public", state, reason));
    }
    let text = render_text(&RunRecord::new(meta(), &story.history(), &[]), PLAIN);
    let expected = "
TIMELINE
  00:00.010  + kraken/public  live: subscribed
  00:01.000  - kraken/public  down: reset (then 2 more attempts failed, last: breaker open)
  00:06.000  + kraken/public  live: subscribed
  00:07.000  - kraken/public  down: reset (then 1 more attempt failed, last: breaker open)
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn strikes_are_named_where_the_kind_of_the_fault_is_known() {
    let mut story = Story::new();
    for (fault, what) in (0..).zip(["hold a - b", "rest-status 503", "holding", "lose", ""]) {
        story.world(1_000, events::fault(fault, what)).world(2_000, events::healed(fault, 3));
    }
    let text = render_text(&RunRecord::new(meta(), &story.history(), &[]), PLAIN);
    for part in [
        "fault 0  ends, struck 3 times (dials and writes held back)\n",
        "fault 1  ends, struck 3 times (answers)\n",
        "fault 2  ends, struck 3 times\n",
        "fault 3  ends, struck 3 times\n",
        "fault 4  ends, struck 3 times\n",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let style = TextStyle { color: false, width: 20 };
    let text = render_text(&record_of(&bad_story().history()), style);
    for line in text.lines() {
        assert!(line.chars().count() <= TextStyle::WIDTH_MIN, "{line}");
    }
    assert!(text.contains("..."), "{text}");
}

#[test]
fn colours_come_only_when_asked_for_and_never_from_outside() {
    let mut story = clean();
    story.change(|record| {
        if let Event::Trader(AuditEvent::StreamChanged { reason, .. }) = &mut record.event {
            *reason = "\x1b[31mpwned\r\n".to_owned();
            return true;
        }
        false
    });
    let record = record_of(&story.history());
    let plain = render_text(&record, PLAIN);
    assert!(plain.chars().all(|c| c == '\n' || !c.is_control()), "{plain:?}");
    let coloured = render_text(&record, TextStyle { color: true, ..PLAIN });
    assert!(coloured.contains("\x1b[32mPASS"), "{coloured}");
    assert!(!coloured.contains("\x1b[31mpwned"), "{coloured}");
    let mut stripped = coloured;
    for code in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"] {
        stripped = stripped.replace(code, "");
    }
    let trimmed: String = stripped.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_eq!(trimmed, plain);
}

#[test]
fn a_run_in_which_nothing_happened_says_so() {
    let meta = RunMeta { faults: Vec::new(), ..meta() };
    let text = render_text(&RunRecord::new(meta, &[], &[]), PLAIN);
    assert!(text.contains("\nORDERS (0)\n  none\n\nFILLS (0)\n  none\n"), "{text}");
}
