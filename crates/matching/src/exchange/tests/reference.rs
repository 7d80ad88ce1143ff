//! A second matcher, as simple as it can be: one list of levels, one list of orders, and a look at all of
//! them at every step. It must agree with the exchange on every execution and every end.

use model::{OrderKind, TimeInForce, Trigger};

use super::*;
use crate::config::{Funding, PrintRule, Shortfall, Slippage, SlippageOn};
use crate::exchange::BarPrint;
use crate::order::OrderRequest;

const TICK: i64 = 100_000_000;

/// What both matchers must agree on: order, price, quantity, rested; or order and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Fill(u64, i64, i64, bool),
    Gone(u64, CancelReason),
    Refused(Refusal),
}

#[derive(Debug, Clone)]
struct Simple {
    id: u64,
    buy: bool,
    kind: OrderKind,
    life: TimeInForce,
    reduce_only: bool,
    left: i64,
    /// In the book; not waiting and not on its way to a print.
    rests: bool,
    ahead: i64,
}

#[derive(Debug, Clone, Default)]
struct Reference {
    rule: Option<PrintRule>,
    ppm: i64,
    opening_only: bool,
    /// Buy, price, quantity.
    levels: Vec<(bool, i64, i64)>,
    orders: Vec<Simple>,
    last: Option<i64>,
    position: i64,
    next: u64,
    said: Vec<Said>,
}

impl Reference {
    fn gone(&mut self, id: u64, reason: CancelReason) {
        self.orders.retain(|order| order.id != id);
        self.said.push(Said::Gone(id, reason));
    }

    /// Books an execution of a part of an order.
    fn book(&mut self, id: u64, price: i64, quantity: i64, rested: bool) {
        let order = self.orders.iter_mut().find(|order| order.id == id).unwrap();
        order.left -= quantity;
        self.position += if order.buy { quantity } else { -quantity };
        self.said.push(Said::Fill(id, price, quantity, rested));
    }

    /// What of a quantity closes the position, and what opens one; the latter is not for reducers.
    fn parts(&self, order: &Simple, quantity: i64) -> (i64, i64, bool) {
        let against = if order.buy { -self.position } else { self.position };
        let closing = quantity.min(against.max(0));
        let opening = quantity - closing;
        if order.reduce_only && opening > 0 {
            (closing, 0, true)
        } else {
            (closing, opening, false)
        }
    }

    fn fill_maker(&mut self, id: u64, price: i64, quantity: i64) {
        let order = self.find(id);
        let (closing, opening, short) = self.parts(&order, quantity);
        if closing + opening > 0 {
            self.book(id, price, closing + opening, true);
        }
        if short {
            self.gone(id, CancelReason::ReduceOnly);
        } else if self.find(id).left == 0 {
            self.orders.retain(|order| order.id != id);
        }
    }

    /// A taker executes against everybody else. True when it was cut.
    fn fill_taker(&mut self, id: u64, price: i64, quantity: i64) -> bool {
        let order = self.find(id);
        let away = (i128::from(price) * i128::from(self.ppm) + 999_999) / 1_000_000;
        let away = i64::try_from(away).unwrap();
        let limit = limit_of(&order);
        let worse = match (order.buy, limit) {
            (true, limit) => (price + away).min(limit.unwrap_or(i64::MAX)),
            (false, limit) => (price - away).max(limit.unwrap_or(0)),
        };
        let (closing, opening, short) = self.parts(&order, quantity);
        let closing_price = if self.opening_only { price } else { worse };
        for (part, price) in [(closing, closing_price), (opening, worse)] {
            if part > 0 {
                self.book(id, price, part, false);
            }
        }
        short
    }

    fn find(&self, id: u64) -> Simple {
        self.orders.iter().find(|order| order.id == id).unwrap().clone()
    }

    /// Resting orders of a side that a condition on their price picks, best first, then oldest.
    fn resting(&self, buy: bool, picks: impl Fn(i64) -> bool) -> Vec<(u64, i64)> {
        let mut found: Vec<(u64, i64)> = self
            .orders
            .iter()
            .filter(|order| order.rests && order.buy == buy)
            .map(|order| (order.id, limit_of(order).unwrap()))
            .filter(|(_, price)| picks(*price))
            .collect();
        found.sort_by_key(|(id, price)| (if buy { -price } else { *price }, self.age(*id)));
        found
    }

