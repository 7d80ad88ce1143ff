//! The client of Kraken against the simulated Kraken, every method, over streams in memory: neither knows the
//! other's encoding.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use kraken::codec::account::{OrderStatus, Period};
use kraken::codec::order::{Distance, Kind, Life, OrderName, PriceAt, Reference, Size, Target};
use kraken::codec::rest::TradeCursor;
use kraken::{
    Amendment, CancelTarget, CandleLength, Credentials, KrakenConfig, KrakenOrder, Replacement,
    Rest, SessionContext, SubmitError, Trader, run_private_trading,
};
use model::audit::StreamState;
use model::history::VenueEvent;
use model::{
    Asset, ClientOrderId, FeedEvent, NewOrder, Notional, OrderKind, Price, Quantity, Side, Symbol,
    TimeInForce, Trade, Trigger, UnixNanos,
};
use platform::{
    Auditor, BoxFuture, BoxStream, Clock, ConnectError, Connector, Endpoint, Entropy, Exposition,
    LogAudit, Platform, Spawner, TaskGroup, Tasks, TcpBinder,
};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use venue_sim::VenueSink;
use venue_sim::kraken::{AccountConfig, KrakenSim, KrakenSimConfig, Pair, Role, Tier};

/// Bytes that a pipe holds.
const PIPE_BYTES: usize = 64 * 1024;

const START: UnixNanos = UnixNanos::from_secs(1_700_000_000);
const SECRET: &str = "d2F2ZXRhbmsgc2ltdWxhdGVkIGFjY291bnQgc2VjcmV0";

/// Wall time that follows tokio's.
#[derive(Debug)]
struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> UnixNanos {
        START.plus(self.0.elapsed())
    }
}

#[derive(Debug)]
struct Nowhere;

impl VenueSink for Nowhere {
    fn record(&self, _: VenueEvent) {}
}

/// The way to the venue: every dial is a connection of its own.
#[derive(Debug)]
struct Net {
    sim: KrakenSim,
    spawner: Spawner,
}

impl Connector for Net {
    fn connect<'a>(&'a self, _: &'a Endpoint) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        Box::pin(async move {
            let (near, far) = tokio::io::duplex(PIPE_BYTES);
            let (sim, spawner) = (self.sim.clone(), self.spawner.clone());
            self.spawner.spawn("venue", "connection", async move {
                let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
                sim.serve_connection(Role::Any, from, Box::new(far), spawner).await;
                Ok(())
            });
            Ok(Box::new(near) as BoxStream)
        })
    }
}

/// A client with its venue.
struct World {
    sim: KrakenSim,
    rest: Rest,
    config: KrakenConfig,
    platform: Platform,
    group: TaskGroup,
}

impl World {
    fn new() -> Self {
        let group = TaskGroup::new("world");
        let clock: Arc<dyn Clock> = Arc::new(TestClock(Instant::now()));
        let sim = venue(&clock);
        let (timer, spawner) = (sim.clone(), group.spawner());
        spawner.spawn("venue", "timer", async move {
            timer.keep_time().await;
            Ok(())
        });
        let platform = Platform {
            clock,
            entropy: Entropy::from_seed(7),
            tasks: Tasks::default(),
            connector: Arc::new(Net { sim: sim.clone(), spawner: group.spawner() }),
            binder: Arc::new(TcpBinder),
            auditor: Auditor::new(Arc::new(LogAudit)),
            exposition: Exposition::none(),
        };
        let plain = |host: &str| Endpoint { host: host.to_owned(), port: 80, tls: false };
        let credentials = Credentials::new("key-a", SECRET).expect("base64");
        let config = KrakenConfig {
            rest: plain("rest"),
            public_ws: plain("public"),
            private_ws: plain("private"),
            tier: kraken::Tier::Pro,
            ..KrakenConfig::production(credentials, vec![pair()])
        };
        let rest = Rest::new(&config, &platform, group.spawner()).expect("a good configuration");
        Self { sim, rest, config, platform, group }
    }

    /// Somebody trades now.
    async fn trade(&self, price: &str, quantity: &str, taker: Side) {
        let trade = Trade {
            symbol: pair(),
            venue_ts: START,
            price: Price::parse(price).expect("valid"),
            quantity: Quantity::parse(quantity).expect("valid"),
            taker_side: Some(taker),
            trade_id: None,
        };
        self.sim.play(&[trade], START).await;
    }

