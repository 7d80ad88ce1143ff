use super::*;
use crate::samples::{bad_story, good, record_of};

const STYLE: TextStyle = TextStyle { color: false, width: 120 };

#[test]
fn a_failure_is_told_with_what_was_in_force_and_who_waited() {
    let history = bad_story().history();
    let record = record_of(&history);
    let text = render_explanation(&record, &history, None, 3, STYLE).expect("it failed");
    assert!(
        text.starts_with("FAIL safety no-duplicate-order  faults/outage, seed 0x57eb0001\n"),
        "{text}"
    );
    for part in [
        "  at 01:03.500, event ",
        "\nIN FORCE\n",
        "fault 0: rest-status",
        "\nOPEN WAITS\n",
        "\nTHEN\n",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    // The event that showed it is marked, once, and no host has more than it was asked for.
    assert_eq!(text.lines().filter(|line| line.starts_with("  > ")).count(), 1, "{text}");
    let (_, last) = text.split_once("LAST EVENTS OF EACH HOST\n").expect("a section");
    let (last, _) = last.split_once("\n\n").expect("an end");
    let mut shown = 0;
    for line in last.lines() {
        shown = if line.starts_with("  > ") || line.starts_with("    ") { shown + 1 } else { 0 };
        assert!(shown <= 3, "{text}");
    }
}

#[test]
fn a_check_can_be_asked_for_and_must_have_failed() {
    let history = bad_story().history();
    let record = record_of(&history);
    let told = |check| render_explanation(&record, &history, Some(check), 3, STYLE);
    assert!(told("no-duplicate-order").is_some());
    assert_eq!(told("faults-struck"), None);
    assert_eq!(told("no-such-check"), None);
    assert_eq!(render_explanation(&good(), &history, None, 3, STYLE), None);
}
