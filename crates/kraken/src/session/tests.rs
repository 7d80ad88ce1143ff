use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use model::audit::{AuditEvent, BreakerState, CallOutcome, StreamState};
use platform::TaskGroup;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_async};

mod drops;
mod trading;

use super::*;
use crate::PairRules;
use crate::test_venue::{Answer, Dial, TestVenue, config, instrument};

/// The venue's end of a connection.
type Socket = WebSocketStream<DuplexStream>;

/// A session in a task, the venue it talks to, and its events.
struct Bench {
    venue: Arc<TestVenue>,
    rest: Rest,
    trader: Trader,
    sockets: mpsc::Receiver<DuplexStream>,
    events: mpsc::Receiver<FeedEvent>,
    cancel: CancellationToken,
    ended: mpsc::Receiver<(Result<(), SessionError>, Instant)>,
    started: Instant,
    group: TaskGroup,
}

impl Bench {
    fn start(kind: StreamKind, capacity: usize, plan: impl FnOnce(&TestVenue)) -> Self {
        let group = TaskGroup::new("test");
        let (venue, sockets) = TestVenue::new(group.spawner());
        plan(&venue);
        let (config, platform) = (config(), venue.platform());
        let rest = Rest::new(&config, &platform, group.spawner()).expect("a good configuration");
        rest.know(&[PairRules::of(instrument())]);
        let trader = Trader::new(&config, &platform, &rest).expect("a good configuration");
        let link = trader.link();
        let context = SessionContext {
            config: Arc::new(config),
            platform,
            rest: rest.clone(),
            instruments: Arc::new([instrument()]),
        };
        let (sender, events) = mpsc::channel(capacity);
        let cancel = CancellationToken::new();
        let token = cancel.clone();
        let (done, ended) = mpsc::channel(1);
        group.spawner().spawn("test", "session", async move {
            let result = match kind {
                StreamKind::Public => run_public(context, sender, token).await,
                StreamKind::Private => run_private_trading(context, link, sender, token).await,
            };
            done.send((result, Instant::now())).await?;
            Ok(())
        });
        let started = Instant::now();
        Self { venue, rest, trader, sockets, events, cancel, ended, started, group }
    }

    fn public() -> Self {
        Self::start(StreamKind::Public, 64, |_| {})
    }

    fn private() -> Self {
        Self::start(StreamKind::Private, 64, |_| {})
    }

    async fn accept(&mut self) -> Socket {
        let stream = self.sockets.recv().await.expect("a dial");
        accept_async(stream).await.expect("a handshake")
    }

    async fn event(&mut self) -> FeedEvent {
        let event = timeout(Duration::from_secs(600), self.events.recv()).await;
        event.expect("in time").expect("a session")
    }

    /// The next change of the stream's state; other events are skipped.
    async fn state(&mut self) -> StreamState {
        loop {
            if let FeedEvent::Stream { state, .. } = self.event().await {
                return state;
            }
        }
    }

    /// A public connection that is live.
    async fn live(&mut self) -> Socket {
        let mut socket = self.accept().await;
        assert_eq!(self.state().await, StreamState::Connecting);
        subscribed(&mut socket).await;
        assert_eq!(self.state().await, StreamState::Live);
        socket
    }

