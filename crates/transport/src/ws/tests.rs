use std::sync::Arc;
use std::time::Duration;

use platform::TaskGroup;
use testkit::drop_at_every_poll_and_settle;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::*;
use crate::test_net::{Dial, TestNet, endpoint, read_head, write};
use crate::testing::{SETTLE, serve_each};

type Server = WebSocketStream<DuplexStream>;

async fn connect(net: &Arc<TestNet>, config: WsConfig) -> Result<WebSocket, WsError> {
    WebSocket::connect(net.as_ref(), &endpoint("venue"), "/v2", config).await
}

async fn accept(accepted: &mut mpsc::Receiver<DuplexStream>) -> Server {
    let stream = accepted.recv().await.expect("a dial");
    accept_async(stream).await.expect("a handshake")
}

/// Both ends of a session.
async fn session(config: WsConfig) -> (WebSocket, Server) {
    let (net, mut accepted) = TestNet::new(&[]);
    let (client, server) = tokio::join!(connect(&net, config), accept(&mut accepted));
    (client.expect("a session"), server)
}

#[tokio::test(start_paused = true)]
async fn messages_go_both_ways_and_pings_are_answered() {
    let (mut client, mut server) = session(WsConfig::default()).await;
    client.send_text("hello".to_owned()).await.expect("taken");
    let heard = server.next().await.expect("open").expect("a message");
    assert_eq!(heard, Message::text("hello"));
    let ping = Message::Ping(Bytes::from_static(b"?"));
    for message in [ping, Message::text("a"), Message::binary(vec![7])] {
        server.send(message).await.expect("taken");
    }
    let text = client.next().await.expect("a message");
    assert_eq!(text, WsMessage::Text("a".to_owned()));
    let binary = client.next().await.expect("a message");
    assert_eq!(binary, WsMessage::Binary(Bytes::from_static(&[7])));
    let pong = server.next().await.expect("open").expect("a message");
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"?")));
}

#[tokio::test(start_paused = true)]
async fn a_close_tells_its_code() {
    let (mut client, mut server) = session(WsConfig::default()).await;
    let frame = CloseFrame { code: CloseCode::Restart, reason: "maintenance".into() };
    server.close(Some(frame)).await.expect("taken");
    let closed = WsMessage::Closed { code: Some(1012), reason: "maintenance".to_owned() };
    assert_eq!(client.next().await.expect("a message"), closed);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_just_ends_is_an_error() {
    let (mut client, server) = session(WsConfig::default()).await;
    drop(server);
    let error = client.next().await.expect_err("no goodbye");
    assert!(matches!(error, WsError::Protocol { .. }));
}

#[tokio::test(start_paused = true)]
async fn dial_and_handshake_share_one_bound() {
    let (net, mut accepted) = TestNet::new(&[Dial::Hang]);
    for attempt in ["dial", "handshake"] {
        let start = Instant::now();
        let error = connect(&net, WsConfig::default()).await;
        let error = error.expect_err("nobody answers");
        assert!(matches!(error, WsError::ConnectTimedOut { .. }), "{attempt}");
        assert_eq!(start.elapsed(), Duration::from_secs(30), "{attempt}");
    }
    assert!(accepted.recv().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_refused_dial_and_a_refused_upgrade_are_told_apart() {
    let (net, mut accepted) = TestNet::new(&[Dial::Refuse]);
    let error = connect(&net, WsConfig::default()).await;
    assert!(matches!(error, Err(WsError::Dial(_))));
    let refuse = async {
        let mut server = accepted.recv().await.expect("a dial");
        let head = read_head(&mut server).await;
        assert!(head.starts_with("GET /v2 HTTP/1.1\r\n"), "{head}");
        write(&mut server, "HTTP/1.1 429 Slow\r\nretry-after: 600\r\n\r\n").await;
    };
    let (error, ()) = tokio::join!(connect(&net, WsConfig::default()), refuse);
    let Err(WsError::Refused { status, retry_after }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(status, 429);
    assert_eq!(retry_after, Some(Duration::from_secs(600)));
}

#[tokio::test(start_paused = true)]
async fn a_message_above_the_limit_is_an_error() {
    let config = WsConfig { message_bytes_max: 8, ..WsConfig::default() };
    let (mut client, mut server) = session(config).await;
    server.send(Message::text("12345678")).await.expect("taken");
    client.next().await.expect("at the limit");
    server.send(Message::text("123456789")).await.expect("taken");
    let error = client.next().await.expect_err("above the limit");
    assert!(matches!(error, WsError::Protocol { .. }));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_message_may_be_given_up_and_taken_up() {
    let (mut client, mut server) = session(WsConfig::default()).await;
    let waited = timeout(Duration::from_secs(1), client.next()).await;
    assert!(waited.is_err());
    server.send(Message::text("late")).await.expect("taken");
    let late = client.next().await.expect("a message");
    assert_eq!(late, WsMessage::Text("late".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_does_not_read_ends_the_send() {
    let (mut client, _server) = session(WsConfig::default()).await;
    let start = Instant::now();
    let error = client.send_text("x".repeat(100_000)).await;
    assert!(matches!(error, Err(WsError::SendTimedOut { .. })));
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_answered_or_given_up() {
    let (client, mut server) = session(WsConfig::default()).await;
    let answer = async { while server.next().await.is_some() {} };
    let (answered, ()) = tokio::join!(client.close(), answer);
    assert!(answered);

    let (client, server) = session(WsConfig::default()).await;
    let start = Instant::now();
    assert!(!client.close().await);
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    drop(server);

    let (client, mut server) = session(WsConfig::default()).await;
    let chatter = async {
        while server.send(Message::text("more")).await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    let (answered, ()) = tokio::join!(client.close(), chatter);
    assert!(!answered, "a flood of messages does not prolong the wait");
}

/// Lets the client wait for its upgrade, then waits for the end.
async fn accept_slowly(stream: DuplexStream) {
    sleep(Duration::from_millis(1)).await;
    if let Ok(mut session) = accept_async(stream).await {
        while let Some(Ok(_)) = session.next().await {}
    }
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_connect_leaves_no_connection() {
    let (net, accepted) = TestNet::slow(Duration::from_millis(1));
    let group = TaskGroup::new("test");
    let live = serve_each(&group.spawner(), accepted, accept_slowly);
    let make = || connect(&net, WsConfig::default());
    let left = |polls| assert_eq!(live.count(), 0, "connections after {polls} polls");
    let (session, polls) = drop_at_every_poll_and_settle(make, SETTLE, left).await;
    assert!(polls > 2, "{polls} polls");
    assert_eq!(live.count(), 1);
    drop(session.expect("a session"));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(live.count(), 0);
}