    /// A trader on a private stream that is live.
    async fn trader(&self) -> Trader {
        let trader = Trader::new(&self.config, &self.platform, &self.rest).expect("settings");
        let context = SessionContext {
            config: Arc::new(self.config.clone()),
            platform: self.platform.clone(),
            rest: self.rest.clone(),
            instruments: self.rest.instruments(&[pair()]).await.expect("rules").into(),
        };
        let (events, mut heard) = mpsc::channel(1024);
        let (link, cancel) = (trader.link(), CancellationToken::new());
        self.group.spawner().spawn("client", "private stream", async move {
            Ok(run_private_trading(context, link, events, cancel).await?)
        });
        loop {
            let event = heard.recv().await.expect("a session");
            if matches!(event, FeedEvent::Stream { state: StreamState::Live, .. }) {
                break;
            }
        }
        self.group.spawner().spawn("client", "listener", async move {
            while heard.recv().await.is_some() {}
            Ok(())
        });
        trader
    }
}

fn venue(clock: &Arc<dyn Clock>) -> KrakenSim {
    let balances = [("USD", "100000"), ("BTC", "10")];
    let balances = balances.map(|(asset, amount)| (Asset::new(asset), notional(amount)));
    let account = AccountConfig {
        name: "a".to_owned(),
        api_key: "key-a".to_owned(),
        api_secret: SECRET.to_owned(),
        balances: BTreeMap::from(balances),
        tier: Tier::Pro,
        maker_ppm: 2_500,
        taker_ppm: 4_000,
        volume: notional("12345.5"),
        nonce_window: 0,
    };
    let pairs = vec![Pair::by_symbol(&pair()).expect("listed")];
    let config = KrakenSimConfig::new(vec![account], pairs);
    KrakenSim::new(config, Arc::clone(clock), Entropy::from_seed(1), Arc::new(Nowhere))
        .expect("a good configuration")
}

fn pair() -> Symbol {
    Symbol::new("BTC/USD")
}

fn notional(text: &str) -> Notional {
    Notional::parse(text).expect("valid")
}

fn at(text: &str) -> PriceAt {
    PriceAt::Exactly(Price::parse(text).expect("valid"))
}

fn base(text: &str) -> Size {
    Size::Base(Quantity::parse(text).expect("valid"))
}

fn id(text: &str) -> ClientOrderId {
    ClientOrderId::new(text).expect("valid")
}

/// A limit order to buy one below the market.
fn order(name: &str) -> KrakenOrder {
    KrakenOrder::from(&NewOrder {
        client_order_id: id(name),
        symbol: pair(),
        side: Side::Buy,
        kind: OrderKind::Limit { price: Price::parse("15000").expect("valid"), post_only: false },
        quantity: Quantity::parse("1").expect("valid"),
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
    })
}

#[tokio::test(start_paused = true)]
async fn the_market_is_read() {
    let world = World::new();
    for price in ["20000", "20001.5", "20000.5"] {
        world.trade(price, "0.5", Side::Buy).await;
    }
    let rest = &world.rest;
    let rules = &rest.pairs(&[pair()]).await.expect("rules")[0];
    assert_eq!(rules.instrument.tick_size.to_string(), "0.1");
    let candles = rest.candles(&pair(), CandleLength::Minutes15, None).await.expect("candles");
    let last = candles.last().expect("one that runs");
    assert_eq!((last.high.to_string(), last.trades), ("20001.5".to_owned(), 3));
    assert_eq!(last.length, Duration::from_secs(900));
    let page = rest.trades(&pair(), None).await.expect("trades");
    assert_eq!(page.trades.len(), 3);
    let begin = TradeCursor::after(START.floor_to(Duration::from_secs(3600)));
    let all = rest.trades_after(&pair(), begin, 5).await.expect("trades");
    assert_eq!((all.rows, all.next), (page.trades, None));
}