    /// A private connection that is live; also its token.
    async fn live_private(&mut self) -> (Socket, String) {
        let mut socket = self.accept().await;
        assert_eq!(self.state().await, StreamState::Connecting);
        let (request, text) = request(&mut socket).await;
        ack(&mut socket, request).await;
        say(&mut socket, executions("snapshot", 1)).await;
        assert_eq!(self.event().await, FeedEvent::OpenOrders(Vec::new()));
        assert_eq!(self.state().await, StreamState::Live);
        let token = text.split(r#""token":""#).nth(1).expect("a token");
        (socket, token[..7].to_owned())
    }

    /// Cancels, and checks that the session ends well and soon.
    async fn stop(mut self) -> Duration {
        let told = Instant::now();
        self.cancel.cancel();
        let ended = timeout(Duration::from_secs(10), self.ended.recv()).await;
        let (result, at) = ended.expect("in time").expect("a session");
        result.expect("a good end");
        let audit = self.venue.audit();
        let down = matches!(
            audit.last(),
            Some(AuditEvent::StreamChanged { state: StreamState::Down, .. })
        );
        assert!(down, "{:?}", audit.last());
        let count = |wanted: fn(&AuditEvent) -> bool| audit.iter().filter(|e| wanted(e)).count();
        let begun = count(|event| matches!(event, AuditEvent::CallStarted { .. }));
        let over = count(|event| matches!(event, AuditEvent::CallEnded { .. }));
        assert_eq!(begun, over, "every wait has an end");
        at - told
    }

    fn at(&self) -> Duration {
        self.started.elapsed()
    }

    /// Reasons of the stream's ends so far.
    fn reasons(&self) -> Vec<String> {
        let reason = |event| {
            let AuditEvent::StreamChanged { state: StreamState::Down, reason, .. } = event else {
                return None;
            };
            Some(reason)
        };
        self.venue.audit().into_iter().filter_map(reason).collect()
    }
}

async fn say(socket: &mut Socket, text: impl Into<String>) {
    let message = Message::text(text.into());
    socket.send(message).await.expect("a listener");
}

/// The next request: its number and its text.
async fn request(socket: &mut Socket) -> (u64, String) {
    let message = socket.next().await.expect("open").expect("a message");
    let text = message.into_text().expect("text").as_str().to_owned();
    let number = text.split(r#""req_id":"#).nth(1).expect("a number");
    let number = number.trim_end_matches('}').parse().expect("a number");
    (number, text)
}

async fn ack(socket: &mut Socket, request: u64) {
    say(
        socket,
        format!(
            r#"{{"method":"subscribe","req_id":{request},"success":true,"result":{{"symbol":"BTC/USD"}}}}"#
        ),
    )
    .await;
}

/// Answers both public subscriptions.
async fn subscribed(socket: &mut Socket) {
    for _ in 0..2 {
        let (number, _) = request(socket).await;
        if number % 2 == 1 {
            ack(socket, number).await;
        } else {
            ack(socket, number).await;
            say(socket, book("snapshot", true)).await;
        }
    }
}

fn book(kind: &str, right: bool) -> String {
    let checksum = crc32fast::hash(b"4528351000000") ^ u32::from(!right);
    format!(
        r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{{"price":45283.5,"qty":0.01000000}}],"asks":[],"checksum":{checksum}}}]}}"#
    )
}

fn trade(id: u64) -> String {
    format!(
        r#"{{"channel":"trade","type":"update","data":[{{"symbol":"BTC/USD","side":"buy","price":1.0,"qty":1,"trade_id":{id},"timestamp":"2023-10-06T17:35:55Z"}}]}}"#
    )
}