    /// Orders rest in the order in which they came to the book: their place in the list.
    fn age(&self, id: u64) -> usize {
        self.orders.iter().position(|order| order.id == id).unwrap()
    }

    fn rest(&mut self, id: u64) {
        let at = self.age(id);
        let mut order = self.orders.remove(at);
        let price = limit_of(&order).unwrap();
        let level = self.levels.iter().find(|l| (l.0, l.1) == (order.buy, price));
        let last = self
            .orders
            .iter()
            .rev()
            .find(|o| o.rests && o.buy == order.buy && limit_of(o) == Some(price));
        order.ahead = level.map_or(0, |l| l.2).max(last.map_or(0, |o| o.ahead));
        order.rests = true;
        self.orders.push(order);
    }

    /// Levels that an order of the other side sees, best first.
    fn visible(&self, buy: bool) -> Vec<(i64, i64)> {
        let ours = self.resting(!buy, |_| true).first().map(|(_, price)| *price);
        let hidden =
            |price: i64| ours.is_some_and(|ours| if buy { price >= ours } else { price <= ours });
        let mut levels: Vec<(i64, i64)> = self
            .levels
            .iter()
            .filter(|level| level.0 == buy && !hidden(level.1))
            .map(|level| (level.1, level.2))
            .collect();
        levels.sort_by_key(|(price, _)| if buy { -price } else { *price });
        levels
    }

    /// What an order would take: price and quantity, and why it stops.
    fn taking(&self, buy: bool, kind: OrderKind, quantity: i64) -> (Vec<(i64, i64)>, &'static str) {
        let own = self.resting(!buy, |_| true).first().map(|(_, price)| *price);
        let levels = self.visible(!buy);
        let best = levels.first().map(|level| level.0).into_iter().chain(own);
        let best = if buy { best.min() } else { best.max() };
        let limit = match kind {
            OrderKind::Limit { price, .. } => Some(price.raw()),
            OrderKind::Market | OrderKind::Triggered { .. } => best.map(|best| {
                let ppm = if buy { 1_050_000 } else { 950_000 };
                i64::try_from(i128::from(best) * ppm / 1_000_000).unwrap()
            }),
        };
        let within = |price: i64| limit.is_some_and(|l| if buy { price <= l } else { price >= l });
        let mut left = quantity;
        let mut taken = Vec::new();
        for (price, available) in levels {
            let first = own.is_none_or(|own| if buy { price <= own } else { price >= own });
            if left == 0 || !within(price) || !first {
                break;
            }
            taken.push((price, available.min(left)));
            left -= available.min(left);
        }
        let stop = match (left, own.filter(|own| within(*own))) {
            (0, _) => "filled",
            (_, Some(_)) => "self",
            (_, None) => "limit",
        };
        (taken, stop)
    }

    fn take(&mut self, id: u64) {
        let order = self.find(id);
        let (taken, stop) = self.taking(order.buy, order.kind, order.left);
        if order.life == TimeInForce::Fok {
            let (_, _, short) = self.parts(&order, order.left);
            if stop != "filled" || short {
                self.gone(id, CancelReason::FillOrKill);
                return;
            }
        }
        for (price, quantity) in taken {
            let (closing, opening, short) = self.parts(&self.find(id), quantity);
            if closing + opening > 0 {
                let level = self.levels.iter_mut().find(|l| (l.0, l.1) == (!order.buy, price));
                level.unwrap().2 -= closing + opening;
                self.levels.retain(|level| level.2 > 0);
                // Our resting orders behind that quantity move up.
                for own in &mut self.orders {
                    if own.rests && own.buy != order.buy && limit_of(own) == Some(price) {
                        own.ahead = (own.ahead - closing - opening).max(0);
                    }
                }
                self.fill_taker(id, price, quantity);
            }
            if short {
                self.gone(id, CancelReason::ReduceOnly);
                return;
            }
        }
        match (stop, limit_of(&order), order.life) {
            ("filled", ..) => self.orders.retain(|order| order.id != id),
            ("self", ..) => self.gone(id, CancelReason::SelfMatch),
            (_, None, _) => self.gone(id, CancelReason::Protection),
            (_, Some(_), TimeInForce::Gtc) => self.rest(id),
            (_, Some(_), _) => self.gone(id, CancelReason::Immediate),
        }
    }

