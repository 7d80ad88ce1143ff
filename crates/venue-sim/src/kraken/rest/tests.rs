mod access;
mod accounts;
mod changes;
mod faults;
mod history;
mod kraken_orders;
mod limits;
mod market;
mod market_data;
mod mutated;
mod orders;
mod triggers;

use crate::kraken::fixture::World;

/// An order that rests far below the market.
const RESTING: &str = "pair=XXBTZUSD&type=buy&ordertype=limit&volume=0.0002&price=15000";

/// A venue on which trading has begun at 20,000.
fn trading() -> World {
    let mut world = World::new();
    world.trade("20000.0", "0.5", model::Side::Buy);
    world
}

/// The answer with every order and execution id replaced by its first letter.
fn without_ids(answer: &str) -> String {
    let mut text = answer.to_owned();
    let is_id = |id: &str| {
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        let plain = |b: u8| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b) || b == b'-';
        groups == [6, 5, 6] && id.bytes().all(plain)
    };
    let mut at = 0;
    while let Some(id) = text.get(at..at + 19) {
        if is_id(id) {
            text.replace_range(at + 1..at + 19, "#");
        }
        at += 1;
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    text
}
