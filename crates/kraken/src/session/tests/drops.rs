//! A session that is dropped leaves nothing behind, whenever that is.

use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::drop_at_every_poll_and_settle;
use tokio::time::sleep;

use super::*;

/// Time after a drop in which both ends notice it, and the limiter of dials forgets.
const SETTLE: Duration = Duration::from_secs(120);

/// Serves every connection. The first one since `served` was reset is closed after its handshake, so that
/// the session has to come again.
async fn serve(
    mut sockets: mpsc::Receiver<DuplexStream>,
    spawner: platform::Spawner,
    served: Arc<AtomicUsize>,
    live: Arc<AtomicUsize>,
) -> platform::TaskResult {
    while let Some(stream) = sockets.recv().await {
        let (served, live) = (Arc::clone(&served), Arc::clone(&live));
        live.fetch_add(1, Ordering::Relaxed);
        spawner.spawn("venue", "connection", async move {
            sleep(Duration::from_millis(1)).await;
            if let Ok(socket) = accept_async(stream).await
                && served.fetch_add(1, Ordering::Relaxed) > 0
            {
                follow(socket).await;
            }
            live.fetch_sub(1, Ordering::Relaxed);
            Ok(())
        });
    }
    Ok(())
}

/// Answers every subscription until the other side is gone.
async fn follow(mut socket: Socket) {
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let number = text.as_str().split(r#""req_id":"#).nth(1).unwrap_or_default();
        let number = number.trim_end_matches('}');
        let mut answers = vec![format!(
            r#"{{"method":"subscribe","req_id":{number},"success":true,"result":{{"symbol":"BTC/USD"}}}}"#
        )];
        if text.as_str().contains(r#""channel":"book""#) {
            answers.push(book("snapshot", true));
        }
        if text.as_str().contains(r#""channel":"executions""#) {
            answers.push(executions("snapshot", 1));
        }
        for answer in answers {
            sleep(Duration::from_millis(1)).await;
            if socket.send(Message::text(answer)).await.is_err() {
                return;
            }
        }
    }
}

/// Runs a session until it is live for a second, after a connection that broke.
async fn until_live(kind: StreamKind, context: SessionContext) {
    // Small, so that the session waits for its consumer, too.
    let (sender, mut events) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    let session = async {
        match kind {
            StreamKind::Public => run_public(context, sender, cancel).await,
            StreamKind::Private => run_private(context, sender, cancel).await,
        }
    };
    let consumer = async {
        while let Some(event) = events.recv().await {
            sleep(Duration::from_millis(1)).await;
            if matches!(event, FeedEvent::Stream { state: StreamState::Live, .. }) {
                break;
            }
        }
        sleep(secs(1)).await;
    };
    tokio::select! {
        biased;
        ended = session => panic!("ended by itself: {ended:?}"),
        () = consumer => {}
    }
}

async fn can_be_dropped_at_every_poll(kind: StreamKind) {
    let group = TaskGroup::new("test");
    let (venue, sockets) = TestVenue::new(group.spawner());
    let (served, live) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let serving = serve(sockets, group.spawner(), Arc::clone(&served), Arc::clone(&live));
    group.spawner().spawn("venue", "listener", serving);
    let (config, platform) = (config(), venue.platform());
    let rest = Rest::new(&config, &platform, group.spawner()).expect("a good configuration");
    let context = SessionContext {
        config: Arc::new(config),
        platform,
        rest: rest.clone(),
        instruments: Arc::new([instrument()]),
    };
    let make = || {
        served.store(0, Ordering::Relaxed);
        until_live(kind, context.clone())
    };
    let nothing_is_held = |polls| {
        assert_eq!(live.load(Ordering::Relaxed), 0, "connections after {polls} polls");
        let stats = rest.http().stats();
        assert_eq!((stats.permits, stats.in_use, stats.waiting), (0, 0, 0), "after {polls} polls");
        for limiter in rest.limiters() {
            assert_eq!(limiter.snapshot().waiting, 0, "{} after {polls} polls", limiter.name());
        }
        let audit = venue.audit();
        let count = |wanted: fn(&AuditEvent) -> bool| audit.iter().filter(|e| wanted(e)).count();
        let begun = count(|event| matches!(event, AuditEvent::CallStarted { .. }));
        let ended = count(|event| matches!(event, AuditEvent::CallEnded { .. }));
        assert_eq!(begun, ended, "after {polls} polls");
        let (lane, _) = rest.dials(kind);
        assert!(
            lane.breaker().acquire().is_ok(),
            "the breaker lets nobody pass after {polls} polls"
        );
    };
    let (_, polls) = drop_at_every_poll_and_settle(make, SETTLE, nothing_is_held).await;
    assert!(polls > 12, "dial, handshake, backoff, dial, handshake, answers: {polls} polls");
    sleep(SETTLE).await;
    nothing_is_held(polls);
}

#[tokio::test(start_paused = true)]
async fn a_public_session_can_be_dropped_at_every_poll() {
    can_be_dropped_at_every_poll(StreamKind::Public).await;
}

#[tokio::test(start_paused = true)]
async fn a_private_session_can_be_dropped_at_every_poll() {
    can_be_dropped_at_every_poll(StreamKind::Private).await;
}
