//! What several tests need: a venue with two accounts, signed requests, a sink that remembers.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use model::history::VenueEvent;
use model::{Asset, Notional, Price, Quantity, Side, Symbol, Trade, UnixNanos};
use parking_lot::Mutex;
use platform::Entropy;
use rand::Rng as _;
use sha2::{Digest, Sha256, Sha512};

use crate::VenueSink;
use crate::kraken::config::{AccountConfig, KrakenSimConfig, Permissions};
use crate::kraken::limits::Tier;
use crate::kraken::pair::Pair;
use crate::kraken::rest::{Request, Verb};
use crate::kraken::stream::Outbox;
use crate::kraken::venue::Venue;

/// The secret of every account here, in base64.
pub(crate) const SECRET: &str = "c2VjcmV0";
/// 2026-11-21T08:01:27.298Z.
pub(crate) const NOW: UnixNanos = UnixNanos::from_nanos(1_795_248_087_298_000_000);

/// Remembers every event.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Vec<VenueEvent>>);

impl VenueSink for Memory {
    fn record(&self, event: VenueEvent) {
        self.0.lock().push(event);
    }
}

impl Memory {
    /// Events so far, one line each, without book fingerprints.
    pub(crate) fn lines(&self) -> Vec<String> {
        let events = self.0.lock();
        let events = events.iter().filter(|event| {
            !matches!(event, VenueEvent::BookPublished { .. } | VenueEvent::TradePublished { .. })
        });
        events.map(ToString::to_string).collect()
    }

    /// Fingerprints of the books that were published.
    pub(crate) fn books(&self) -> Vec<u64> {
        let events = self.0.lock();
        let hash = |event: &VenueEvent| {
            if let VenueEvent::BookPublished { hash, .. } = event { Some(*hash) } else { None }
        };
        events.iter().filter_map(hash).collect()
    }
}

/// Accounts `a` (key `key-a`) and `b` (key `key-b`, which may only query funds), pairs XBTUSD and
/// ETHUSD.
pub(crate) fn config() -> KrakenSimConfig {
    let account = |name: &str| AccountConfig {
        name: name.to_owned(),
        api_key: format!("key-{name}"),
        api_secret: SECRET.to_owned(),
        balances: [("USD", "100000"), ("BTC", "10")]
            .map(|(asset, amount)| (Asset::new(asset), Notional::parse(amount).unwrap()))
            .into(),
        tier: Tier::Intermediate,
        maker_ppm: 2_500,
        taker_ppm: 4_000,
        volume: Notional::ZERO,
        nonce_window: 0,
    };
    let pairs = ["BTC/USD", "ETH/USD"].map(|name| Pair::by_name(name).unwrap()).into();
    let mut config = KrakenSimConfig::new(vec![account("a"), account("b")], pairs);
    let funds_only = Permissions {
        query_funds: true,
        query_open_orders: false,
        query_closed_orders: false,
        query_ledger: false,
        create_orders: false,
        cancel_orders: false,
        web_sockets: false,
    };
    config.permissions = BTreeMap::from([("key-b".to_owned(), funds_only)]);
    config
}

/// A venue whose clients call one after the other.
pub(crate) struct World {
    pub(crate) venue: Venue,
    pub(crate) memory: Arc<Memory>,
    pub(crate) now: UnixNanos,
    nonce: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    /// A venue of another configuration, with the account `a` of the usual one.
    pub(crate) fn with(config: KrakenSimConfig) -> Self {
        let memory = Arc::new(Memory::default());
        let sink: Arc<dyn VenueSink> = memory.clone();
        let venue = Venue::new(config, &Entropy::from_seed(1), sink).unwrap();
        Self { venue, memory, now: NOW, nonce: 0 }
    }

    /// Plays one trade of XBTUSD.
    pub(crate) fn trade(&mut self, price: &str, quantity: &str, taker: Side) {
        let trade = trade(price, quantity, taker);
        self.venue.on_tape(&[trade], self.now);
    }

