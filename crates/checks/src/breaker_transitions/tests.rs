use model::audit::{AuditEvent, BreakerState, CallOutcome};
use model::history::{Event, Record};
use std::time::Duration;

use super::*;
use crate::expectations::BreakerRules;
use crate::opening_rule::{OpeningRule, Span};
use crate::testkit::events::{BREAKER, breaker, ended, fault, healed, sampled, started};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

use BreakerState::{Closed, HalfOpen, Isolated, Open};
use CallOutcome::{Cancelled, Failure, Ignored, Success};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

fn passes(story: &Story) {
    assert_passes(CHECK.name, story, &expectations());
}

/// Calls one second apart from 1 s on, numbered from 0, each answered after 10 ms.
fn calls(outcomes: &[CallOutcome]) -> Story {
    let mut story = Story::new();
    for (call, outcome) in (0..).zip(outcomes) {
        let at_ms = 1_000 * (call + 1);
        story.trader(at_ms, started(call, "Balance")).trader(at_ms + 10, ended(call, *outcome));
    }
    story
}

fn is_change(record: &Record, generation_wanted: u64) -> bool {
    matches!(&record.event, Event::Trader(AuditEvent::BreakerChanged { generation, .. })
        if *generation == generation_wanted)
}

#[test]
fn a_breaker_that_never_opens_is_reported_once_per_missed_trip() {
    let story = calls(&[Failure; 9]);
    reports(&story, "stays CLOSED after 5 failures, must be OPEN");
    let Verdict::Fail { total, .. } = CHECK.run(&story.history(), &expectations()).verdict else {
        panic!("must fail");
    };
    assert_eq!(total, 1);
}

#[test]
fn a_breaker_that_opens_at_the_sixth_failure_is_reported() {
    let mut story = calls(&[Failure; 6]);
    story.trader(6_010, breaker(1, Closed, Open, "503"));
    reports(&story, "stays CLOSED after 5 failures");
}

#[test]
fn a_breaker_that_opens_at_the_fourth_failure_is_reported() {
    let mut story = calls(&[Failure; 4]);
    story.trader(4_010, breaker(1, Closed, Open, "503"));
    reports(&story, "became OPEN without a failure that counts");
    let mut story = calls(&[Failure; 3]);
    story.trader(3_010, breaker(1, Closed, Open, "503"));
    reports(&story, "CLOSED -> OPEN after 3 consecutive failures, not 5");
}

#[test]
fn a_success_resets_the_count_and_ignored_and_cancelled_calls_neither_count_nor_reset() {
    let f = Failure;
    passes(&calls(&[f, f, f, f, Success, f, f, f, f]));
    let mut story = calls(&[f, f, f, Ignored, Cancelled, f, f]);
    story.trader(7_010, breaker(1, Closed, Open, "503"));
    passes(&story);
}

#[test]
fn a_breaker_that_counts_cancelled_calls_is_reported() {
    let mut story = calls(&[Failure, Failure, Failure, Failure, Cancelled]);
    story.trader(5_010, breaker(1, Closed, Open, "503"));
    reports(&story, "without a failure that counts");
}

#[test]
fn the_change_may_be_told_before_the_end_of_the_call_that_causes_it() {
    let mut story = calls(&[Failure; 4]);
    story
        .trader(5_000, started(9, "Balance"))
        .trader(5_010, breaker(1, Closed, Open, "503"))
        .trader(5_010, ended(9, Failure));
    passes(&story);
}

#[test]
fn results_of_an_earlier_generation_do_not_count() {
    // Case 10: a call from before the outage fails while the breaker probes.
    let mut story = clean();
    story.trader(60_500, started(90, "Slow")).trader(135_500, ended(90, Failure));
    passes(&story);
    story.trader(135_500, breaker(5, HalfOpen, Open, "503"));
    reports(&story, "became OPEN without a failure that counts");
}

#[test]
fn a_probe_before_its_time_is_reported() {
    let mut story = clean();
    story.change(|record| {
        let early = is_change(record, 2)
            || matches!(&record.event, Event::Trader(AuditEvent::CallStarted { call: 7, .. }));
        if early {
            record.at_ns -= 5_000_000_000;
        }
        early
    });
    reports(&story, "lets a probe pass 5.000 s too early");
}

