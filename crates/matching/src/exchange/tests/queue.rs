//! Books that show every order: where ours stand among them, compared with a plain queue.

use proptest::prelude::*;

use super::*;
use crate::crowd::OrderChange;
use crate::exchange::OrdersUpdate;

/// What stands at the one price of the tests, first come first.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// Number of the order, and what the tape says is left of it.
    Theirs(u64, i64),
    /// Number of the order, and what is left of it.
    Ours(OrderId, i64),
}

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Somebody puts so much behind everybody.
    Join(i64),
    /// We do.
    Rest(i64),
    /// One of theirs leaves, wherever it stands.
    Leave(usize),
    /// One of theirs shrinks by a part.
    Shrink(usize, i64),
    /// Somebody takes from the front what the tape has, in percent.
    Trade(i64),
    /// One of ours is cancelled.
    Cancel(usize),
    /// The whole book comes again.
    Snapshot,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1..50_i64).prop_map(Act::Join),
        3 => (1..30_i64).prop_map(Act::Rest),
        2 => any::<usize>().prop_map(Act::Leave),
        2 => (any::<usize>(), 1..49_i64).prop_map(|(at, by)| Act::Shrink(at, by)),
        4 => (1..=100_i64).prop_map(Act::Trade),
        1 => any::<usize>().prop_map(Act::Cancel),
        1 => Just(Act::Snapshot),
    ];
    proptest::collection::vec(act, 1..60)
}

struct Session {
    exchange: Exchange,
    account: AccountId,
    line: Vec<Standing>,
    since: BTreeMap<u64, UnixNanos>,
    now: UnixNanos,
    next: u64,
}

fn units(count: i64) -> Quantity {
    Quantity::from_raw(count * 1_000_000)
}

fn price() -> Price {
    Price::parse("99").unwrap()
}

impl Session {
    fn new() -> Self {
        let mut config = config(Liquidity::Recorded);
        config.accounts[0] = account("a", "10000000", "0");
        let exchange = Exchange::new(config).unwrap();
        let account = exchange.account("a").unwrap();
        let since = BTreeMap::new();
        let mut session = Self { exchange, account, line: Vec::new(), since, now: NOW, next: 1 };
        let ask = OrderChange {
            side: Side::Sell,
            price: Price::parse("101").unwrap(),
            quantity: units(1),
            order: 0,
            since: NOW,
        };
        session.tell(true, &[ask]);
        session
    }

    fn tell(&mut self, snapshot: bool, changes: &[OrderChange]) {
        let symbol = symbol();
        let market = self.exchange.market(&symbol).unwrap();
        let update = OrdersUpdate { symbol: &symbol, snapshot, levels: None, changes };
        let mut out = Vec::new();
        self.exchange.on_orders_in(market, &update, self.now, &mut out).unwrap();
        assert!(out.iter().all(|event| !matches!(event, ExchangeEvent::Filled(_))), "{out:?}");
    }

    fn change(&self, order: u64, left: i64) -> OrderChange {
        let (quantity, since) = (units(left), self.since[&order]);
        OrderChange { side: Side::Buy, price: price(), quantity, order, since }
    }

    fn theirs(&self) -> Vec<(u64, i64)> {
        let of = |standing: &Standing| match standing {
            Standing::Theirs(order, left) => Some((*order, *left)),
            Standing::Ours(..) => None,
        };
        self.line.iter().filter_map(of).collect()
    }

    /// Sets what is left of one of theirs.
    fn set(&mut self, order: u64, left: i64) {
        for standing in &mut self.line {
            if let Standing::Theirs(known, quantity) = standing
                && *known == order
            {
                *quantity = left;
            }
        }
        self.line.retain(|standing| !matches!(standing, Standing::Theirs(_, 0)));
    }

    /// What a trade of the tape does to ours, by the plain queue: whoever stands in front is served first.
    fn served(&mut self, quantity: i64) -> Vec<(OrderId, i64)> {
        let (mut left, mut fills) = (quantity, Vec::new());
        for standing in &mut self.line {
            match standing {
                Standing::Theirs(_, theirs) => left -= left.min(*theirs),
                Standing::Ours(order, ours) => {
                    let filled = left.min(*ours);
                    left -= filled;
                    *ours -= filled;
                    if filled > 0 {
                        fills.push((*order, filled));
                    }
                }
            }
        }
        self.line.retain(|standing| !matches!(standing, Standing::Ours(_, 0)));
        fills
    }

