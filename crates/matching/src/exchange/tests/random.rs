//! Whatever happens, money is conserved and the book makes sense.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Submit {
        account: usize,
        buy: bool,
        /// Ticks around the last price; `None` for a market order.
        offset: Option<i64>,
        lots: i64,
        post_only: bool,
        ioc: bool,
    },
    Cancel {
        account: usize,
        nth: usize,
    },
    Trade {
        offset: i64,
        lots: i64,
        taker: Option<bool>,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let submit = (
        0_usize..2,
        any::<bool>(),
        prop::option::weighted(0.8, -40_i64..40),
        1_i64..30_000,
        any::<bool>(),
        any::<bool>(),
    );
    let submit = submit.prop_map(|(account, buy, offset, lots, post_only, ioc)| Step::Submit {
        account,
        buy,
        offset,
        lots,
        post_only: post_only && !ioc,
        ioc,
    });
    let cancel = (0_usize..2, 0_usize..8).prop_map(|(account, nth)| Step::Cancel { account, nth });
    let trade = (-20_i64..20, 1_i64..50_000, prop::option::of(any::<bool>()));
    let trade = trade.prop_map(|(offset, lots, taker)| Step::Trade { offset, lots, taker });
    prop_oneof![3 => submit, 1 => cancel, 3 => trade]
}

struct World {
    exchange: Exchange,
    accounts: [AccountId; 2],
    /// Last price in ticks of 0.1.
    ticks: i64,
    totals: BTreeMap<Asset, Notional>,
    next_print: u64,
}

impl World {
    fn new() -> Self {
        Self::with_fees([FeeRates::of_ppm(2_500, 4_000); 2], "10000")
    }

    /// A world whose accounts pay `fees` and start with that many USD.
    fn with_fees(fees: [FeeRates; 2], usd: &str) -> Self {
        let mut config = config(synthetic());
        config.accounts = vec![account("a", usd, "2"), account("b", usd, "2")];
        for (account, fees) in config.accounts.iter_mut().zip(fees) {
            account.fees = fees;
        }
        let exchange = Exchange::new(config).unwrap();
        let accounts = ["a", "b"].map(|name| exchange.account(name).unwrap());
        let totals = exchange.ledger().totals();
        Self { exchange, accounts, ticks: 50_000, totals, next_print: 1 }
    }

    fn apply(&mut self, step: &Step) -> Vec<ExchangeEvent> {
        let mut out = Vec::new();
        let side = |buy: bool| if buy { Side::Buy } else { Side::Sell };
        match *step {
            Step::Submit { account, buy, offset, lots, post_only, ioc } => {
                let tif = [TimeInForce::Gtc, TimeInForce::Ioc];
                let request = OrderRequest {
                    client_id: None,
                    symbol: symbol(),
                    side: side(buy),
                    kind: offset.map_or(OrderKind::Market, |offset| OrderKind::Limit {
                        price: Price::from_raw((self.ticks + offset) * 100_000_000),
                        post_only,
                    }),
                    quantity: Quantity::from_raw(lots * 1_000),
                    time_in_force: tif[usize::from(ioc)],
                    reduce_only: false,
                    fee_in_base: false,
                };
                let account = self.accounts[account];
                let answer = self.exchange.submit(account, request, NOW, &mut out);
                assert!(answer.is_ok() || out.is_empty(), "a refusal changes nothing");
            }
            Step::Cancel { account, nth } => {
                let account = self.accounts[account];
                let id = self.exchange.open_orders(account).nth(nth).map(|o| o.id);
                if let Some(id) = id {
                    self.exchange.cancel(account, id, NOW, &mut out).unwrap();
                }
            }
            Step::Trade { offset, lots, taker } => {
                self.ticks += offset;
                let trade = Trade {
                    price: Price::from_raw(self.ticks * 100_000_000),
                    quantity: Quantity::from_raw(lots * 1_000),
                    ..trade("1", "1", taker.map(side))
                };
                self.exchange.on_trade(&trade, NOW, &mut out).unwrap();
            }
        }
        out
    }

