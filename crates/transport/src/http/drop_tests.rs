//! Callers that go away, whenever they do, leave nothing behind.

use platform::TaskGroup;
use testkit::drop_at_every_poll_and_settle;
use tokio::io::DuplexStream;
use tokio::time::sleep;

use super::*;
use crate::test_net::{TestNet, endpoint, next_head};
use crate::testing::{SETTLE, serve_each};

/// Answers in pieces, so that an exchange waits in each of its phases.
async fn answer_in_pieces(mut stream: DuplexStream) {
    while next_head(&mut stream).await.is_some() {
        for piece in ["HTTP/1.1 200 OK\r\n", "content-length: 4\r\n\r\n", "ha", "lf"] {
            sleep(Duration::from_millis(1)).await;
            if !try_write(&mut stream, piece).await {
                return;
            }
        }
    }
}

async fn try_write(stream: &mut DuplexStream, text: &str) -> bool {
    tokio::io::AsyncWriteExt::write_all(stream, text.as_bytes()).await.is_ok()
}

async fn exchange(client: &HttpClient) -> Result<HttpResponse, HttpError> {
    let permit = client.acquire(&endpoint("venue")).await?;
    let request = HttpRequest {
        method: Method::POST,
        path_and_query: "/".to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"a=b"),
    };
    client.send(permit, request).await
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_the_queue_takes_no_place_along() {
    let (net, _accepted) = TestNet::new(&[]);
    let group = TaskGroup::new("test");
    let config = HttpConfig { per_host_max: 1, total_max: 1, ..HttpConfig::default() };
    let client = HttpClient::new(net, &config, group.spawner()).expect("valid limits");
    let venue = endpoint("venue");
    // One holds the only place, two wait for it.
    let turn = async || {
        let permit = client.acquire(&venue).await.expect("a turn within 5 s");
        sleep(Duration::from_secs(1)).await;
        drop(permit);
    };
    let make = || async { tokio::join!(turn(), turn(), turn()) };
    let left = |polls| {
        assert_eq!(client.stats(), PoolStats::default(), "after {polls} polls");
        let next = std::pin::pin!(client.acquire(&venue));
        let next = futures_util::FutureExt::now_or_never(next);
        assert!(next.is_some_and(|permit| permit.is_ok()), "room after {polls} polls");
    };
    let (_, polls) = drop_at_every_poll_and_settle(make, SETTLE, left).await;
    assert!(polls > 3, "{polls} polls");
    assert_eq!(client.stats(), PoolStats::default());
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_exchange_leaves_no_permit_and_no_count() {
    let (net, accepted) = TestNet::slow(Duration::from_millis(1));
    let group = TaskGroup::new("test");
    let live = serve_each(&group.spawner(), accepted, answer_in_pieces);
    let client = HttpClient::new(net.clone(), &HttpConfig::default(), group.spawner());
    let client = client.expect("valid limits");
    let left = |polls| {
        let stats = client.stats();
        assert_eq!((stats.permits, stats.in_use, stats.waiting), (0, 0, 0), "after {polls} polls");
        // An abandoned dial goes on and its connection waits for the next request.
        assert_eq!(stats.open, live.count(), "after {polls} polls");
        assert!(stats.open <= 1, "{} connections after {polls} polls", stats.open);
    };
    let (response, polls) = drop_at_every_poll_and_settle(|| exchange(&client), SETTLE, left).await;
    assert_eq!(response.expect("an answer").body, "half");
    assert!(polls > 4, "{polls} polls");
    let stats = client.stats();
    assert_eq!(stats.dialled, u64::try_from(net.dials()).expect("few"));
    sleep(Duration::from_secs(121)).await;
    let stats = client.stats();
    assert_eq!((stats.open, stats.permits, live.count()), (0, 0, 0), "all are closed");
}

/// The same with a pool of one place: a leaked one would let nobody through.
#[tokio::test(start_paused = true)]
async fn after_any_abandoned_exchange_the_next_one_succeeds() {
    let (net, accepted) = TestNet::slow(Duration::from_millis(1));
    let group = TaskGroup::new("test");
    let _live = serve_each(&group.spawner(), accepted, answer_in_pieces);
    let config = HttpConfig { per_host_max: 1, total_max: 1, ..HttpConfig::default() };
    let client = HttpClient::new(net, &config, group.spawner()).expect("valid limits");
    let make = || async { tokio::join!(exchange(&client), exchange(&client)) };
    let (both, _) = drop_at_every_poll_and_settle(make, SETTLE, |_| {}).await;
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(client.stats().refused, 0);
}
