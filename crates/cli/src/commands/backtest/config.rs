//! The configuration that the arguments describe.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use backtest::stats::{Looks, N_ALWAYS_OPEN};
use backtest::{BacktestConfig, FeeTier, IntrabarPath, Latency, LatencyConfig, VenueConfig};
use matching::{
    FeeRates, Funding, Liquidity, PrintRule, QueueModel, Shortfall, Slippage, SlippageOn,
};
use model::{Asset, Instrument, Notional, Price, Quantity, Symbol};

use super::args::{BacktestArgs, FillRule, Path};
use super::file::{Loaded, VenueRules};
use super::tapes::{MarketData, MarketTape};

/// Name of the venue that is not named.
const UNNAMED: &str = "venue";

/// Fees where nobody says any.
const FEES: FeeRates = FeeRates::of_ppm(2_500, 4_000);
/// What the first venue's account owns of its first market's quote where nobody says it.
const BALANCE: &str = "10000";
/// A latency that is that of the tape.
const RECORDED: &str = "recorded";
/// Time between two points of the equity curve where nobody says it.
const EQUITY_EVERY: Duration = Duration::from_secs(60);

/// The configuration of a backtest of some tapes: what the arguments say, else the file, else the defaults.
pub(super) fn of(
    args: &BacktestArgs,
    file: &Loaded,
    tapes: &[MarketTape],
) -> anyhow::Result<BacktestConfig> {
    let markets = tapes.iter().map(|tape| MarketSays {
        symbol: &tape.symbol,
        venue: tape.venue(),
        data: tape.data(),
        price_decimals: tape.head.price_decimals,
    });
    of_markets(args, file, &markets.collect::<Vec<_>>())
}

/// How often the ratios look at the equity.
pub(super) fn looks(args: &BacktestArgs, file: &Loaded) -> anyhow::Result<Looks> {
    let every = args.returns_every.or(file.returns_every);
    let mut looks = every.map_or(Looks::daily(N_ALWAYS_OPEN), Looks::of_every);
    ensure!(!looks.every.is_zero(), "--returns-every 0s: expected above zero");
    if let Some(count) = args.periods_per_year.or(file.file.periods_per_year) {
        ensure!(
            count.is_finite() && count > 0.0,
            "--periods-per-year {count}: expected above zero"
        );
        looks.per_year = count;
    }
    Ok(looks)
}

/// A market by its name, and what its tape shows.
struct MarketSays<'t> {
    symbol: &'t str,
    venue: Option<&'t str>,
    data: MarketData,
    price_decimals: u32,
}