    /// Wakes the first waiting order that the market at `last` fires.
    fn next_waiting(&self, last: i64) -> Option<(u64, i64)> {
        let mut found: Vec<(bool, i64, u64)> = Vec::new();
        for order in &self.orders {
            if let OrderKind::Triggered { trigger, price, .. } = order.kind {
                let up = (trigger == Trigger::StopLoss) == order.buy;
                let fires = if up { last >= price.raw() } else { last <= price.raw() };
                if fires {
                    found.push((!up, if up { price.raw() } else { -price.raw() }, order.id));
                }
            }
        }
        found.sort_unstable();
        found.first().map(|(down, price, id)| (*id, if *down { -price } else { *price }))
    }

    fn wake(&mut self, id: u64) {
        let order = self.orders.iter_mut().find(|order| order.id == id).unwrap();
        let OrderKind::Triggered { limit, .. } = order.kind else { panic!("it waits") };
        order.kind =
            limit.map_or(OrderKind::Market, |price| OrderKind::Limit { price, post_only: false });
    }

    fn submit(&mut self, request: &OrderRequest) {
        let (buy, kind) = (request.side == Side::Buy, request.kind);
        let against = if buy { -self.position } else { self.position };
        if request.reduce_only && against <= 0 {
            self.said.push(Said::Refused(Refusal::NothingToReduce));
            return;
        }
        let quantity = request.quantity.raw();
        let waits = matches!(kind, OrderKind::Triggered { .. });
        let takes = match (self.rule, self.last) {
            (None, _) => {
                let (taken, stop) = self.taking(buy, kind, quantity);
                !taken.is_empty() || stop == "self"
            }
            (Some(PrintRule::Last), Some(last)) => reaches(buy, kind, last),
            (Some(_), _) => false,
        };
        if request.is_post_only() && takes && !waits {
            self.said.push(Said::Refused(Refusal::PostOnly));
            return;
        }
        self.next += 1;
        let id = self.next;
        self.orders.push(Simple {
            id,
            buy,
            kind,
            life: request.time_in_force,
            reduce_only: request.reduce_only,
            left: quantity,
            rests: false,
            ahead: 0,
        });
        match (self.rule, self.last) {
            _ if waits => {}
            (None, _) => self.take(id),
            (Some(PrintRule::Last), Some(last)) => self.meet(id, last),
            (Some(_), _) => {}
        }
    }

    /// An order meets a print.
    fn meet(&mut self, id: u64, price: i64) {
        let order = self.find(id);
        if !reaches(order.buy, order.kind, price) {
            match order.life {
                TimeInForce::Gtc => self.rest(id),
                TimeInForce::Ioc => self.gone(id, CancelReason::Immediate),
                TimeInForce::Fok => self.gone(id, CancelReason::FillOrKill),
            }
            return;
        }
        if matches!(order.kind, OrderKind::Limit { post_only: true, .. }) {
            self.gone(id, CancelReason::PostOnly);
            return;
        }
        let (_, _, short) = self.parts(&order, order.left);
        if order.life == TimeInForce::Fok && short {
            self.gone(id, CancelReason::FillOrKill);
            return;
        }
        if self.fill_taker(id, price, order.left) {
            self.gone(id, CancelReason::ReduceOnly);
        } else {
            self.orders.retain(|order| order.id != id);
        }
    }