#[tokio::test(start_paused = true)]
async fn orders_of_every_kind_are_placed_changed_and_cancelled_by_rest() {
    let world = World::new();
    world.trade("20000", "0.5", Side::Buy).await;
    let rest = &world.rest;
    assert_eq!(
        rest.validate(&order("a-0")).await.expect("judged"),
        "buy 1.00000000 XBTUSD @ limit 15000.0"
    );
    let placed = rest.place(&order("a-1")).await.expect("placed");
    assert_eq!(placed.description, "buy 1.00000000 XBTUSD @ limit 15000.0");
    let mut iceberg = order("a-2");
    let shown = Quantity::parse("0.1").ok();
    iceberg.kind = Kind::Limit { price: at("15001"), post_only: true, shown };
    iceberg.life = Life::Gtd(START.plus(Duration::from_secs(3600)));
    let mut stop = order("a-3");
    stop.kind = Kind::Triggered {
        trigger: Trigger::StopLoss,
        price: PriceAt::Above(Distance::Percent(Price::parse("5").expect("valid"))),
        limit: Some(at("21500")),
        by: Reference::Last,
    };
    let results = rest.place_batch(&[iceberg, stop]).await.expect("answered");
    let results: Vec<_> = results.into_iter().map(|result| result.expect("placed")).collect();
    assert_eq!(
        results[1].description,
        "buy 1.00000000 XBTUSD @ stop loss 21000.0 -> limit 21500.0"
    );
    let mut by_number = order("x");
    by_number.name = OrderName::UserRef(77);
    rest.place(&by_number).await.expect("placed");

    let open = rest.open_orders_in_full().await.expect("open");
    let mut kinds: Vec<_> = open.iter().map(|order| order.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["iceberg", "limit", "limit", "stop-loss-limit"]);
    assert!(open.iter().all(|order| order.pair.is(&pair()) && order.side == Some(Side::Buy)));
    assert!(open.iter().any(|order| order.userref == Some(77)));

    let mut change = Amendment::of(Target::Client(id("a-1")), pair());
    change.quantity = Quantity::parse("0.5").ok();
    change.limit = Some(at("15500"));
    rest.amend(&change).await.expect("changed");
    let [changed] = &rest.orders_in_full(std::slice::from_ref(&placed.id)).await.expect("one")[..]
    else {
        panic!("one order");
    };
    assert_eq!((&*changed.price, changed.quantity), ("15500.0", notional("0.5")));
    let new = Replacement {
        order: placed.id.clone(),
        symbol: pair(),
        quantity: Quantity::parse("0.25").ok(),
        price: Some(at("15600")),
        second_price: None,
        userref: None,
        post_only: false,
    };
    let replaced = rest.edit(&new).await.expect("replaced");
    assert_eq!(replaced.original, placed.id);

    let by_venue = CancelTarget::Venue(replaced.id);
    assert_eq!(rest.cancel(&by_venue, &pair()).await.expect("cancelled"), 1);
    assert_eq!(rest.cancel(&by_venue, &pair()).await.expect("gone"), 0);
    let all_of = CancelTarget::UserRef(77);
    assert_eq!(rest.cancel(&all_of, &pair()).await.expect("cancelled"), 1);
    let both = ["a-2", "a-3"].map(|name| CancelTarget::Client(id(name)));
    assert_eq!(rest.cancel_batch(&both, &pair()).await.expect("cancelled"), 2);
    assert!(rest.open_orders().await.expect("none").is_empty());
    let closed = rest.orders_closed_in(Period::default(), 3).await.expect("closed");
    assert_eq!((closed.rows.len(), closed.next), (5, None));
    assert!(closed.rows.iter().all(|order| order.status == OrderStatus::Canceled));
}