/// The same, of markets.
fn of_markets(
    args: &BacktestArgs,
    file: &Loaded,
    markets: &[MarketSays<'_>],
) -> anyhow::Result<BacktestConfig> {
    let mut venues: Vec<VenueConfig> = Vec::new();
    for market in markets {
        let name = market.venue.unwrap_or(UNNAMED);
        let instrument = instrument(args, file, market)?;
        let mut added = VenueConfig::spot(name, vec![instrument], BTreeMap::new());
        model_market(args, file, market.data, &mut added)?;
        match venues.iter_mut().find(|known| known.name == name) {
            Some(known) => known.instruments.append(&mut added.instruments),
            None => venues.push(added),
        }
    }
    check_unnamed(markets)?;
    file.check_venues(&markets.iter().map(|of| of.venue.map(str::to_owned)).collect())?;
    let quote = venues.first().map(|venue| venue.instruments[0].instrument.quote.clone());
    let quote = quote.context("--tape: expected a file")?;
    set_accounts(args, file, markets, &mut venues)?;
    let mut config =
        BacktestConfig::spot(venues[0].instruments[0].instrument.clone(), BTreeMap::new());
    let told = &file.file;
    config.venues = venues;
    config.currency =
        args.currency.as_ref().or(told.currency.as_ref()).map_or(quote, |name| Asset::new(name));
    let at_par = if args.at_par.is_empty() { &told.at_par } else { &args.at_par };
    config.at_par = at_par.iter().map(|name| Asset::new(name)).collect();
    config.finalize = args.finalize || told.finalize;
    config.stop_when_ruined = args.stop_when_ruined || told.stop_when_ruined;
    config.seed = args.seed.or(told.seed).unwrap_or(0);
    config.equity_every = args.equity_every.or(file.equity_every).unwrap_or(EQUITY_EVERY);
    if args.path.is_some() && markets.iter().all(|market| market.data != MarketData::Bars) {
        return Err(anyhow!("--path: no tape has bars, within which it could mean something"));
    }
    config.path = match args.path.or(told.path).unwrap_or(Path::Nearest) {
        Path::Nearest => IntrabarPath::NearestFirst,
        Path::High => IntrabarPath::HighFirst,
        Path::Low => IntrabarPath::LowFirst,
        Path::Worst => IntrabarPath::WorstFirst,
    };
    Ok(config)
}

/// Refuses a venue that is called like the one without a name: they would be one account.
fn check_unnamed(markets: &[MarketSays<'_>]) -> anyhow::Result<()> {
    let unnamed = markets.iter().find(|market| market.venue.is_none());
    let named = markets.iter().find(|market| market.venue == Some(UNNAMED));
    match unnamed.zip(named) {
        Some((unnamed, named)) => Err(anyhow!(
            "{}: `{UNNAMED}` is the venue of {}, which names none; expected another name, or `{UNNAMED}:` before both",
            named.symbol,
            unnamed.symbol
        )),
        None => Ok(()),
    }
}

/// Fees, latencies and accounts of the venues.
fn set_accounts(
    args: &BacktestArgs,
    file: &Loaded,
    markets: &[MarketSays<'_>],
    venues: &mut [VenueConfig],
) -> anyhow::Result<()> {
    let first = venues.first().map_or("", |venue| &venue.name).to_owned();
    let names: Vec<String> = venues.iter().map(|venue| venue.name.clone()).collect();
    let known = |name: &str| names.iter().any(|known| known == name);
    let (mut fees_of, mut latencies_of) = (Vec::new(), Vec::new());
    let mut balances_of: BTreeMap<String, BTreeMap<Asset, Notional>> = BTreeMap::new();
    for text in &args.fees {
        push_once("--fees", text, &mut fees_of, prefixed("--fees", text, &known, paid)?)?;
    }
    for text in &args.latency {
        let of = prefixed("--latency", text, &known, latencies)?;
        push_once("--latency", text, &mut latencies_of, of)?;
    }
    for text in &args.balance {
        let (venue, amounts) = prefixed("--balance", text, &known, balances)?;
        let owned = balances_of.entry(venue.unwrap_or_else(|| first.clone())).or_default();
        for (asset, amount) in amounts {
            let known = owned.insert(asset.clone(), amount);
            ensure!(known.is_none(), "--balance {text}: `{asset}` is given twice");
        }
    }
    let nothing = VenueRules::default();
    for venue in &mut *venues {
        let of = markets.iter().find(|of| of.venue.unwrap_or(UNNAMED) == venue.name);
        let told = of.and_then(|of| file.rules(of.venue)).unwrap_or(&nothing);
        let told_fees = || told.fees.clone().unwrap_or(Paid::Always(FEES));
        let paid = value_for(&fees_of, &venue.name).unwrap_or_else(told_fees);
        let volume = args.volume.as_deref();
        let volume =
            volume.map(|text| Notional::parse(text).with_context(|| format!("--volume {text}")));
        venue.volume = volume.transpose()?.or(told.volume).unwrap_or(Notional::ZERO);
        (venue.fees, venue.tiers) = match paid {
            Paid::Always(fees) => (fees, Vec::new()),
            Paid::ByVolume(tiers) => {
                let reached = tiers.iter().rev().find(|tier| tier.volume <= venue.volume);
                (reached.map_or(FEES, |tier| tier.fees), tiers)
            }
        };
        let fixed = args.fixed_fee.as_deref();
        let fixed =
            fixed.map(|text| Notional::parse(text).with_context(|| format!("--fixed-fee {text}")));
        venue.fees.fixed = fixed.transpose()?.or(told.fixed_fee).unwrap_or(Notional::ZERO);
        let latency = value_for(&latencies_of, &venue.name).or_else(|| told.latency.clone());
        venue.latency = latency.unwrap_or(LatencyConfig::ZERO);
        let balances = balances_of.remove(&venue.name);
        venue.balances = balances.unwrap_or_else(|| told.balances.clone());
        let given = args
            .funding
            .as_deref()
            .map(|text| funding(text).with_context(|| format!("--funding {text}")));
        venue.funding = given.transpose()?.or(told.funding).unwrap_or(Funding::Spot);
        let cut = args.cut.as_deref();
        let cut = cut.map(|text| share_of(text).with_context(|| format!("--cut={text}")));
        venue.shortfall = cut.transpose()?.or(told.shortfall).unwrap_or(Shortfall::Refuse);
    }
    if let Some(volume) = &args.volume
        && venues.iter().all(|venue| venue.tiers.is_empty())
    {
        return Err(anyhow!(
            "--volume {volume}: no fees go by what is traded; expected --fees kraken, or a file with tiers_move"
        ));
    }
    if args.balance.is_empty() && venues.iter().all(|venue| venue.balances.is_empty()) {
        let quote = &venues[0].instruments[0].instrument.quote;
        venues[0].balances = balances(&format!("{quote}={BALANCE}"))?.into_iter().collect();
    }
    Ok(())
}

/// How the market of a venue's only instrument is modelled.
fn model_market(
    args: &BacktestArgs,
    file: &Loaded,
    data: MarketData,
    venue: &mut VenueConfig,
) -> anyhow::Result<()> {
    let market = &mut venue.instruments[0];
    let symbol = market.instrument.symbol.clone();
    let told = file.market(symbol.as_str());
    market.liquidity = match (args.fill.or(told.and_then(|told| told.fill)), data) {
        (Some(FillRule::Book), MarketData::Bars) => {
            return Err(anyhow!("--fill book: bars have no book; expected next, last or close"));
        }
        (
            Some(FillRule::Next | FillRule::Last | FillRule::Close),
            MarketData::Book | MarketData::Orders,
        ) => {
            return Err(anyhow!("--fill: orders on a recorded book fill in it; expected book"));
        }
        (Some(FillRule::Book) | None, MarketData::Book | MarketData::Orders) => Liquidity::Recorded,
        (Some(FillRule::Book) | None, MarketData::Trades) => market.liquidity,
        (Some(FillRule::Next), _) | (None, MarketData::Bars) => Liquidity::Prints(PrintRule::Next),
        (Some(FillRule::Last), _) => Liquidity::Prints(PrintRule::Last),
        (Some(FillRule::Close), _) => Liquidity::Prints(PrintRule::Close),
    };
    if args.queue_power.is_some() && data == MarketData::Orders {
        return Err(anyhow!(
            "--queue-power: the tape of {symbol} shows every order, so that the queue is known"
        ));
    }
    if args.queue_power.is_some() && data != MarketData::Book {
        return Err(anyhow!(
            "--queue-power: {symbol} has no recorded book, in which it could mean something"
        ));
    }
    let told_power = told.and_then(|told| told.queue_power);
    if told_power.is_some() && data != MarketData::Book {
        let why = anyhow!("expected for a recorded book that does not show every order");
        return Err(file.wrong_market(symbol.as_str(), "queue_power", &why));
    }
    if let Some(power) = args.queue_power.or(told_power) {
        market.queue = QueueModel::Probabilistic { power };
    }
    let ppm = match (&args.slippage, told.and_then(|told| told.slippage.as_ref())) {
        (Some(text), _) => ppm(text).with_context(|| format!("--slippage {text}"))?,
        (None, Some(text)) => {
            ppm(text).map_err(|why| file.wrong_market(symbol.as_str(), "slippage", &why))?
        }
        (None, None) => 0,
    };
    let told_on = told.and_then(|told| told.slippage_on_entries).unwrap_or(false);
    let on =
        if args.slippage_on_entries || told_on { SlippageOn::Opening } else { SlippageOn::Every };
    market.slippage = Slippage { ppm, on };
    Ok(())
}

/// What applies to a venue: the value with its name, else the one without a name.
fn value_for<T: Clone>(values: &[(Option<String>, T)], venue: &str) -> Option<T> {
    let named = values.iter().find(|(name, _)| name.as_deref() == Some(venue));
    let found = named.or_else(|| values.iter().find(|(name, _)| name.is_none()));
    found.map(|(_, value)| value.clone())
}

/// Adds what was said of a venue, or of all, which must not have been said before.
fn push_once<T>(
    flag: &str,
    text: &str,
    values: &mut Vec<(Option<String>, T)>,
    value: (Option<String>, T),
) -> anyhow::Result<()> {
    if values.iter().any(|(known, _)| *known == value.0) {
        let of =
            value.0.map_or("the value for all venues".to_owned(), |venue| format!("`{venue}`"));
        return Err(anyhow!("{flag} {text}: {of} is given twice"));
    }
    values.push(value);
    Ok(())
}

/// `VENUE:VALUE`, or a value for all.
fn prefixed<T>(
    flag: &str,
    text: &str,
    known: &dyn Fn(&str) -> bool,
    read: fn(&str) -> anyhow::Result<T>,
) -> anyhow::Result<(Option<String>, T)> {
    let (venue, value) = match text.split_once(':') {
        Some((venue, value)) => (Some(venue.trim().to_owned()), value),
        None => (None, text),
    };
    if let Some(venue) = venue.as_deref().filter(|venue| !known(venue)) {
        return Err(anyhow!("{flag} {text}: no tape is of a venue `{venue}`"));
    }
    let value = read(value).with_context(|| format!("{flag} {text}"))?;
    Ok((venue, value))
}

fn instrument(
    args: &BacktestArgs,
    file: &Loaded,
    market: &MarketSays<'_>,
) -> anyhow::Result<Instrument> {
    let text = market.symbol;
    // Names stand in files with commas between, and on a page.
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c))
    };
    let pair = text.split_once(':').map_or(text, |(_, pair)| pair);
    let parts = pair.split_once('/').filter(|(base, quote)| is_name(base) && is_name(quote));
    let parts = parts.filter(|_| market.venue.is_none_or(is_name));
    let expected = "expected BASE/QUOTE of letters, digits, `.`, `_` and `-`";
    let (base, quote) = parts.ok_or_else(|| anyhow!("symbol {text}: {expected}"))?;
    let told = file.market(text);
    let digits = |key: &str, given: Option<u32>, told: Option<u32>, default: u32, most: u32| {
        let flag = format!("--{}", key.replace('_', "-"));
        match (given, told) {
            (Some(digits), _) => ensure!(digits <= most, "{flag} {digits}: expected 0 to {most}"),
            (None, Some(digits)) if digits > most => {
                return Err(file.wrong_market(text, key, &anyhow!("expected 0 to {most}")));
            }
            (None, _) => {}
        }
        Ok(given.or(told).unwrap_or(default))
    };
    let shown = market.price_decimals;
    let told_price = told.and_then(|told| told.price_decimals);
    let price_decimals =
        digits("price_decimals", args.price_decimals, told_price, shown, Price::DECIMALS)?;
    let told_quantity = told.and_then(|told| told.quantity_decimals);
    let given = args.quantity_decimals;
    let quantity_decimals =
        digits("quantity_decimals", given, told_quantity, 8, Quantity::DECIMALS)?;
    let told_cost = told.and_then(|told| told.cost_decimals);
    let cost_decimals =
        digits("cost_decimals", args.cost_decimals, told_cost, 8, Notional::DECIMALS)?;
    Ok(Instrument {
        symbol: Symbol::new(text),
        base: Asset::new(base),
        quote: Asset::new(quote),
        price_decimals,
        quantity_decimals,
        cost_decimals,
        tick_size: Price::step(price_decimals),
        quantity_min: Quantity::step(quantity_decimals),
        cost_min: Notional::ZERO,
    })
}