    fn print(&mut self, price: i64, walked: bool, gap: bool) {
        let before = self.last.replace(price).filter(|_| walked);
        let arriving: Vec<u64> = self
            .orders
            .iter()
            .filter(|o| !o.rests && !matches!(o.kind, OrderKind::Triggered { .. }))
            .map(|o| o.id)
            .collect();
        for id in arriving {
            self.meet(id, before.unwrap_or(price));
        }
        loop {
            let overdue = before.and_then(|at| self.next_waiting(at).map(|(id, _)| (id, at)));
            let woken = overdue.or_else(|| self.next_waiting(price));
            let met = [true, false].into_iter().find_map(|buy| {
                let met =
                    self.resting(buy, |limit| if buy { price <= limit } else { price >= limit });
                met.first().copied()
            });
            let far = |other: i64| (other - price).abs();
            let wake_first = match (woken, met) {
                (None, None) => return,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some((_, trigger)), Some((_, limit))) => {
                    before.is_none() || far(trigger) >= far(limit)
                }
            };
            if let (true, Some((id, trigger))) = (wake_first, woken) {
                self.wake(id);
                self.meet(id, if before.is_some() { trigger } else { price });
            } else if let Some((id, limit)) = met {
                let left = self.find(id).left;
                self.fill_maker(id, if gap && before.is_none() { price } else { limit }, left);
            }
        }
    }

    fn trade(&mut self, price: i64, quantity: i64, taker: Option<Side>) {
        if self.rule.is_some() {
            self.print(price, false, false);
            return;
        }
        for buy in [true, false] {
            for (id, own) in self.resting(buy, |own| if buy { own > price } else { own < price }) {
                let left = self.find(id).left;
                self.fill_maker(id, own, left);
            }
        }
        let makers_buy = match taker {
            Some(taker) => taker == Side::Sell,
            None => !self.resting(true, |own| own == price).is_empty(),
        };
        let (mut left, mut passed) = (quantity, 0);
        let queue = self.resting(makers_buy, |own| own == price);
        let mut fills = Vec::new();
        for (id, _) in &queue {
            let order = self.find(*id);
            let ahead = (order.ahead - passed).max(0).min(left);
            passed += ahead;
            left -= ahead;
            let filled = order.left.min(left);
            left -= filled;
            fills.push((*id, filled));
        }
        for (id, _) in &queue {
            let order = self.orders.iter_mut().find(|order| order.id == *id).unwrap();
            order.ahead = (order.ahead - passed).max(0);
        }
        for (id, filled) in fills.into_iter().filter(|(_, filled)| *filled > 0) {
            self.fill_maker(id, price, filled);
        }
        self.last = Some(price);
        while let Some((id, _)) = self.next_waiting(price) {
            self.wake(id);
            self.take(id);
        }
    }

    fn level(&mut self, buy: bool, price: i64, quantity: i64) {
        self.levels.retain(|level| (level.0, level.1) != (buy, price));
        if quantity > 0 {
            self.levels.push((buy, price, quantity));
        }
        for order in &mut self.orders {
            if order.rests && order.buy == buy && limit_of(order) == Some(price) {
                order.ahead = order.ahead.min(quantity);
            }
        }
        for buy in [true, false] {
            let others = self.levels.iter().filter(|level| level.0 != buy).map(|level| level.1);
            let Some(best) = (if buy { others.min() } else { others.max() }) else { continue };
            for (id, own) in self.resting(buy, |own| if buy { own >= best } else { own <= best }) {
                let left = self.find(id).left;
                self.fill_maker(id, own, left);
            }
        }
    }
}

fn limit_of(order: &Simple) -> Option<i64> {
    if let OrderKind::Limit { price, .. } = order.kind { Some(price.raw()) } else { None }
}

fn reaches(buy: bool, kind: OrderKind, price: i64) -> bool {
    match kind {
        OrderKind::Limit { price: limit, .. } if buy => price <= limit.raw(),
        OrderKind::Limit { price: limit, .. } => price >= limit.raw(),
        OrderKind::Market | OrderKind::Triggered { .. } => true,
    }
}

/// Numbers that look random and are the same everywhere.
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33;
        i64::try_from(mixed).unwrap() % end
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.below(n) == 0
    }
}

/// Both matchers side by side.
struct Session {
    exchange: Exchange,
    account: AccountId,
    reference: Reference,
    draws: Draws,
    ticks: i64,
    cash: Notional,
    base: Notional,
    totals: BTreeMap<Asset, Notional>,
}