    /// Answers `GET /0/public/<call>`.
    pub(crate) fn get(&mut self, call: &str) -> String {
        let (method, query) = call.split_once('?').unwrap_or((call, ""));
        let request = Request {
            verb: Verb::Get,
            path: format!("/0/public/{method}"),
            query: query.to_owned(),
            content_type: None,
            api_key: None,
            api_sign: None,
            body: Bytes::new(),
        };
        self.venue.handle(&request, self.now).body
    }

    /// Answers a signed form of account `a`, without its nonce.
    pub(crate) fn post(&mut self, method: &str, form: &str) -> String {
        self.nonce += 1;
        let body = format!("nonce={}&{form}", self.nonce);
        let request = signed("key-a", method, &self.nonce.to_string(), &body);
        self.venue.handle(&request, self.now).body
    }

    /// Adds an order and returns its id.
    pub(crate) fn add(&mut self, form: &str) -> String {
        let answer = self.post("AddOrder", form);
        let at = answer.find("\"txid\":[\"").expect(&answer) + 9;
        answer[at..at + 19].to_owned()
    }

    /// Messages that wait in an outbox, as text.
    pub(crate) fn received(outbox: &Outbox) -> Vec<String> {
        let messages = outbox.take().into_iter();
        messages.map(|m| m.text().as_str().to_owned()).collect()
    }
}

pub(crate) fn trade(price: &str, quantity: &str, taker: Side) -> Trade {
    Trade {
        symbol: Symbol::new("BTC/USD"),
        venue_ts: NOW,
        price: Price::parse(price).unwrap(),
        quantity: Quantity::parse(quantity).unwrap(),
        taker_side: Some(taker),
        trade_id: None,
    }
}

/// A private request with a true signature.
pub(crate) fn signed(key: &str, method: &str, nonce: &str, body: &str) -> Request {
    Request {
        verb: Verb::Post,
        path: format!("/0/private/{method}"),
        query: String::new(),
        content_type: Some("application/x-www-form-urlencoded".to_owned()),
        api_key: Some(key.to_owned()),
        api_sign: Some(sign(method, nonce, body.as_bytes())),
        body: Bytes::from(body.to_owned()),
    }
}

/// The signature of a private request.
pub(crate) fn sign(method: &str, nonce: &str, body: &[u8]) -> String {
    let digest = Sha256::new().chain_update(nonce).chain_update(body).finalize();
    let secret = STANDARD.decode(SECRET).unwrap();
    let mut mac = Hmac::<Sha512>::new_from_slice(&secret).unwrap();
    mac.update(format!("/0/private/{method}").as_bytes());
    mac.update(&digest);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A text of which some bytes were replaced, left out or repeated: a function of the seed.
pub(crate) fn damaged(text: &[u8], seed: u64) -> Vec<u8> {
    let mut draw = Entropy::from_seed(seed).stream("damage");
    let mut below = |limit: usize| {
        let limit = u64::try_from(limit.max(1)).unwrap();
        usize::try_from(draw.next_u64() % limit).unwrap()
    };
    let mut bytes = text.to_vec();
    for _ in 0..=below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = below(bytes.len());
        match below(5) {
            0 => bytes[at] = u8::try_from(below(256)).unwrap(),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"0-.e9\"{[%&="[below(11)]),
            3 => bytes.truncate(at.max(1)),
            _ => bytes.splice(at..at, b"99999999999999999999".iter().copied()).for_each(drop),
        }
    }
    bytes
}

/// A file of the real venue's data, by its path below `shared/data/kraken`.
///
/// `None` when it is not there and need not be.
#[expect(clippy::disallowed_methods, reason = "CI must not skip tests silently")]
pub(crate) fn recording(file: &str) -> Option<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/kraken/");
    let text = std::fs::read_to_string(format!("{folder}{file}")).ok();
    if text.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{file} is missing");
        println!("skipped: {file} is missing");
    }
    text
}