/// `ASSET=AMOUNT` pairs.
fn balances(text: &str) -> anyhow::Result<Vec<(Asset, Notional)>> {
    let pair = |part: &str| {
        let pair = part.split_once('=');
        let (asset, amount) = pair.with_context(|| format!("{part}: expected ASSET=AMOUNT"))?;
        Ok((Asset::new(asset.trim()), Notional::parse(amount.trim())?))
    };
    text.split(',').map(pair).collect()
}

/// Parts per million of a text in basis points.
fn ppm(text: &str) -> anyhow::Result<i64> {
    let bps = Price::parse(text.trim())?;
    let step = Price::step(2).raw();
    ensure!(bps.raw() % step == 0, "expected at most two digits after the point");
    Ok(bps.raw() / step)
}

/// What an account pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Paid {
    Always(FeeRates),
    /// By what it trades in 30 days.
    ByVolume(Vec<FeeTier>),
}

/// As [`fees`], or `kraken`.
pub(super) fn paid(text: &str) -> anyhow::Result<Paid> {
    if text.trim() != "kraken" {
        return fees(text).map(Paid::Always);
    }
    let tier = |(from, maker, taker): (i64, i64, i64)| {
        let volume = Quantity::step(0).checked_mul(from).context("the range")?;
        let (volume, fees) = (Notional::from_quantity(volume), FeeRates::of_ppm(maker, taker));
        Ok(FeeTier { volume, fees })
    };
    venue_sim::kraken::fee_steps().map(tier).collect::<anyhow::Result<_>>().map(Paid::ByVolume)
}