#[test]
fn half_open_without_a_call_is_reported() {
    let mut story = clean();
    story.change(|record| {
        let change = is_change(record, 4);
        if change {
            record.at_ns += 500_000_000;
        }
        change
    });
    story.without(|record| is_change(record, 4));
    story.trader(134_000, breaker(4, Open, HalfOpen, "timer"));
    reports(&story, "became HALF_OPEN though nobody called");
}

#[test]
fn a_breaker_that_closes_after_one_success_or_never_is_reported() {
    let mut story = clean();
    story.without(|record| is_change(record, 5));
    reports(&story, "stays HALF_OPEN after 2 successes, must be CLOSED");
    story.trader(135_050, breaker(5, HalfOpen, Closed, "probe passed"));
    reports(&story, "became CLOSED without a success that counts");
}

#[test]
fn a_breaker_that_ignores_a_failed_probe_is_reported() {
    let mut story = clean();
    story.without(|record| is_change(record, 3));
    reports(&story, "stays HALF_OPEN after 1 failure, must be OPEN");
}

#[test]
fn a_gap_in_the_generations_is_reported() {
    let mut story = clean();
    story.change(|record| {
        if let Event::Trader(AuditEvent::BreakerChanged { generation, .. }) = &mut record.event
            && *generation == 4
        {
            *generation = 6;
            return true;
        }
        false
    });
    reports(&story, "generation 6 follows 3");
}

#[test]
fn a_state_that_was_never_entered_and_an_illegal_transition_are_reported() {
    let mut story = clean();
    story.without(|record| is_change(record, 3));
    reports(&story, "says that it was OPEN, but it was HALF_OPEN");
    let mut story = calls(&[Success]);
    story.trader(2_000, breaker(1, Closed, HalfOpen, "odd"));
    reports(&story, "CLOSED -> HALF_OPEN is no legal transition (cause `odd`)");
}

#[test]
fn forced_states_need_their_causes() {
    let mut story = calls(&[Success]);
    story
        .trader(2_000, breaker(1, Closed, Isolated, "isolated"))
        .trader(900_000, breaker(2, Isolated, Closed, "reset"));
    passes(&story);
    story.trader(901_000, breaker(3, Closed, Isolated, "bad mood"));
    reports(&story, "CLOSED -> ISOLATED is no legal transition (cause `bad mood`)");
}

#[test]
fn an_open_time_that_the_rules_do_not_give_is_reported() {
    let mut story = clean();
    story.change(|record| {
        if let Event::Trader(AuditEvent::BreakerChanged { open_ms, .. }) = &mut record.event
            && open_ms.is_some()
        {
            *open_ms = Some(3_000);
            return true;
        }
        false
    });
    reports(&story, "opens for 3.000 s, not for 30.000 s to 30.000 s");
}

#[test]
fn probes_are_given_up_only_after_their_time() {
    let probe_lost = |at_ms| {
        let mut story = clean();
        story.without(|record| record.at_ns > 95_000_000_000);
        story.trader(at_ms, breaker(3, HalfOpen, HalfOpen, "no sign of life"));
        story.trader(at_ms, started(20, "Balance"));
        story
    };
    passes(&probe_lost(155_000));
    reports(&probe_lost(125_000), "lets a probe pass 30.000 s too early");
}

/// A slot that was not given back.
#[test]
fn probes_that_are_given_up_though_they_have_ended_are_reported() {
    let mut story = clean();
    story.without(|record| record.at_ns > 95_000_000_000);
    story
        .trader(96_000, ended(7, Cancelled))
        .trader(156_100, breaker(3, HalfOpen, HalfOpen, "no sign of life"))
        .trader(156_100, started(20, "Balance"));
    reports(&story, "gives up 1 probes though only 0 are running");
}

#[test]
fn a_breaker_that_rejects_after_its_time_is_reported() {
    // Open from 105 s to 135 s; what the metrics tell may be 10 s old.
    let rejects = |counts: [u64; 3]| {
        let mut story = clean();
        story.without(|record| record.at_ns > 105_000_000_000);
        for (at_ms, rejected) in [140_000, 150_000, 160_000].into_iter().zip(counts) {
            let series = format!("wavetank_breaker_rejected_total{{breaker=\"{BREAKER}\"}}");
            story.world(at_ms, sampled(&series, &rejected.to_string()));
        }
        story
    };
    passes(&rejects([3, 4, 4]));
    reports(&rejects([3, 4, 5]), "rejects calls though its time is over since 135.000 s");
}