impl Session {
    fn new(seed: u64) -> Self {
        let mut draws = Draws(seed);
        let rule = [None, Some(PrintRule::Last), Some(PrintRule::Next)]
            [usize::try_from(draws.below(3)).unwrap()];
        let ppm = if draws.one_in(2) { draws.below(3_000) } else { 0 };
        let opening_only = draws.one_in(2);
        let on = if opening_only { SlippageOn::Opening } else { SlippageOn::Every };
        let liquidity = rule.map_or(Liquidity::Recorded, Liquidity::Prints);
        let mut config = config(liquidity);
        config.instruments[0].slippage = Slippage { ppm, on };
        config.instruments[0].instrument.quantity_min = Quantity::step(8);
        config.instruments[0].instrument.cost_min = Notional::ZERO;
        config.accounts = vec![account("a", "1000000000", "0")];
        config.accounts[0].funding = Funding::Margin { leverage: 1_000 };
        config.accounts[0].shortfall = Shortfall::CUT;
        config.accounts[0].fees.maker_ppm = draws.below(2_000) - 1_000;
        let exchange = Exchange::new(config).unwrap();
        let account = exchange.account("a").unwrap();
        let (cash, base) = (Notional::parse("1000000000").unwrap(), Notional::ZERO);
        let totals = exchange.ledger().totals();
        let reference = Reference { rule, ppm, opening_only, ..Reference::default() };
        Self { exchange, account, reference, draws, ticks: 500, cash, base, totals }
    }

    fn price(&mut self, around: i64) -> Price {
        Price::from_raw((self.ticks + self.draws.below(2 * around + 1) - around) * TICK)
    }

    fn request(&mut self) -> OrderRequest {
        let price = self.price(8);
        let kind = match self.draws.below(8) {
            0 | 1 => OrderKind::Market,
            2..=5 => OrderKind::Limit { price, post_only: self.draws.one_in(4) },
            _ => OrderKind::Triggered {
                trigger: [Trigger::StopLoss, Trigger::TakeProfit]
                    [usize::from(self.draws.one_in(2))],
                price,
                limit: if self.draws.one_in(2) { Some(self.price(8)) } else { None },
            },
        };
        let life = match self.draws.below(6) {
            0 => TimeInForce::Ioc,
            1 => TimeInForce::Fok,
            _ => TimeInForce::Gtc,
        };
        let post_only = matches!(kind, OrderKind::Limit { post_only: true, .. });
        OrderRequest {
            client_id: None,
            symbol: symbol(),
            side: if self.draws.one_in(2) { Side::Buy } else { Side::Sell },
            kind,
            quantity: Quantity::from_raw((1 + self.draws.below(40)) * 100_000),
            time_in_force: if post_only { TimeInForce::Gtc } else { life },
            reduce_only: self.draws.one_in(5),
            fee_in_base: false,
        }
    }

    fn step(&mut self) -> Vec<ExchangeEvent> {
        let mut out = Vec::new();
        match self.draws.below(10) {
            0..=3 => {
                let request = self.request();
                self.reference.submit(&request);
                let answer = self.exchange.submit(self.account, request, NOW, &mut out);
                let refused = answer.err().map(Said::Refused);
                let expected = self.reference.said.first().copied();
                assert_eq!(refused, expected.filter(|said| matches!(said, Said::Refused(_))));
            }
            4 => {
                let nth = usize::try_from(self.draws.below(6)).unwrap();
                let open = self.exchange.open_orders(self.account).nth(nth).map(|o| o.id);
                if let Some(id) = open {
                    self.exchange.cancel(self.account, id, NOW, &mut out).unwrap();
                    self.reference.gone(id.get(), CancelReason::Requested);
                }
            }
            5 | 6 if self.reference.rule.is_none() => {
                let side = if self.draws.one_in(2) { Side::Buy } else { Side::Sell };
                let offset = self.draws.below(8);
                let ticks = self.ticks + if side == Side::Buy { -offset } else { 1 + offset };
                let price = Price::from_raw(ticks * TICK);
                let quantity = Quantity::from_raw(self.draws.below(30) * 100_000);
                let level = [Level { price, quantity }];
                let (bids, asks) = match side {
                    Side::Buy => (&level[..], &[][..]),
                    Side::Sell => (&[][..], &level[..]),
                };
                let symbol = symbol();
                let update =
                    DepthUpdate { symbol: &symbol, snapshot: false, levels: None, bids, asks };
                self.exchange.on_depth(&update, NOW, &mut out).unwrap();
                self.reference.level(side == Side::Buy, price.raw(), quantity.raw());
            }
            5..=7 if self.reference.rule.is_some() => {
                let price = self.price(10);
                self.ticks = price.raw() / TICK;
                let walked = !self.draws.one_in(4);
                let print = BarPrint { price, walked };
                self.exchange.on_bar_print(MarketId(0), print, NOW, &mut out).unwrap();
                self.reference.print(price.raw(), walked, true);
            }
            _ => {
                let price = self.price(4);
                self.ticks = price.raw() / TICK;
                let taker = [Some(Side::Buy), Some(Side::Sell), None]
                    [usize::try_from(self.draws.below(3)).unwrap()];
                let quantity = Quantity::from_raw((1 + self.draws.below(40)) * 100_000);
                let trade = Trade { price, quantity, ..trade("1", "1", taker) };
                self.exchange.on_trade(&trade, NOW, &mut out).unwrap();
                self.reference.trade(price.raw(), quantity.raw(), taker);
            }
        }
        out
    }