/// `MAKER/TAKER` in basis points.
pub(super) fn fees(text: &str) -> anyhow::Result<FeeRates> {
    let (maker, taker) = text.split_once('/').context("expected MAKER/TAKER")?;
    Ok(FeeRates::of_ppm(ppm(maker)?, ppm(taker)?))
}

/// `spot` or `margin:LEVERAGE`.
pub(super) fn funding(text: &str) -> anyhow::Result<Funding> {
    let leverage = text.strip_prefix("margin:").and_then(|leverage| leverage.parse().ok());
    match (text, leverage) {
        ("spot", _) => Ok(Funding::Spot),
        (_, Some(leverage)) => Ok(Funding::Margin { leverage }),
        _ => Err(anyhow!("expected spot or margin:LEVERAGE")),
    }
}

/// A share of what there is, above 0 and up to 1, in up to six digits.
pub(super) fn share_of(text: &str) -> anyhow::Result<Shortfall> {
    let share = Price::parse(text.trim())?;
    let step = Price::step(6).raw();
    let fits = share.raw() % step == 0 && share.is_positive() && share <= Price::step(0);
    ensure!(fits, "expected above 0 and up to 1, at most six digits after the point");
    Ok(Shortfall::Cut { share_ppm: share.raw() / step })
}

/// One latency for all ways, or `FEED/ENTRY/RESPONSE`.
pub(super) fn latencies(text: &str) -> anyhow::Result<LatencyConfig> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        [all] if all.trim().starts_with(RECORDED) => {
            Err(anyhow!("expected recorded/ENTRY/RESPONSE: a tape tells of market data only"))
        }
        [all] => {
            let all = latency(all)?;
            Ok(LatencyConfig { feed: all.clone(), entry: all.clone(), response: all })
        }
        [feed, entry, response] => Ok(LatencyConfig {
            feed: feed_latency(feed)?,
            entry: latency(entry)?,
            response: latency(response)?,
        }),
        _ => Err(anyhow!("expected TIME or FEED/ENTRY/RESPONSE")),
    }
}