#[test]
fn a_trader_that_is_frozen_tells_afterwards_what_was_rejected_in_time() {
    // Open from 105 s to 135 s, frozen from 130 s to 165 s: nothing is told until then.
    let rejected = |counts: [u64; 2]| {
        let mut story = clean();
        story.without(|record| record.at_ns > 105_000_000_000);
        story.world(130_000, fault(7, "freeze trader")).world(165_000, healed(7, 1));
        let series = format!("wavetank_breaker_rejected_total{{breaker=\"{BREAKER}\"}}");
        // Something else has changed meanwhile.
        for at_ms in [140_000, 150_000, 160_000] {
            story.world(at_ms, sampled("sim_host_tasks_alive{host=\"kraken\"}", "9"));
        }
        for (at_ms, rejected) in [170_000, 180_000].into_iter().zip(counts) {
            story.world(at_ms, sampled(&series, &rejected.to_string()));
        }
        story
    };
    let mut expect = expectations();
    expect.freezes.insert(7);
    assert_passes(CHECK.name, &rejected([4, 4]), &expect);
    let message = "rejects calls though its time is over since 135.000 s";
    assert_reports(CHECK.name, &rejected([4, 5]), &expect, message);
    expect.freezes.clear();
    assert_reports(CHECK.name, &rejected([4, 4]), &expect, message);
}

#[test]
fn a_breaker_with_rules_of_its_own_is_judged_by_them() {
    let mut expect = expectations();
    let mut rules = expect.breaker.clone();
    rules.opening = OpeningRule::Consecutive(2);
    rules.open_for = Duration::from_secs(1);
    rules.open_for_max = Duration::from_secs(60);
    expect.breakers.insert(BREAKER.to_owned(), rules);
    let mut story = calls(&[Failure, Failure]);
    assert_reports(CHECK.name, &story, &expect, "stays CLOSED after 2 failures");
    story.trader(2_010, breaker(1, Closed, Open, "503"));
    assert_passes(CHECK.name, &story, &expect);
}

/// At least 4 calls, half of them failed or slower than 1 s.
fn rates(span: Span) -> Expectations {
    let opening = OpeningRule::Rates {
        span,
        minimum_calls: 4,
        failure_percent: 50,
        slow: Some((Duration::from_secs(1), 50)),
    };
    let rules = BreakerRules { opening, ..BreakerRules::standard() };
    let mut expect = expectations();
    expect.breakers.insert(BREAKER.to_owned(), rules);
    expect
}

fn last_calls() -> Expectations {
    rates(Span::Calls(6))
}

/// As [`calls`], one every second; the numbers tell how many milliseconds each takes.
fn timed(ends: &[(CallOutcome, u64)]) -> Story {
    let mut story = Story::new();
    for (call, (outcome, took_ms)) in (0..).zip(ends) {
        let at_ms = 1_000 * (call + 1);
        story
            .trader(at_ms, started(call, "Balance"))
            .trader(at_ms + took_ms, ended(call, *outcome));
    }
    story
}

#[test]
fn a_missed_failure_rate_is_reported_and_a_right_one_passes() {
    let mut story = calls(&[Success, Success, Failure, Ignored, Failure]);
    let stays = "stays CLOSED after 4 calls, 2 failed, 0 slow, must be OPEN";
    assert_reports(CHECK.name, &story, &last_calls(), stays);
    story.trader(5_010, breaker(1, Closed, Open, "2 of 4 calls failed"));
    assert_passes(CHECK.name, &story, &last_calls());
}

#[test]
fn a_rate_below_its_percentage_or_its_minimum_opens_nothing() {
    let mut story = calls(&[Failure, Failure, Failure]);
    assert_passes(CHECK.name, &story, &last_calls());
    story.trader(3_010, breaker(1, Closed, Open, "3 of 3 calls failed"));
    assert_reports(CHECK.name, &story, &last_calls(), "became OPEN without a call that counts");
    let mut story = calls(&[Success, Success, Success, Failure, Failure]);
    assert_passes(CHECK.name, &story, &last_calls());
    story.trader(5_010, breaker(1, Closed, Open, "2 of 5 calls failed"));
    assert_reports(CHECK.name, &story, &last_calls(), "became OPEN without a call that counts");
}