#[tokio::test(start_paused = true)]
async fn money_executions_and_ledger_agree() {
    let world = World::new();
    world.trade("20000", "0.5", Side::Buy).await;
    let rest = &world.rest;
    let mut market = order("b-1");
    market.kind = Kind::Market { protected: true };
    market.size = base("0.01");
    let placed = rest.place(&market).await.expect("filled");
    let mut by_cost = order("b-2");
    by_cost.kind = Kind::Market { protected: true };
    by_cost.size = Size::Quote(notional("100"));
    rest.place(&by_cost).await.expect("filled");
    rest.place(&order("b-3")).await.expect("rests");

    let trades = rest.executions_of(std::slice::from_ref(&placed.id)).await.expect("executions");
    let bought = trades.iter().map(|trade| trade.quantity.raw()).sum::<i64>();
    assert_eq!(Quantity::from_raw(bought), Quantity::parse("0.01").expect("valid"));
    assert!(trades.iter().all(|trade| trade.order == placed.id && trade.pair.is(&pair())));
    let fee =
        trades.iter().fold(Notional::ZERO, |sum, trade| sum.checked_add(trade.fee).expect("small"));
    let details = &rest.orders_in_full(std::slice::from_ref(&placed.id)).await.expect("one")[0];
    assert_eq!(details.report.fee, Some(fee), "the fees of the executions are that of the order");
    assert_eq!(details.status, OrderStatus::Closed);

    let history = rest.executions_in(Period::default(), 5).await.expect("history");
    assert!(trades.iter().all(|trade| history.rows.iter().any(|row| row.id == trade.id)));
    let first = &trades[0];
    let same = rest.executions(std::slice::from_ref(&first.id)).await.expect("one");
    assert_eq!(same[0].fill(), first.fill());
    let ledger = rest.ledger_in(Period::default(), 5).await.expect("ledger");
    assert!(ledger.rows.iter().any(|entry| entry.reference == first.id));
    let ids: Vec<_> = ledger.rows.iter().map(|entry| entry.id.clone()).collect();
    assert_eq!(rest.ledger_entries(&ids).await.expect("entries").len(), ids.len());

    let balances = rest.balances_in_full().await.expect("balances");
    let dollars = balances[&Asset::new("USD")];
    assert_eq!(dollars.held, notional("15000"));
    let plain = rest.balances().await.expect("balances");
    assert_eq!(plain[&Asset::new("USD")], dollars.total);
    let worth = rest.trade_balance(&Asset::new("USD")).await.expect("worth");
    assert!(worth.equity > notional("250000"), "{worth:?}");
    let fees = rest.fees(&[pair()]).await.expect("fees");
    // What the account starts with, and both purchases.
    assert_eq!(fees.volume, notional("12645.5"));
    let of_pair = fees.pairs[&pair()];
    assert_eq!(
        (of_pair.taker.percent, of_pair.maker.expect("told").percent),
        (notional("0.4"), notional("0.25"))
    );
    assert!(rest.open_positions().await.expect("none").is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_dead_man_s_switch_fires_and_can_be_turned_off() {
    let world = World::new();
    let rest = &world.rest;
    rest.place(&order("c-1")).await.expect("rests");
    let armed = rest.cancel_all_after(Duration::from_secs(60)).await.expect("armed");
    assert!(armed.triggers_at.is_some());
    tokio::time::sleep(Duration::from_secs(50)).await;
    rest.cancel_all_after(Duration::from_secs(60)).await.expect("kept alive");
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(rest.open_orders().await.expect("one").len(), 1);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(rest.open_orders().await.expect("none").is_empty(), "it fired");
    rest.place(&order("c-2")).await.expect("rests");
    rest.cancel_all_after(Duration::from_secs(60)).await.expect("armed");
    let off = rest.cancel_all_after(Duration::ZERO).await.expect("off");
    assert_eq!(off.triggers_at, None);
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(rest.open_orders().await.expect("one").len(), 1);
    assert_eq!(rest.cancel_all().await.expect("cancelled"), 1);
}

#[tokio::test(start_paused = true)]
async fn everything_that_trades_works_over_the_stream_too() {
    let world = World::new();
    world.trade("20000", "0.5", Side::Buy).await;
    let trader = world.trader().await;
    let placed = trader.place(&order("d-1")).await.expect("placed");
    let mut stop = order("d-2");
    stop.kind = Kind::Triggered {
        trigger: Trigger::TakeProfit,
        price: PriceAt::Below(Distance::Quote(Price::parse("500").expect("valid"))),
        limit: Some(at("19000")),
        by: Reference::Last,
    };
    let mut poor = order("d-3");
    poor.size = base("1000");
    let results = trader.place_batch(&[stop, poor]).await.expect("answered");
    let [Ok(second), Err(refused)] = &results[..] else { panic!("{results:?}") };
    assert_eq!(refused.texts(), ["EOrder:Insufficient funds"]);
    let details =
        &world.rest.orders_in_full(std::slice::from_ref(&second.id)).await.expect("one")[0];
    assert_eq!((&*details.price, &*details.second_price), ("19500.0", "19000.0"));

    let mut change = Amendment::of(Target::Venue(placed.id.clone()), pair());
    change.limit = Some(at("15100"));
    trader.amend(&change).await.expect("changed");
    let new = Replacement {
        order: placed.id.clone(),
        symbol: pair(),
        quantity: Quantity::parse("2").ok(),
        price: Some(at("15200")),
        second_price: None,
        userref: None,
        post_only: true,
    };
    let replaced = trader.edit(&new).await.expect("replaced");
    assert_eq!(replaced.original, placed.id);
    let one = CancelTarget::Venue(replaced.id);
    assert_eq!(trader.cancel(&one, &pair()).await.expect("cancelled"), 1);
    assert_eq!(trader.cancel(&one, &pair()).await.expect("gone"), 0);
    trader.place(&order("d-4")).await.expect("placed");
    let both = ["d-2", "d-4"].map(|name| CancelTarget::Client(id(name)));
    assert_eq!(trader.cancel_batch(&both, &pair()).await.expect("cancelled"), 2);
    trader.place(&order("d-5")).await.expect("placed");
    let armed = trader.cancel_all_after(Duration::from_secs(60)).await.expect("armed");
    assert!(armed.triggers_at.is_some());
    let off = trader.cancel_all_after(Duration::ZERO).await.expect("off");
    assert_eq!(off.triggers_at, None);
    assert_eq!(trader.cancel_all().await.expect("cancelled"), 1);
    assert!(world.rest.open_orders().await.expect("none").is_empty());
    let error = trader.place(&poor_order()).await.expect_err("too dear");
    assert!(matches!(error, SubmitError::Refused { .. }), "{error}");
}

/// More than the account can pay.
fn poor_order() -> KrakenOrder {
    let mut order = order("d-6");
    order.size = base("1000");
    order
}
