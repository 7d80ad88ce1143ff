//! Faults of the protocol that strike methods.

use std::time::Duration;

use super::{RESTING, trading};
use crate::kraken::ProtocolFault;

#[test]
fn an_order_is_known_only_from_an_age_on() {
    let mut world = trading();
    let delay = Duration::from_secs(3);
    world.venue.faults.switch_on(0, ProtocolFault::LateOrders { delay });
    let txid = world.add(RESTING);
    let knows = |world: &mut crate::kraken::fixture::World| {
        let open = world.post("OpenOrders", "").contains(&txid);
        let query = world.post("QueryOrders", &format!("txid={txid}")).contains("limit");
        assert_eq!(open, query);
        open
    };
    assert!(!knows(&mut world));
    assert!(world.venue.faults.struck(0) >= 2);
    world.now = world.now.plus(delay);
    assert!(knows(&mut world));
    world.post("CancelOrder", &format!("txid={txid}"));
    assert!(world.post("ClosedOrders", "").contains(&txid));
}

#[test]
fn a_token_expires_sooner_than_promised() {
    let mut world = trading();
    let token = |world: &mut crate::kraken::fixture::World| {
        let answer = world.post("GetWebSocketsToken", "");
        let (_, after) = answer.split_once(r#""token":""#).expect(&answer);
        after.split('"').next().unwrap().to_owned()
    };
    let (used, unused) = (token(&mut world), token(&mut world));
    assert!(world.venue.claim_token(&used, world.now).is_some());
    world.venue.faults.switch_on(0, ProtocolFault::Token { life: Duration::from_secs(1) });
    assert!(world.venue.claim_token(&unused, world.now).is_some());
    world.venue.tokens.release(&unused);
    let later = world.now.plus(Duration::from_secs(1));
    assert!(world.venue.claim_token(&unused, later).is_none());
    assert!(world.venue.claim_token(&used, later).is_some(), "a session uses it");
    assert_eq!(world.venue.faults.struck(0), 1);
    world.venue.faults.switch_off(0);
    assert!(world.venue.claim_token(&unused, later).is_none(), "for good");
}
