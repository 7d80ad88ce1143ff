use super::*;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn times_have_ranges() {
    assert!(SwitchConfig::RECOMMENDED.validate().is_ok());
    assert_eq!(SwitchConfig::of(secs(60)), SwitchConfig::RECOMMENDED);
    let check = |timeout: Duration, refresh_every: Duration, expected: &str| {
        let error = SwitchConfig { timeout, refresh_every }.validate().expect_err(expected);
        assert!(error.to_string().starts_with(expected), "{error}");
    };
    check(secs(9), secs(1), "timeout: expected whole seconds");
    check(Duration::from_millis(60_500), secs(20), "timeout");
    check(secs(86_401), secs(20), "timeout");
    check(secs(60), secs(31), "refresh_every: expected 1 s or more");
    check(secs(60), Duration::from_millis(999), "refresh_every");
    for good in [secs(1), secs(30)] {
        assert!(SwitchConfig { timeout: secs(60), refresh_every: good }.validate().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_armed_that_was_not_confirmed() {
    let start = Instant::now();
    let mut switch = DeadMansSwitch::new(SwitchConfig::RECOMMENDED, start);
    assert_eq!((switch.next(), switch.standing(start)), (start, Standing::Unarmed));
    switch.failed(start + secs(3), Duration::ZERO);
    assert_eq!(switch.standing(start + secs(500)), Standing::Unarmed);
    assert_eq!((switch.next(), switch.failures()), (start + secs(8), 1));
}

/// From the send, not from the answer: the venue may have begun to count at once.
#[tokio::test(start_paused = true)]
async fn the_venue_counts_from_the_send() {
    let start = Instant::now();
    let mut switch = DeadMansSwitch::new(SwitchConfig::RECOMMENDED, start);
    switch.confirmed(start + secs(1));
    let until = start + secs(61);
    assert_eq!(switch.standing(start + secs(60)), Standing::Armed { until });
    assert_eq!(switch.standing(until), Standing::MayHaveFired);
    assert_eq!(switch.next(), start + secs(21));
    // An answer that is late does not make it count from an earlier send.
    switch.confirmed(start + secs(21));
    switch.confirmed(start + secs(5));
    assert_eq!(switch.standing(start + secs(80)), Standing::Armed { until: start + secs(81) });
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_changes_nothing_that_is_known_and_is_tried_again_soon() {
    let start = Instant::now();
    let mut switch = DeadMansSwitch::new(SwitchConfig::RECOMMENDED, start);
    switch.confirmed(start);
    switch.failed(start + secs(20), Duration::ZERO);
    switch.failed(start + secs(30), Duration::ZERO);
    assert_eq!((switch.next(), switch.failures()), (start + secs(35), 2));
    let until = start + secs(60);
    assert_eq!(switch.standing(start + secs(59)), Standing::Armed { until });
    // A breaker that is open tells how long.
    switch.failed(start + secs(40), secs(18));
    assert_eq!(switch.next(), start + secs(58));
    assert_eq!(switch.standing(until), Standing::MayHaveFired);
    switch.confirmed(start + secs(70));
    assert_eq!((switch.failures(), switch.next()), (0, start + secs(90)));
    assert_eq!(switch.standing(start + secs(71)), Standing::Armed { until: start + secs(130) });
    assert_eq!(switch.give_up_at(start), start + secs(20));
}

/// A quarter of a short time between two calls is no time to ask again.
#[tokio::test(start_paused = true)]
async fn a_failed_call_is_tried_again_after_a_second_at_the_earliest() {
    let start = Instant::now();
    let config = SwitchConfig { timeout: secs(10), refresh_every: secs(2) };
    config.validate().expect("in range");
    let mut switch = DeadMansSwitch::new(config, start);
    switch.failed(start, Duration::ZERO);
    assert_eq!(switch.next(), start + secs(1));
    switch.failed(start, Duration::from_millis(999));
    assert_eq!(switch.next(), start + secs(1));
    switch.failed(start, Duration::from_millis(1_001));
    assert_eq!(switch.next(), start + Duration::from_millis(1_001));
}
