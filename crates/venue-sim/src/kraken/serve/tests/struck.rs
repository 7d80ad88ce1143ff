//! Faults of the protocol, as a client sees them over bytes.

use super::sessions::{Client, Frame, HEARTBEAT, SUBSCRIBE, trade};
use super::*;
use crate::kraken::{ProtocolFault, SessionFault};

fn on(world: &World, fault: SessionFault) {
    let roles = vec![Role::PublicStream];
    world.sim.faults().switch_on(0, ProtocolFault::Session { fault, roles });
}

async fn subscribed(world: &World) -> Client {
    let mut client = Client::open(world, Role::PublicStream, 65_536).await;
    client.send(SUBSCRIBE).await;
    assert!(client.text().await.contains("result"));
    assert!(client.text().await.contains("snapshot"));
    client
}

#[tokio::test(start_paused = true)]
async fn a_session_is_closed_with_a_code_or_without_a_word() {
    let world = World::new();
    let mut client = subscribed(&world).await;
    on(&world, SessionFault::Close { code: 1013, after: None });
    assert_eq!(client.read().await.unwrap(), Frame::Close(1013));
    world.sim.faults().switch_off(0);
    let mut client = subscribed(&world).await;
    on(&world, SessionFault::Close { code: 1006, after: None });
    assert!(client.read().await.is_err(), "the stream just ends");
    let mut later = subscribed(&world).await;
    assert_eq!(later.text().await, HEARTBEAT, "a later session is spared");
    assert_eq!(world.sim.faults().struck(0), 2);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_closed_at_an_age() {
    let world = World::new();
    on(&world, SessionFault::Close { code: 1000, after: Some(Duration::from_millis(1_500)) });
    let began = Instant::now();
    let mut client = subscribed(&world).await;
    assert_eq!(client.text().await, HEARTBEAT);
    assert_eq!(client.read().await.unwrap(), Frame::Close(1000));
    assert_eq!(began.elapsed(), Duration::from_millis(1_500));
}

#[tokio::test(start_paused = true)]
async fn a_stale_session_hears_heartbeats_and_no_data() {
    let world = World::new();
    let mut client = subscribed(&world).await;
    on(&world, SessionFault::Stale);
    assert_eq!(client.text().await, HEARTBEAT);
    world.sim.play(&trade(0), NOW).await;
    assert_eq!(client.text().await, HEARTBEAT);
    client.send(r#"{"method":"ping"}"#).await;
    assert!(client.text().await.contains("pong"));
    assert!(world.sim.faults().struck(0) > 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_hears_something_that_is_no_json() {
    let world = World::new();
    let mut client = subscribed(&world).await;
    on(&world, SessionFault::Text("CloudFlare WebSocket proxy restarting".to_owned()));
    assert_eq!(client.text().await, "CloudFlare WebSocket proxy restarting");
    assert_eq!(client.text().await, HEARTBEAT);
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_is_answered_with_a_page() {
    let world = World::new();
    let retry_after = Some(Duration::from_secs(7));
    let roles = vec![Role::PublicStream];
    world.sim.faults().switch_on(0, ProtocolFault::Upgrade { status: 429, retry_after, roles });
    let mut stream = world.connect(Role::PublicStream, 65_536);
    let request = "GET /v2 HTTP/1.1\r\nHost: ws.kraken.com\r\nUpgrade: websocket\r\n\
                   Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = read_until(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 429 "), "{head}");
    assert!(head.contains("retry-after: 7\r\n"), "{head}");
    assert_eq!(world.sim.faults().struck(0), 1);
}