    /// Equal executions and ends; and not a unit of money more or less.
    fn compare(&mut self, events: &[ExchangeEvent]) {
        let mut said = Vec::new();
        for event in events {
            match event {
                ExchangeEvent::Filled(e) => {
                    let rested = e.fill.liquidity == model::Liquidity::Maker;
                    let (price, quantity) = (e.fill.price, e.fill.quantity);
                    said.push(Said::Fill(e.order.get(), price.raw(), quantity.raw(), rested));
                    self.settle(e.order, price, quantity, e.fill.fee);
                }
                ExchangeEvent::Cancelled { order, reason } => {
                    said.push(Said::Gone(order.get(), *reason));
                }
                ExchangeEvent::Accepted { .. }
                | ExchangeEvent::Opened { .. }
                | ExchangeEvent::Completed { .. }
                | ExchangeEvent::Printed(_) => {}
            }
        }
        let mut expected = std::mem::take(&mut self.reference.said);
        expected.retain(|said| !matches!(said, Said::Refused(_)));
        assert_eq!(said, expected);
        let ledger = self.exchange.ledger();
        assert_eq!(ledger.owned(self.account, &Asset::new("USD")), self.cash);
        assert_eq!(ledger.owned(self.account, &Asset::new("BTC")), self.base);
        assert_eq!(ledger.totals(), self.totals);
        let open: Vec<u64> =
            self.exchange.open_orders(self.account).map(|order| order.id.get()).collect();
        let mut known: Vec<u64> = self.reference.orders.iter().map(|order| order.id).collect();
        known.sort_unstable();
        assert_eq!(open, known);
    }

    fn settle(&mut self, order: OrderId, price: Price, quantity: Quantity, fee: Notional) {
        let cost = Notional::of(price, quantity);
        let amount = Notional::from_quantity(quantity);
        let buys = self.exchange.order(order).unwrap().request.side == Side::Buy;
        let (cost, amount) = if buys { (cost.negated(), amount) } else { (cost, amount.negated()) };
        self.cash = self.cash.checked_add(cost).unwrap().checked_sub(fee).unwrap();
        self.base = self.base.checked_add(amount).unwrap();
    }
}

#[test]
fn two_matchers_agree_on_ten_thousand_random_sessions() {
    let mut fills = 0_u64;
    for seed in 0..10_000 {
        let mut session = Session::new(seed);
        for step in 0..40 {
            let events = session.step();
            let count = |e: &&ExchangeEvent| matches!(e, ExchangeEvent::Filled(_));
            fills += u64::try_from(events.iter().filter(count).count()).unwrap();
            let compared = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                session.compare(&events);
            }));
            assert!(compared.is_ok(), "seed {seed}, step {step}: {:#?}", lines(&events));
        }
    }
    assert!(fills > 50_000, "the sessions trade: {fills} fills");
}