    fn act(&mut self, act: Act) {
        self.now = self.now.plus(std::time::Duration::from_nanos(1));
        match act {
            Act::Join(quantity) => {
                let order = self.next;
                self.next += 1;
                self.since.insert(order, self.now);
                self.line.push(Standing::Theirs(order, quantity));
                self.tell(false, &[self.change(order, quantity)]);
            }
            Act::Rest(quantity) => {
                let request =
                    OrderRequest { quantity: units(quantity), ..limit(Side::Buy, "99", "1") };
                let placed = self.exchange.submit(self.account, request, self.now, &mut Vec::new());
                let Ok(id) = placed else { return };
                self.line.push(Standing::Ours(id, quantity));
            }
            Act::Leave(at) | Act::Shrink(at, _) => {
                let theirs = self.theirs();
                let Some((order, left)) = theirs.get(at % theirs.len().max(1)).copied() else {
                    return;
                };
                let by = if let Act::Shrink(_, by) = act { by } else { left };
                let left = (left - by).max(0);
                self.set(order, left);
                self.tell(false, &[self.change(order, left)]);
            }
            Act::Trade(percent) => self.trade(percent),
            Act::Cancel(at) => {
                let ours: Vec<_> = self.exchange.open_orders(self.account).map(|o| o.id).collect();
                let Some(id) = ours.get(at % ours.len().max(1)).copied() else { return };
                self.exchange.cancel(self.account, id, self.now, &mut Vec::new()).unwrap();
                self.line
                    .retain(|standing| !matches!(standing, Standing::Ours(of, _) if *of == id));
            }
            Act::Snapshot => {
                let all: Vec<_> =
                    self.theirs().iter().map(|(order, left)| self.change(*order, *left)).collect();
                self.tell(true, &all);
            }
        }
    }

    /// A trade, then what the tape tells of those who were served in it.
    fn trade(&mut self, percent: i64) {
        let theirs = self.theirs();
        let quantity = theirs.iter().map(|(_, left)| left).sum::<i64>() * percent / 100;
        if quantity == 0 {
            return;
        }
        let expected = self.served(quantity);
        let sold = Trade { quantity: units(quantity), ..trade("99", "1", Some(Side::Sell)) };
        let mut out = Vec::new();
        self.exchange.on_trade(&sold, self.now, &mut out).unwrap();
        let fills: Vec<_> = out
            .iter()
            .filter_map(|event| {
                let ExchangeEvent::Filled(fill) = event else { return None };
                Some((fill.order, fill.fill.quantity))
            })
            .collect();
        let expected: Vec<_> =
            expected.into_iter().map(|(order, filled)| (order, units(filled))).collect();
        assert_eq!(fills, expected);
        let (mut left, mut told) = (quantity, Vec::new());
        for (order, theirs) in theirs {
            let served = left.min(theirs);
            left -= served;
            if served > 0 {
                self.set(order, theirs - served);
                told.push(self.change(order, theirs - served));
            }
        }
        self.tell(false, &told);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Every fill is that of a plain queue in which ours stand behind who came before and before who came later.
    #[test]
    fn fills_are_those_of_a_plain_queue(acts in acts()) {
        let mut session = Session::new();
        acts.into_iter().for_each(|act| session.act(act));
    }
}

#[test]
fn a_change_ahead_moves_the_order_and_one_behind_does_not() {
    let fills = |acts: &[Act]| {
        let mut session = Session::new();
        [Act::Join(10), Act::Rest(5), Act::Join(10)].into_iter().for_each(|act| session.act(act));
        acts.iter().for_each(|act| session.act(*act));
        session.exchange.open_order_count() == 0
    };
    // Ten ahead, five of ours: of twenty that the tape has, three quarters reach us whole.
    assert!(!fills(&[Act::Trade(70)]));
    assert!(fills(&[Act::Trade(75)]));
    // Who was ahead has left: the first five are ours.
    assert!(fills(&[Act::Leave(0), Act::Trade(50)]));
    // Who left stood behind.
    assert!(!fills(&[Act::Leave(1), Act::Trade(100)]));
}

#[test]
fn levels_that_come_into_sight_again_tell_who_was_there_before() {
    let mut exchange = Exchange::new(config(Liquidity::Recorded)).unwrap();
    let account = exchange.account("a").unwrap();
    let symbol = symbol();
    let market = exchange.market(&symbol).unwrap();
    let change = |price: &str, left: i64, order: u64, second: i64| OrderChange {
        side: Side::Buy,
        price: Price::parse(price).unwrap(),
        quantity: units(left),
        order,
        since: UnixNanos::from_secs(second),
    };
    let tell = |exchange: &mut Exchange, snapshot, changes: &[OrderChange]| {
        let update = OrdersUpdate { symbol: &symbol, snapshot, levels: Some(1), changes };
        exchange.on_orders_in(market, &update, NOW, &mut Vec::new()).unwrap();
    };
    tell(&mut exchange, true, &[change("99", 40, 1, 1)]);
    let request = OrderRequest { quantity: units(5), ..limit(Side::Buy, "99", "1") };
    exchange.submit(account, request, UnixNanos::from_secs(2), &mut Vec::new()).unwrap();
    // A better price pushes it out of sight; back it comes with one who joined since.
    tell(&mut exchange, false, &[change("99.5", 1, 2, 3), change("99", 0, 1, 1)]);
    let back = [change("99.5", 0, 2, 3), change("99", 30, 3, 1), change("99", 50, 4, 4)];
    tell(&mut exchange, false, &back);
    let sold = |exchange: &mut Exchange, quantity: i64| {
        let sold = Trade { quantity: units(quantity), ..trade("99", "1", Some(Side::Sell)) };
        exchange.on_trade(&sold, NOW, &mut Vec::new()).unwrap();
        exchange.open_order_count()
    };
    assert_eq!(sold(&mut exchange, 30), 1, "they were there before");
    assert_eq!(sold(&mut exchange, 5), 0, "the others came later");
}

#[test]
fn a_taker_of_ours_shortens_the_queue_of_the_orders_it_takes_from() {
    let mut session = Session::new();
    [Act::Join(50), Act::Rest(5)].into_iter().for_each(|act| session.act(act));
    let b = session.exchange.account("b").unwrap();
    let request = OrderRequest { quantity: units(50), ..limit(Side::Sell, "99", "1") };
    session.exchange.submit(b, request, session.now, &mut Vec::new()).unwrap();
    // What was taken stays taken while the tape still tells of it.
    session.tell(false, &[session.change(1, 40)]);
    let sold = Trade { quantity: units(5), ..trade("99", "1", Some(Side::Sell)) };
    session.exchange.on_trade(&sold, session.now, &mut Vec::new()).unwrap();
    assert_eq!(session.exchange.open_order_count(), 0);
}

/// A market of which the tape shows every order; ours are of five at 99.
struct Watched {
    exchange: Exchange,
    symbol: Symbol,
}

impl Watched {
    fn new() -> Self {
        let exchange = Exchange::new(config(Liquidity::Recorded)).unwrap();
        Self { exchange, symbol: symbol() }
    }