fn executions(kind: &str, sequence: u64) -> String {
    format!(r#"{{"channel":"executions","type":"{kind}","data":[],"sequence":{sequence}}}"#)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_live_stream_tells_trades_and_prices_and_ends_politely() {
    let mut bench = Bench::public();
    let mut socket = bench.live().await;
    say(&mut socket, trade(7)).await;
    let FeedEvent::Trade(told) = bench.event().await else {
        panic!("not a trade");
    };
    assert_eq!(told.trade_id, Some(7));
    let goodbye = async {
        let message = socket.next().await.expect("open").expect("a message");
        assert!(message.is_close(), "{message:?}");
        while socket.next().await.is_some() {}
    };
    let (took, ()) = tokio::join!(bench.stop(), goodbye);
    assert_eq!(took, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_hung_connect_ends_after_its_bound_and_is_tried_again() {
    let mut bench = Bench::start(StreamKind::Public, 64, |venue| {
        venue.plan_dials(&[Dial::Hang]);
    });
    assert_eq!(bench.state().await, StreamState::Connecting);
    assert_eq!(bench.state().await, StreamState::Down);
    assert_eq!(bench.at(), secs(30));
    let _socket = bench.live().await;
    assert!(bench.at() >= Duration::from_millis(30_500), "a backoff");
    assert!(bench.at() <= secs(31), "the shortest one");
    let calls = &bench.venue.audit()[1..3];
    let started = AuditEvent::CallStarted {
        call: 0,
        op: "kraken/public/connect".to_owned(),
        breaker: Some("kraken/connect-public".to_owned()),
        bound_ms: 30_000,
        client_order_id: None,
    };
    let ended = AuditEvent::CallEnded {
        call: 0,
        outcome: CallOutcome::Failure,
        error: Some("no websocket session within 30s".to_owned()),
    };
    assert_eq!(calls, [started, ended]);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_connect_breaker_opens_and_closes_again() {
    let mut bench = Bench::start(StreamKind::Public, 64, |venue| {
        venue.plan_dials(&[Dial::Refuse; 5]);
    });
    for _ in 0..5 {
        assert_eq!(bench.state().await, StreamState::Connecting);
        assert_eq!(bench.state().await, StreamState::Down);
    }
    let opened = bench.at();
    // One more try is refused by the breaker; the next waits until a probe may pass.
    assert_eq!(bench.state().await, StreamState::Connecting);
    assert_eq!(bench.state().await, StreamState::Down);
    let refused = bench.reasons().pop().expect("a reason");
    assert!(refused.contains("breaker"), "{refused}");
    let _socket = bench.live().await;
    assert!(bench.at() >= opened + secs(30));
    assert!(bench.at() <= opened + secs(41));
    // A stream that lives dials no more: one success is all that the breaker gets.
    let change = |event| {
        let AuditEvent::BreakerChanged { to, .. } = event else { return None };
        Some(to)
    };
    let states: Vec<_> = bench.venue.audit().into_iter().filter_map(change).collect();
    assert_eq!(states, [BreakerState::Open, BreakerState::HalfOpen, BreakerState::Closed]);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_acknowledgement_ends_the_connection() {
    let mut bench = Bench::public();
    let mut socket = bench.accept().await;
    assert_eq!(bench.state().await, StreamState::Connecting);
    let (number, _) = request(&mut socket).await;
    ack(&mut socket, number).await;
    assert_eq!(bench.state().await, StreamState::Down);
    assert_eq!(bench.at(), secs(10));
    let reasons = bench.reasons();
    assert!(reasons[0].starts_with("subscription not complete"), "{reasons:?}");
    drop(socket);
    let _socket = bench.live().await;
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn silence_is_asked_about_and_then_ends_the_connection() {
    let mut bench = Bench::public();
    let mut socket = bench.live().await;
    let (_, ping) = request(&mut socket).await;
    assert!(ping.contains(r#""method":"ping""#), "{ping}");
    assert_eq!(bench.at(), secs(10));
    say(&mut socket, r#"{"method":"pong","req_id":3}"#).await;
    let (_, ping) = request(&mut socket).await;
    assert!(ping.contains(r#""method":"ping""#), "{ping}");
    assert_eq!(bench.at(), secs(20));
    // The book goes first.
    let FeedEvent::BestPrices { bid, ask, .. } = bench.event().await else {
        panic!("not prices");
    };
    assert_eq!((bid, ask), (None, None));
    assert_eq!(bench.state().await, StreamState::Down);
    assert_eq!(bench.at(), secs(25));
    assert_eq!(bench.reasons(), ["silent for 15s"]);
    let _socket = bench.live().await;
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_close_by_the_venue_leads_to_a_new_connection() {
    let mut bench = Bench::public();
    let mut socket = bench.live().await;
    say(&mut socket, "CloudFlare WebSocket proxy restarting").await;
    let frame = CloseFrame { code: CloseCode::Restart, reason: "".into() };
    socket.close(Some(frame)).await.expect("a listener");
    assert_eq!(bench.state().await, StreamState::Down);
    assert_eq!(bench.reasons(), ["closed by the venue, code 1012 "]);
    let socket = bench.live().await;
    drop(socket);
    assert_eq!(bench.state().await, StreamState::Down);
    let _socket = bench.live().await;
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_book_is_subscribed_anew_on_the_same_connection() {
    let mut bench = Bench::public();
    let mut socket = bench.live().await;
    say(&mut socket, book("update", false)).await;
    let (_, first) = request(&mut socket).await;
    assert!(first.contains("unsubscribe"), "{first}");
    let (number, second) = request(&mut socket).await;
    assert!(second.contains(r#""method":"subscribe""#), "{second}");
    ack(&mut socket, number).await;
    say(&mut socket, book("snapshot", true)).await;
    let mut known = Vec::new();
    while known.len() < 2 {
        if let FeedEvent::BestPrices { bid, .. } = bench.event().await {
            known.push(bid.is_some());
        }
    }
    assert_eq!(known, [false, true]);
    let lost = |event: &AuditEvent| matches!(event, AuditEvent::BookLost { .. });
    assert_eq!(bench.venue.audit().iter().filter(|e| lost(e)).count(), 1);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_refused_for_too_many_tries_keeps_us_away() {
    let mut bench = Bench::public();
    let mut stream = bench.sockets.recv().await.expect("a dial");
    let mut head = vec![0; 64];
    let read = stream.read(&mut head).await.expect("a handshake");
    assert!(head[..read].starts_with(b"GET /v2 HTTP/1.1"));
    let refusal = b"HTTP/1.1 429 X\r\nretry-after: 600\r\n\r\n";
    stream.write_all(refusal).await.expect("a listener");
    assert_eq!(bench.state().await, StreamState::Connecting);
    assert_eq!(bench.state().await, StreamState::Down);
    // The edge refuses the address: requests keep away, too.
    bench.rest.server_time().await.expect_err("paused");
    bench.rest.balances().await.expect_err("paused");
    assert_eq!(bench.venue.seen().len(), 0);
    let _socket = bench.live().await;
    assert_eq!(bench.at(), secs(600));
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_gets_everything_and_is_not_taken_for_silence() {
    let mut bench = Bench::start(StreamKind::Public, 1, |_| {});
    let mut socket = bench.live().await;
    for id in 1..=20 {
        say(&mut socket, trade(id)).await;
    }
    tokio::time::sleep(secs(300)).await;
    let mut told = Vec::new();
    while told.len() < 20 {
        if let FeedEvent::Trade(trade) = bench.event().await {
            told.push(trade.trade_id.expect("a number"));
        }
    }
    assert_eq!(told, (1..=20).collect::<Vec<_>>());
    assert_eq!(bench.reasons(), Vec::<String>::new());
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_is_gone_ends_the_session() {
    let mut bench = Bench::public();
    let mut socket = bench.live().await;
    let (_, nobody) = mpsc::channel(1);
    bench.events = nobody;
    say(&mut socket, trade(1)).await;
    let (result, _) = bench.ended.recv().await.expect("an end");
    assert!(matches!(result, Err(SessionError::ConsumerGone { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_pair_without_rules_cannot_be_followed() {
    let group = TaskGroup::new("test");
    let (venue, _sockets) = TestVenue::new(group.spawner());
    let (config, platform) = (config(), venue.platform());
    let context = SessionContext {
        rest: Rest::new(&config, &platform, group.spawner()).expect("a good configuration"),
        config: Arc::new(config),
        platform,
        instruments: Arc::new([]),
    };
    let (events, _receiver) = mpsc::channel(1);
    let result = run_public(context, events, CancellationToken::new()).await;
    assert!(matches!(result, Err(SessionError::NoInstrument { .. })));
}

#[tokio::test(start_paused = true)]
async fn each_private_connection_has_a_token_of_its_own() {
    let mut bench = Bench::private();
    let (socket, token) = bench.live_private().await;
    assert_eq!(token, "token-1");
    drop(socket);
    assert_eq!(bench.state().await, StreamState::Down);
    let (_socket, token) = bench.live_private().await;
    assert_eq!(token, "token-2");
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_the_executions_leads_to_a_new_connection() {
    let mut bench = Bench::private();
    let (mut socket, _) = bench.live_private().await;
    say(&mut socket, executions("update", 2)).await;
    say(&mut socket, executions("update", 4)).await;
    assert_eq!(bench.state().await, StreamState::Down);
    assert_eq!(bench.reasons(), ["executions jumped from 2 to 4"]);
    let _socket = bench.live_private().await;
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_dialled() {
    let mut bench = Bench::start(StreamKind::Private, 64, |venue| {
        venue.plan([Answer::error("EGeneral:Permission denied")]);
    });
    assert_eq!(bench.state().await, StreamState::Connecting);
    assert_eq!(bench.state().await, StreamState::Down);
    assert_eq!(bench.reasons(), ["no token: EGeneral:Permission denied"]);
    assert!(bench.sockets.try_recv().is_err());
    let _socket = bench.live_private().await;
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_the_session_in_every_phase() {
    let now = Duration::ZERO;
    // In the dial.
    let mut bench = Bench::start(StreamKind::Public, 64, |venue| {
        venue.plan_dials(&[Dial::Hang]);
    });
    bench.state().await;
    assert_eq!(bench.stop().await, now);

    // In the handshake.
    let mut bench = Bench::public();
    let _unanswered = bench.sockets.recv().await;
    assert_eq!(bench.stop().await, now);

    // While the token is fetched.
    let mut bench = Bench::start(StreamKind::Private, 64, |venue| {
        venue.plan([Answer::Hang]);
    });
    bench.state().await;
    tokio::time::sleep(secs(1)).await;
    assert_eq!(bench.stop().await, now);

    // Before the acknowledgements, at a venue that does not answer the goodbye.
    let mut bench = Bench::public();
    let mut socket = bench.accept().await;
    request(&mut socket).await;
    assert_eq!(bench.stop().await, secs(2));

    // Live, at such a venue.
    let mut bench = Bench::public();
    let _socket = bench.live().await;
    assert_eq!(bench.stop().await, secs(2));

    // In the backoff.
    let mut bench = Bench::start(StreamKind::Public, 64, |venue| {
        venue.plan_dials(&[Dial::Refuse]);
    });
    bench.state().await;
    assert_eq!(bench.state().await, StreamState::Down);
    assert_eq!(bench.stop().await, now);

    // While the consumer is busy.
    let mut bench = Bench::start(StreamKind::Public, 1, |_| {});
    let mut socket = bench.live().await;
    for id in 1..=5 {
        say(&mut socket, trade(id)).await;
    }
    tokio::time::sleep(secs(60)).await;
    assert_eq!(bench.stop().await, secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_falls_right_after_it_is_live_does_not_dial_in_a_storm() {
    let mut bench = Bench::public();
    let mut dials = 0;
    while bench.at() < secs(600) {
        drop(bench.live().await);
        dials += 1;
        while bench.state().await != StreamState::Down {}
    }
    // The address may dial about 150 times in ten minutes, and there are two streams.
    assert!(dials <= 75, "{dials} dials in ten minutes");
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_live_for_long_comes_back_at_once() {
    let mut bench = Bench::public();
    for _ in 0..8 {
        drop(bench.live().await);
        while bench.state().await != StreamState::Down {}
    }
    let mut socket = bench.live().await;
    for _ in 0..7 {
        // A book that stood still would be subscribed anew.
        say(&mut socket, book("snapshot", true)).await;
        tokio::time::sleep(secs(10)).await;
    }
    let fell = bench.at();
    drop(socket);
    while bench.state().await != StreamState::Down {}
    drop(bench.live().await);
    assert!(bench.at() - fell <= secs(1), "{:?}", bench.at() - fell);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_keeps_us_away_for_a_year() {
    let mut bench = Bench::public();
    let mut stream = bench.sockets.recv().await.expect("a dial");
    let mut head = vec![0; 64];
    stream.read_exact(&mut head).await.expect("a handshake");
    let refusal = b"HTTP/1.1 503 X\r\nretry-after: 31536000\r\n\r\n";
    stream.write_all(refusal).await.expect("a listener");
    while bench.state().await != StreamState::Down {}
    let _socket = bench.live().await;
    assert_eq!(bench.at(), secs(600));
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_busy_consumer_is_not_forgiven_to_the_next_connection() {
    let mut bench = Bench::start(StreamKind::Public, 1, |_| {});
    drop(bench.live().await);
    tokio::time::sleep(secs(3600)).await;
    while bench.state().await != StreamState::Connecting {}
    let _mute = bench.accept().await;
    let connected = bench.at();
    while bench.state().await != StreamState::Down {}
    assert!(bench.at() - connected <= secs(15), "{:?}", bench.at() - connected);
    bench.stop().await;
}