#[test]
fn calls_that_have_left_the_window_count_no_more() {
    // Three failures are half of the last six calls, but not of all ten.
    let mut story = calls(&[Success; 7]);
    for call in 7..10 {
        let at_ms = 1_000 * (call + 1);
        story.trader(at_ms, started(call, "Balance")).trader(at_ms + 10, ended(call, Failure));
    }
    assert_reports(CHECK.name, &story, &last_calls(), "must be OPEN");
    let whole = rates(Span::Calls(100));
    assert_passes(CHECK.name, &story, &whole);
    let short = rates(Span::Time { window: Duration::from_secs(5), grain: Duration::from_secs(1) });
    assert_reports(CHECK.name, &story, &short, "must be OPEN");
    let brief = rates(Span::Time { window: Duration::from_secs(2), grain: Duration::from_secs(1) });
    assert_passes(CHECK.name, &story, &brief);
}

#[test]
fn within_the_grain_of_a_time_window_both_are_right() {
    // At the last end, three of seven calls of the last 6 s have failed, but two of the last four.
    let ends = [Success, Success, Success, Failure, Success, Success, Success, Failure, Failure];
    let span = Span::Time { window: Duration::from_secs(6), grain: Duration::from_secs(3) };
    let mut story = calls(&ends);
    assert_passes(CHECK.name, &story, &rates(span));
    story.trader(9_010, breaker(1, Closed, Open, "2 of 4 calls failed"));
    assert_passes(CHECK.name, &story, &rates(span));
}

#[test]
fn slow_calls_open_and_those_at_the_bound_may() {
    let slow =
        |took_ms| timed(&[(Success, 10), (Success, 10), (Success, 1_500), (Success, took_ms)]);
    let open = |mut story: Story, at_ms| {
        story.trader(at_ms, breaker(1, Closed, Open, "2 of 4 calls were slow"));
        story
    };
    assert_reports(CHECK.name, &slow(1_100), &last_calls(), "4 calls, 0 failed, 2 slow");
    assert_passes(CHECK.name, &open(slow(1_100), 5_100), &last_calls());
    let quick = open(slow(900), 4_900);
    assert_reports(CHECK.name, &quick, &last_calls(), "became OPEN without a call that counts");
    assert_passes(CHECK.name, &slow(1_000), &last_calls());
    assert_passes(CHECK.name, &open(slow(1_000), 5_000), &last_calls());
}

#[test]
fn a_rate_may_be_told_before_the_end_that_reaches_it() {
    let mut story = calls(&[Success, Failure, Success]);
    story
        .trader(4_000, started(9, "Balance"))
        .trader(4_010, breaker(1, Closed, Open, "2 of 4 calls failed"))
        .trader(4_010, ended(9, Failure));
    assert_passes(CHECK.name, &story, &last_calls());
}

#[test]
fn a_slow_probe_opens_again_where_slow_calls_are_judged() {
    let probed = |took_ms: u64| {
        let mut story = calls(&[Failure; 4]);
        story
            .trader(4_010, breaker(1, Closed, Open, "4 of 4 calls failed"))
            .trader(40_000, breaker(2, Open, HalfOpen, "open time is over"))
            .trader(40_000, started(20, "Balance"))
            .trader(40_000 + took_ms, ended(20, Success));
        story
    };
    let mut story = probed(1_500);
    assert_reports(CHECK.name, &story, &last_calls(), "stays HALF_OPEN after 1 slow probe");
    story.trader(41_500, breaker(3, HalfOpen, Open, "the probe was slow"));
    assert_passes(CHECK.name, &story, &last_calls());
    let mut story = probed(500);
    assert_passes(CHECK.name, &story, &last_calls());
    story.trader(40_500, breaker(3, HalfOpen, Open, "the probe was slow"));
    assert_reports(CHECK.name, &story, &last_calls(), "became OPEN without a failure that counts");
}