    /// What the tape tells: prices, what is left, numbers, and since when.
    fn tell(&mut self, snapshot: bool, levels: Option<u32>, changes: &[(&str, i64, u64, i64)]) {
        let change = |(price, left, order, second): &(&str, i64, u64, i64)| OrderChange {
            side: Side::Buy,
            price: Price::parse(price).unwrap(),
            quantity: units(*left),
            order: *order,
            since: UnixNanos::from_secs(*second),
        };
        let changes: Vec<_> = changes.iter().map(change).collect();
        let market = self.exchange.market(&self.symbol).unwrap();
        let update = OrdersUpdate { symbol: &self.symbol, snapshot, levels, changes: &changes };
        self.exchange.on_orders_in(market, &update, NOW, &mut Vec::new()).unwrap();
    }

    fn rest(&mut self, second: i64) {
        let account = self.exchange.account("a").unwrap();
        let request = OrderRequest { quantity: units(5), ..limit(Side::Buy, "99", "1") };
        let now = UnixNanos::from_secs(second);
        self.exchange.submit(account, request, now, &mut Vec::new()).unwrap();
    }

    /// True when our order is filled by a sale at 99.
    fn sold(&mut self, quantity: i64) -> bool {
        let sold = Trade { quantity: units(quantity), ..trade("99", "1", Some(Side::Sell)) };
        self.exchange.on_trade(&sold, NOW, &mut Vec::new()).unwrap();
        self.exchange.open_order_count() == 0
    }
}

#[test]
fn who_came_in_the_same_instant_stands_before_us() {
    let mut market = Watched::new();
    market.tell(true, None, &[("99", 40, 1, 2)]);
    market.rest(2);
    assert!(!market.sold(40));
    assert!(market.sold(5));
}

#[test]
fn a_new_snapshot_of_orders_is_the_whole_book() {
    let mut market = Watched::new();
    market.tell(true, None, &[("99", 40, 1, 1), ("98", 7, 2, 1)]);
    market.tell(true, None, &[("97", 3, 3, 2)]);
    let [bids, _] = market.exchange.levels(&market.symbol, 10).unwrap();
    let price = Price::parse("97").unwrap();
    assert_eq!(bids, [Level { price, quantity: units(3) }]);
}

/// What a trade took of those before us is not given back by news of somebody else.
#[test]
fn a_trade_serves_those_before_us_for_good() {
    let mut market = Watched::new();
    market.tell(true, None, &[("99", 10, 1, 1)]);
    market.rest(2);
    assert!(!market.sold(6));
    market.tell(false, None, &[("98", 1, 2, 3)]);
    assert!(market.sold(9), "four stood before our five");
}

#[test]
fn trades_out_of_sight_shorten_a_queue_by_what_they_took() {
    let mut market = Watched::new();
    market.tell(true, Some(1), &[("99", 40, 1, 1)]);
    market.rest(2);
    market.tell(false, Some(1), &[("99.5", 1, 2, 3), ("99", 0, 1, 1)]);
    assert!(!market.sold(5) && !market.sold(5));
    assert!(market.sold(35), "thirty stood before our five");
}

#[test]
fn an_order_that_comes_out_of_sight_has_everybody_before_it() {
    let mut market = Watched::new();
    market.tell(true, Some(1), &[("99.5", 1, 1, 1)]);
    market.rest(2);
    assert!(!market.sold(1_000));
    market.tell(false, Some(1), &[("99.5", 0, 1, 1), ("99", 10, 2, 1)]);
    assert!(!market.sold(10));
    assert!(market.sold(5));
}
