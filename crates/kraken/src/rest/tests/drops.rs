//! Calls whose callers go away leave nothing behind, whenever that is.

use futures_util::FutureExt as _;
use platform::TaskState;
use testkit::drop_at_every_poll_and_settle;

use super::deadlines::operations;
use super::*;

/// Time after a drop in which the venue ends what it has begun, and the limiters forget.
const SETTLE: Duration = Duration::from_secs(60);

/// A good answer to everything, after a while.
fn slowly(target: &str) -> Answer {
    let row = r#"{"status":"open","vol_exec":"0","cost":"0","fee":"0"}"#;
    let method = target.rsplit('/').next().unwrap_or_default().split('?').next();
    let result = match method.unwrap_or_default() {
        "SystemStatus" => r#"{"status":"online","timestamp":"2024-01-24T11:45:46Z"}"#.to_owned(),
        "Time" => r#"{"unixtime":1700000000}"#.to_owned(),
        "AssetPairs" => {
            let Answer::Body(body) = pair_rows("XBT/USD") else { panic!("a body") };
            return Answer::Late(Duration::from_millis(5), body);
        }
        "Ticker" => r#"{"X":{"a":["2","1","1"],"b":["1","1","1"],"c":["1","1"],"v":["1","1"],"p":["1","1"],"l":["1","1"],"h":["2","2"]}}"#.to_owned(),
        "Depth" => r#"{"X":{"asks":[],"bids":[]}}"#.to_owned(),
        "OpenOrders" => r#"{"open":{}}"#.to_owned(),
        "ClosedOrders" => r#"{"closed":{}}"#.to_owned(),
        "QueryOrders" => format!(r#"{{"O1":{row}}}"#),
        "AddOrder" => r#"{"txid":["O1"]}"#.to_owned(),
        "CancelOrder" | "CancelAll" => r#"{"count":1}"#.to_owned(),
        "GetWebSocketsToken" => r#"{"token":"token-1","expires":900}"#.to_owned(),
        _ => "{}".to_owned(),
    };
    Answer::Late(Duration::from_millis(5), format!(r#"{{"error":[],"result":{result}}}"#))
}

/// No place in a queue, no place on the wire, no turn of the key, no open record, no flight, no batch.
fn assert_nothing_is_held(bench: &Bench, when: &str) {
    let Rest { shared, lookup, depths, instruments, .. } = &bench.rest;
    let stats = bench.rest.http().stats();
    assert_eq!((stats.permits, stats.in_use, stats.waiting), (0, 0, 0), "{when}");
    let waiting: usize =
        bench.rest.limiters().iter().map(|limiter| limiter.snapshot().waiting).sum();
    assert_eq!(waiting, 0, "{when}");
    let turn = shared.key.turn(Rank::Read).now_or_never();
    assert!(turn.is_some_and(|turn| turn.is_ok()), "the key is taken {when}");
    assert_eq!(lookup.at_work(), [0; 3], "{when}");
    assert_eq!((depths.snapshot().running, instruments.loading()), (0, 0), "{when}");
    let (mut begun, mut ended) = (0, 0);
    for event in bench.venue.audit() {
        begun += u32::from(matches!(event, AuditEvent::CallStarted { .. }));
        ended += u32::from(matches!(event, AuditEvent::CallEnded { .. }));
    }
    assert_eq!(begun, ended, "{when}");
    // The batcher, the pool's own two, and both ends of each connection that is kept.
    let running = bench.group.status();
    let running = running.iter().filter(|task| task.state == TaskState::Running).count();
    assert!(running <= 3 + 2 * stats.open, "{running} tasks, {} connections {when}", stats.open);
}

#[tokio::test(start_paused = true)]
async fn every_call_can_be_dropped_at_every_poll() {
    let bench = Bench::new([]);
    bench.venue.answer_always(slowly);
    for index in 0..operations(&bench.rest).len() {
        let name = operations(&bench.rest)[index].0;
        let make = || operations(&bench.rest).remove(index).1;
        let left = |polls| assert_nothing_is_held(&bench, &format!("{polls} polls into {name}"));
        let (done, polls) = drop_at_every_poll_and_settle(make, SETTLE, left).await;
        assert!(done, "{name}");
        assert!(polls > 1, "{name} was dropped after {polls} polls at most");
    }
    // Nothing counts against the venue, and it still works.
    for lane in bench.rest.lanes() {
        assert_eq!(lane.breaker().snapshot().failures, 0, "{}", lane.name());
    }
    bench.rest.balances().await.expect("an answer");
}

/// A caller that goes away while others wait for the same costs them nothing.
#[tokio::test(start_paused = true)]
async fn whoever_shares_a_request_is_served_though_another_goes_at_any_poll() {
    let bench = Bench::new([]);
    bench.venue.answer_always(slowly);
    let id = VenueOrderId::new("O1");
    let stays = async || {
        let pairs = [Symbol::new("BTC/USD")];
        let both = tokio::join!(bench.rest.look_up(&id), bench.rest.instruments(&pairs));
        both.0.is_ok() && both.1.is_ok()
    };
    // The one that goes runs inside the one that stays: both share every request.
    for polls in 0..12 {
        let bench_pairs = [Symbol::new("BTC/USD")];
        let mut left = polls;
        let mut goes = Box::pin(async {
            tokio::join!(bench.rest.look_up(&id), bench.rest.instruments(&bench_pairs))
        });
        let goes = std::future::poll_fn(|context| {
            if left == 0 || goes.as_mut().poll(context).is_ready() {
                return std::task::Poll::Ready(());
            }
            left -= 1;
            std::task::Poll::Pending
        });
        let (stayed, ()) = tokio::join!(stays(), goes);
        assert!(stayed, "one went after {polls} polls");
        // The rules of pairs are asked for anew.
        sleep(Duration::from_secs(301)).await;
        assert_nothing_is_held(&bench, &format!("after {polls} polls"));
    }
}
