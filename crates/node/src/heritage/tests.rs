use super::*;

#[tokio::test(start_paused = true)]
async fn nothing_can_be_missing_once_no_order_goes_on_and_none_can_show_up() {
    let complete_from = Instant::now() + Duration::from_secs(90);
    let held = |open| Held { positions: Positions::new(), open };
    let just_before = complete_from - Duration::from_millis(1);
    assert!(!held(false).is_complete(just_before, complete_from));
    assert!(held(false).is_complete(complete_from, complete_from));
    assert!(!held(true).is_complete(complete_from + Duration::from_hours(1), complete_from));
}
