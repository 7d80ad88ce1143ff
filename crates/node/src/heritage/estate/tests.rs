use super::*;

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

fn learn(estate: &mut Estate, order: &str, symbol: &str, side: Side, filled: &str) {
    let (order, symbol) = (VenueOrderId::new(order), Symbol::new(symbol));
    estate.learn(&order, &symbol, Some(side), quantity(filled)).unwrap();
}

fn positions(estate: &Estate) -> Vec<String> {
    let symbols = ["BTC/USD", "ETH/USD"].map(Symbol::new);
    let positions = estate.positions(&symbols).unwrap();
    positions.iter().map(|(symbol, size)| format!("{symbol} {size}")).collect()
}

#[test]
fn buys_and_sells_add_up_by_market() {
    let mut estate = Estate::default();
    assert_eq!(positions(&estate), ["BTC/USD 0", "ETH/USD 0"]);
    learn(&mut estate, "A", "BTC/USD", Side::Buy, "0.5");
    learn(&mut estate, "B", "BTC/USD", Side::Sell, "0.2");
    learn(&mut estate, "C", "ETH/USD", Side::Sell, "3");
    learn(&mut estate, "D", "SOL/USD", Side::Buy, "7");
    assert_eq!(positions(&estate), ["BTC/USD 0.3", "ETH/USD -3"]);
}

#[test]
fn an_order_that_is_read_again_counts_once_and_as_the_most_that_was_seen() {
    let mut estate = Estate::default();
    for (buy, sell) in [("0.1", "0.2"), ("0.1", "0.2"), ("0.4", "0.6"), ("0", "0"), ("0.3", "0.5")]
    {
        learn(&mut estate, "A", "BTC/USD", Side::Buy, buy);
        learn(&mut estate, "B", "ETH/USD", Side::Sell, sell);
    }
    assert_eq!(positions(&estate), ["BTC/USD 0.4", "ETH/USD -0.6"]);
}

#[test]
fn what_cannot_be_counted_is_an_error() {
    let mut estate = Estate::default();
    let (order, symbol) = (VenueOrderId::new("A"), Symbol::new("BTC/USD"));
    let error = estate.learn(&order, &symbol, None, quantity("1")).unwrap_err();
    assert!(matches!(error, HeritageError::OutOfRange(of) if of == symbol));
    assert_eq!(positions(&estate), ["BTC/USD 0", "ETH/USD 0"], "nothing of it is kept");
    for order in ["A", "B"] {
        estate.learn(&VenueOrderId::new(order), &symbol, Some(Side::Buy), Quantity::MAX).unwrap();
    }
    let error = estate.positions(std::slice::from_ref(&symbol)).unwrap_err();
    assert!(matches!(error, HeritageError::OutOfRange(of) if of == symbol));
}
