//! One deadline for a whole call.

use model::audit::BreakerState;
use platform::BoxFuture;

use super::*;

const HASTE: Duration = Duration::from_secs(5);

/// Every operation of the client.
pub(super) fn operations(rest: &Rest) -> Vec<(&'static str, BoxFuture<'_, bool>)> {
    const PAIRS: [&str; 9] = ["A", "B", "C", "D", "E", "F", "G", "H", "I"];
    let order = || VenueOrderId::new("O1");
    vec![
        ("system_status", Box::pin(async { rest.system_status().await.is_ok() })),
        ("server_time", Box::pin(async { rest.server_time().await.is_ok() })),
        ("instruments", Box::pin(async { rest.instruments(&[pair()]).await.is_ok() })),
        ("ticker", Box::pin(async { rest.ticker(&pair()).await.is_ok() })),
        ("depth", Box::pin(async { rest.depth(&pair(), 10).await.is_ok() })),
        (
            "depths",
            Box::pin(async {
                let books = rest.depths(&PAIRS.map(Symbol::new), 10).await;
                books.iter().all(Result::is_ok)
            }),
        ),
        ("balances", Box::pin(async { rest.balances().await.is_ok() })),
        ("open_orders", Box::pin(async { rest.open_orders().await.is_ok() })),
        ("closed_orders", Box::pin(async { rest.closed_orders(&id()).await.is_ok() })),
        ("query_orders", Box::pin(async move { rest.query_orders(&[order()]).await.is_ok() })),
        ("look_up", Box::pin(async move { rest.look_up(&order()).await.is_ok() })),
        ("find_order", Box::pin(async { rest.find_order(&id()).await.is_ok() })),
        ("add_order", Box::pin(async { rest.add_order(&super::order()).await.is_ok() })),
        (
            "cancel_order",
            Box::pin(async move { rest.cancel_order(&order(), &pair()).await.is_ok() }),
        ),
        ("cancel_all", Box::pin(async { rest.cancel_all().await.is_ok() })),
        ("ws_token", Box::pin(async { rest.ws_token().await.is_ok() })),
    ]
}

/// Nobody holds anything against the venue.
fn assert_trusted(bench: &Bench, when: &str) {
    for lane in bench.rest.lanes() {
        let now = lane.breaker().snapshot();
        let found = (now.state, now.failures);
        assert_eq!(found, (BreakerState::Closed, 0), "{} after {when}", lane.name());
    }
}

/// A venue that takes connections and answers nothing, then one that is not even reached. Each call ends
/// by its deadline though its normal timeout is far longer, six times in a row, and opens nothing.
#[tokio::test(start_paused = true)]
async fn every_call_ends_by_its_deadline_and_counts_nothing_against_the_venue() {
    for plan in ["no answer", "no connection"] {
        let bench = Bench::new(vec![Answer::Hang; 1_000]);
        if plan == "no connection" {
            bench.venue.plan_rest_dials(&[Dial::Hang; 1_000]);
        }
        for index in 0..operations(&bench.rest).len() {
            for _ in 0..6 {
                let begun = Instant::now();
                let rest = bench.rest.by(Deadline::after(HASTE));
                let (name, call) = operations(&rest).remove(index);
                assert!(!call.await, "{name}");
                assert!(begun.elapsed() <= HASTE, "{name} took {:?}", begun.elapsed());
                assert_trusted(&bench, name);
                // The limiters forget, so that the next call gets as far as its send.
                sleep(Duration::from_secs(60)).await;
            }
        }
    }
}

/// The second request of a call has what the first one left.
#[tokio::test(start_paused = true)]
async fn requests_of_one_call_share_its_time() {
    let nothing = r#"{"error":[],"result":{"open":{}}}"#.to_owned();
    let bench = Bench::new([Answer::Late(Duration::from_secs(4), nothing), Answer::Hang]);
    let begun = Instant::now();
    let error = bench.rest.by(Deadline::after(HASTE)).find_order(&id()).await;
    let after = Duration::from_secs(1);
    assert!(matches!(error, Err(LaneError::AttemptTimedOut { after: a }) if a == after));
    assert_eq!(begun.elapsed(), HASTE);
    assert_eq!(bench.venue.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_never_moved_back() {
    let bench = Bench::new([Answer::Hang]);
    let rest = bench.rest.by(Deadline::after(HASTE)).by(Deadline::after(HASTE * 2));
    let begun = Instant::now();
    rest.balances().await.expect_err("hung");
    assert_eq!(begun.elapsed(), HASTE);
    // Nor is a request given more than it would have without.
    let rest = bench.rest.by(Deadline::after(HASTE * 100));
    bench.venue.plan(vec![Answer::Hang; 4]);
    let begun = Instant::now();
    rest.balances().await.expect_err("hung");
    assert!(begun.elapsed() <= Duration::from_secs(30), "{:?}", begun.elapsed());
}

/// The batch waits for the most patient of its callers.
#[tokio::test(start_paused = true)]
async fn haste_of_one_costs_the_others_of_a_batch_nothing() {
    let row = r#"{"status":"open","vol_exec":"0","cost":"0","fee":"0"}"#;
    let both = format!(r#"{{"error":[],"result":{{"O1":{row},"O2":{row}}}}}"#);
    let bench = Bench::new([Answer::Late(Duration::from_secs(8), both)]);
    let hasty = bench.rest.by(Deadline::after(HASTE));
    let patient = bench.rest.by(Deadline::after(HASTE * 3));
    let (first, second) = (VenueOrderId::new("O1"), VenueOrderId::new("O2"));
    let (hasty, patient) = tokio::join!(hasty.look_up(&first), patient.look_up(&second));
    assert!(matches!(hasty, Err(LookupError::TimedOut { after }) if after == HASTE), "{hasty:?}");
    assert_eq!(patient.expect("an answer").venue_order_id, second);
    assert_eq!(bench.venue.seen().len(), 1);
    assert_trusted(&bench, "look_up");
}

/// Who waits for the load of one who gives up loads in its place.
#[tokio::test(start_paused = true)]
async fn haste_of_one_costs_the_others_of_a_load_nothing() {
    let Answer::Body(rules) = pair_rows("XBT/USD") else { panic!("a body") };
    let late = Answer::Late(Duration::from_secs(8), rules);
    let bench = Bench::new([late.clone(), late]);
    let hasty = bench.rest.by(Deadline::after(HASTE));
    let pairs = [pair()];
    let (hasty, patient) = tokio::join!(hasty.instruments(&pairs), bench.rest.instruments(&pairs));
    let error = hasty.expect_err("too slow");
    assert!(matches!(*error, LaneError::AttemptTimedOut { after } if after == HASTE), "{error}");
    assert_eq!(patient.expect("an answer")[0].symbol, pair());
    assert_eq!(bench.venue.seen().len(), 2);
    assert_trusted(&bench, "instruments");
}

/// What fails for another reason than time is told to all who wait, at once.
#[tokio::test(start_paused = true)]
async fn what_the_venue_says_is_told_to_the_patient_too() {
    let bench = Bench::new([Answer::result("{}"), pair_rows("XBT/USD")]);
    let hasty = bench.rest.by(Deadline::after(HASTE));
    let pairs = [pair()];
    let (hasty, patient) = tokio::join!(hasty.instruments(&pairs), bench.rest.instruments(&pairs));
    let told = [hasty, patient].map(|result| result.expect_err("not listed").to_string());
    assert_eq!(told, ["malformed answer: `asset pair` is missing"; 2]);
    assert_eq!(bench.venue.seen().len(), 1);
}