    fn check(&mut self, step: &Step, events: &[ExchangeEvent]) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.exchange.ledger().totals(), self.totals.clone());
        self.check_orders()?;
        self.check_prints(step, events)?;
        let prices = self.exchange.best_prices(self.exchange.market(&symbol()).unwrap());
        let levels = self.exchange.best_levels(self.exchange.market(&symbol()).unwrap());
        let book = self.exchange.book(&symbol(), 100).unwrap();
        prop_assert!(!book.is_crossed());
        prop_assert_eq!(levels, [book.best_bid(), book.best_ask()]);
        let [bid, ask] = levels.map(|level| level.map(|level| level.price));
        prop_assert_eq!(prices, Touch::new(bid, ask));
        for account in self.accounts {
            for order in self.exchange.open_orders(account) {
                let (side, price) = (order.request.side, order.request.limit().unwrap());
                let levels: Vec<Level> = match side {
                    Side::Buy => book.bids().collect(),
                    Side::Sell => book.asks().collect(),
                };
                // Far orders may lie beyond the depth looked at; those in it must show.
                let shown = levels.iter().find(|level| level.price == price);
                prop_assert!(shown.is_some_and(|l| l.quantity >= order.remaining()));
            }
        }
        Ok(())
    }

    fn check_orders(&self) -> Result<(), TestCaseError> {
        for account in self.accounts {
            let mut held = BTreeMap::from([("BTC", Notional::ZERO), ("USD", Notional::ZERO)]);
            for order in self.exchange.open_orders(account) {
                prop_assert!(order.filled < order.request.quantity);
                let asset = match order.request.side {
                    Side::Buy => "USD",
                    Side::Sell => "BTC",
                };
                let at = held.get_mut(asset).unwrap();
                *at = at.checked_add(order.held).unwrap();
            }
            let balances = self.exchange.ledger().balances(account);
            for (asset, expected) in held {
                let balance = balances[&Asset::new(asset)];
                prop_assert_eq!(balance.held, expected);
                prop_assert!(!balance.free().is_negative());
            }
            for order in self.exchange.closed_orders(account) {
                prop_assert!(order.filled <= order.request.quantity);
                prop_assert!(order.held.is_zero());
                let complete = order.filled == order.request.quantity;
                prop_assert_eq!(order.status == OrderStatus::Filled, complete);
            }
        }
        Ok(())
    }

    /// Numbers have no gaps, and a recorded trade's own price prints its quantity exactly.
    fn check_prints(&mut self, step: &Step, events: &[ExchangeEvent]) -> Result<(), TestCaseError> {
        let mut at_price = 0;
        for event in events {
            if let ExchangeEvent::Printed(print) = event {
                prop_assert_eq!(print.trade_id, Some(self.next_print));
                self.next_print += 1;
                if print.price.raw() == self.ticks * 100_000_000 {
                    at_price += print.quantity.raw();
                }
            }
        }
        if let Step::Trade { lots, .. } = step {
            prop_assert_eq!(at_price, lots * 1_000);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn money_is_conserved_and_the_book_never_crossed(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            let events = world.apply(step);
            world.check(step, &events)?;
        }
    }

    /// Rebates and fees of any size, on accounts that can spend nearly everything at once.
    #[test]
    fn money_is_conserved_whatever_the_fees(
        fees in prop::array::uniform4(-100_000_i64..=100_000),
        usd in 100_u32..2_000,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let [maker_a, taker_a, maker_b, taker_b] = fees;
        let fees = [(maker_a, taker_a), (maker_b, taker_b)]
            .map(|(maker_ppm, taker_ppm)| FeeRates::of_ppm(maker_ppm, taker_ppm));
        let mut world = World::with_fees(fees, &usd.to_string());
        for step in &steps {
            let events = world.apply(step);
            world.check(step, &events)?;
        }
    }

    /// What venues round and leave out of holds: nothing is lost or overdrawn.
    #[test]
    fn money_is_conserved_under_the_rules_of_a_venue(
        fees in prop::array::uniform4(-100_000_i64..=100_000),
        usd in 100_u32..2_000,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let [maker_a, taker_a, maker_b, taker_b] = fees;
        let fees = [(maker_a, taker_a), (maker_b, taker_b)]
            .map(|(maker_ppm, taker_ppm)| FeeRates::of_ppm(maker_ppm, taker_ppm));
        let mut world = World::with_fees(fees, &usd.to_string());
        let mut rules = rules::kraken();
        rules.booked_decimals = [("USD", 2), ("BTC", 4)]
            .map(|(asset, decimals)| (Asset::new(asset), decimals))
            .into();
        world.exchange = world.exchange.clone().with_rules(rules);
        for step in &steps {
            let events = world.apply(step);
            world.check(step, &events)?;
        }
    }

    /// A market buy of nearly everything that the account has, over one level or several.
    #[test]
    fn a_market_buy_of_everything_is_covered_whatever_the_fees(
        taker_ppm in -100_000_i64..=100_000,
        usd in 100_u32..100_000,
        spent_permille in 850_i64..1_000,
    ) {
        let fees = FeeRates::of_ppm(0, taker_ppm);
        let mut world = World::with_fees([fees; 2], &usd.to_string());
        let first = Step::Trade { offset: 0, lots: 1, taker: Some(true) };
        let events = world.apply(&first);
        world.check(&first, &events)?;
        // The price is 5,000; a step is 0.00001 units.
        let lots = i64::from(usd) * spent_permille / 50;
        let buy = Step::Submit {
            account: 0,
            buy: true,
            offset: None,
            lots,
            post_only: false,
            ioc: false,
        };
        let events = world.apply(&buy);
        world.check(&buy, &events)?;
    }

    #[test]
    fn equal_calls_give_equal_events(steps in prop::collection::vec(step(), 1..40)) {
        let (mut one, mut two) = (World::new(), World::new());
        for (at, step) in steps.iter().enumerate() {
            // Reading the book must not matter.
            if at % 2 == 0 {
                one.exchange.book(&symbol(), 10).unwrap();
            }
            prop_assert_eq!(one.apply(step), two.apply(step));
        }
    }

    /// Of two orders, the one with the better price, or the older one at the same price, is never
    /// filled later by recorded trades.
    #[test]
    fn price_then_time_decides(
        first in 1_i64..20,
        second in 1_i64..20,
        trades in prop::collection::vec((-25_i64..5, 1_i64..50_000), 1..40),
    ) {
        let mut world = World::new();
        world.apply(&Step::Trade { offset: 0, lots: 1, taker: Some(false) });
        let order = |account, below: i64| Step::Submit {
            account,
            buy: true,
            offset: Some(-below),
            lots: 10_000,
            post_only: true,
            ioc: false,
        };
        world.apply(&order(0, first));
        world.apply(&order(1, second));
        let base = world.ticks;
        for (offset, lots) in trades {
            world.ticks = base;
            world.apply(&Step::Trade { offset, lots, taker: Some(false) });
            let filled = world.accounts.map(|account| {
                let mut open = world.exchange.open_orders(account);
                open.next().map_or(10_000_000, |order| order.filled.raw())
            });
            if first <= second {
                prop_assert!(filled[0] == 10_000_000 || filled[1] == 0);
            } else {
                prop_assert!(filled[1] == 10_000_000 || filled[0] == 0);
            }
        }
    }
}