/// As [`latency`], or `recorded`, or `recorded+1300ms` where the recorder's clock was behind.
fn feed_latency(text: &str) -> anyhow::Result<Latency> {
    let Some(rest) = text.trim().strip_prefix(RECORDED) else { return latency(text) };
    let offset = match rest.strip_prefix('+') {
        Some(offset) => scenario::parse_duration(offset.trim()).map_err(|why| anyhow!(why))?,
        None if rest.is_empty() => Duration::ZERO,
        None => return Err(anyhow!("{text}: expected recorded, or recorded+TIME")),
    };
    Ok(Latency::Tape { offset_nanos: i64::try_from(offset.as_nanos())? })
}

/// `5ms`, or `5ms..20ms`.
fn latency(text: &str) -> anyhow::Result<Latency> {
    let time = |text: &str| scenario::parse_duration(text.trim()).map_err(|error| anyhow!(error));
    match text.split_once("..") {
        Some((min, max)) => Ok(Latency::Uniform { min: time(min)?, max: time(max)? }),
        None => Ok(Latency::Constant(time(text)?)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        args: BacktestArgs,
    }

    fn config(markets: &[MarketSays<'_>], more: &[&str]) -> anyhow::Result<BacktestConfig> {
        let program = ["backtest", "--tape", "x.csv", "--strategy", "no-op"];
        let program = Program::try_parse_from(program.iter().chain(more));
        of_markets(&program.map_err(anyhow::Error::from)?.args, &Loaded::default(), markets)
    }

    const fn says<'t>(symbol: &'t str, venue: Option<&'t str>, data: MarketData) -> MarketSays<'t> {
        MarketSays { symbol, venue, data, price_decimals: 3 }
    }

    const ONE: &[MarketSays<'_>] = &[says("BTC/EUR", None, MarketData::Trades)];
    const TWO: &[MarketSays<'_>] = &[
        says("BTC/USD", None, MarketData::Trades),
        says("far:BTC/USDT", Some("far"), MarketData::Bars),
    ];

    #[test]
    fn arguments_become_a_configuration() {
        let more =
            ["--fees", "-2/7.5", "--latency", "2ms/5ms..20ms/1ms", "--balance", "EUR=1,BTC=2"];
        let given = config(ONE, &["--price-decimals", "1"]).unwrap();
        let config = config(ONE, &more).unwrap();
        let venue = &config.venues[0];
        assert_eq!((venue.fees.maker_ppm, venue.fees.taker_ppm), (-200, 750));
        let millis = Duration::from_millis;
        assert_eq!(venue.latency.feed, Latency::Constant(millis(2)));
        assert_eq!(venue.latency.entry, Latency::Uniform { min: millis(5), max: millis(20) });
        assert_eq!(venue.balances[&Asset::new("BTC")].to_string(), "2");
        assert!(venue.tiers.is_empty());
        assert_eq!(config.currency.as_str(), "EUR");
        let tick = |config: &BacktestConfig| config.venues[0].instruments[0].instrument.tick_size;
        assert_eq!(tick(&config), Price::step(3), "what the tape shows");
        assert_eq!(tick(&given), Price::step(1));
    }

    #[test]
    fn fees_follow_the_schedule_of_a_venue() {
        let config = config(ONE, &["--fees", "kraken", "--volume", "60000"]).unwrap();
        let venue = &config.venues[0];
        assert_eq!((venue.tiers.len(), venue.fees.maker_ppm), (10, 1_400), "those of its volume");
        let tier = venue.tiers[2];
        assert_eq!((tier.volume.to_string().as_str(), tier.fees.maker_ppm), ("50000", 1_400));
        assert_eq!(venue.volume.to_string(), "60000");
        backtest::Backtest::new(config).unwrap();
    }

    #[test]
    fn venues_have_their_own() {
        let more = [
            ["--fees", "10/20"],
            ["--fees", "far:1/2"],
            ["--latency", "far:7ms"],
            ["--balance", "USD=5"],
            ["--balance", "far:USDT=6"],
            ["--at-par", "USDT"],
        ];
        let config = config(TWO, more.as_flattened()).unwrap();
        let [near, far] = &config.venues[..] else { panic!("{config:?}") };
        assert_eq!((near.fees.taker_ppm, far.fees.taker_ppm), (2_000, 200));
        assert_eq!(near.latency, LatencyConfig::ZERO);
        assert_eq!(far.latency.entry, Latency::Constant(Duration::from_millis(7)));
        assert_eq!(near.balances.len() + far.balances.len(), 2);
        assert_eq!(far.balances[&Asset::new("USDT")].to_string(), "6");
        assert!(matches!(near.instruments[0].liquidity, Liquidity::Synthetic(_)));
        assert_eq!(far.instruments[0].liquidity, Liquidity::Prints(PrintRule::Next));
        backtest::Backtest::new(config).unwrap();
    }

    #[test]
    fn wrong_arguments_are_named() {
        let check = |more: &[&str], message: &str| {
            let error = format!("{:#}", config(TWO, more).unwrap_err());
            assert!(error.contains(message), "{error}");
        };
        check(&["--fees", "10"], "--fees 10: expected MAKER/TAKER");
        check(&["--volume", "much"], "--volume much");
        check(&["--volume", "60000"], "--volume 60000: no fees go by what is traded");
        check(&["--fees", "1.234/2"], "two digits after the point");
        check(&["--fees", "off:1/2"], "--fees off:1/2: no tape is of a venue `off`");
        check(&["--latency", "1ms/2ms"], "--latency 1ms/2ms: expected TIME or");
        check(&["--latency", "soon"], "--latency soon");
        check(&["--latency", "recorded"], "expected recorded/ENTRY/RESPONSE");
        check(&["--latency", "recorded-1s/1ms/1ms"], "expected recorded, or recorded+TIME");
        check(&["--latency", "1ms/recorded/1ms"], "--latency 1ms/recorded/1ms");
        check(&["--balance", "10000"], "--balance 10000: 10000: expected ASSET=AMOUNT");
        check(&["--balance", "USD=1,USD=2"], "--balance USD=1,USD=2: `USD` is given twice");
        check(&["--balance", "USD=1", "--balance", "USD=2"], "--balance USD=2: `USD` is given");
        check(
            &["--fees", "1/2", "--fees", "3/4"],
            "--fees 3/4: the value for all venues is given twice",
        );
        let twice = ["--fees", "far:1/2", "--fees", "5/5", "--fees", "far:3/4"];
        check(&twice, "--fees far:3/4: `far` is given twice");
        check(
            &["--latency", "1ms", "--latency", "2ms"],
            "--latency 2ms: the value for all venues is given",
        );
        check(&["--price-decimals", "12"], "--price-decimals 12: expected 0 to 9");
        check(&["--queue-power", "2"], "--queue-power: BTC/USD has no recorded book");
        check(&["--cut=1.5"], "--cut=1.5: expected above 0 and up to 1");
        check(&["--fixed-fee", "much"], "--fixed-fee much");
        check(&["--fill", "book"], "--fill book: bars have no book");
        check(&["--funding", "margin"], "--funding margin: expected spot or margin:LEVERAGE");
        for (symbol, venue) in [("BTC", None), ("A,B/USD", None), (":BTC/USD", Some(""))] {
            let error = config(&[says(symbol, venue, MarketData::Trades)], &[]).unwrap_err();
            let expected = "expected BASE/QUOTE of letters, digits, `.`, `_` and `-`";
            assert_eq!(error.to_string(), format!("symbol {symbol}: {expected}"));
        }
        let both = [
            says("BTC/USD", None, MarketData::Trades),
            says("venue:BTC/USD", Some("venue"), MarketData::Trades),
        ];
        let error = config(&both, &[]).unwrap_err().to_string();
        let expected = "venue:BTC/USD: `venue` is the venue of BTC/USD, which names none; expected \
                        another name, or `venue:` before both";
        assert_eq!(error, expected);
        config(&both[1..], &["--fees", "venue:1/2"]).unwrap();
        config(&both[..1], &["--fees", "venue:1/2"]).unwrap();
        let error = config(ONE, &["--path", "worst"]).unwrap_err().to_string();
        assert_eq!(error, "--path: no tape has bars, within which it could mean something");
    }
}
