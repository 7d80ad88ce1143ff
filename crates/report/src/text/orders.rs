//! Orders as a table, executions as sums.

use std::collections::BTreeMap;

use model::{Notional, OrderState, Price, Quantity, Side, Symbol};

use crate::record::{FillRecord, OrderRecord, OrderType, RunRecord};
use crate::units::clock_of;

use super::line::{Line, Paint, left_out, shorten};
use super::title;

/// Longest table of orders shown, in lines.
const ORDERS_MAX: usize = 24;

/// Digits of average prices after the point; further ones are cut off.
const AVERAGE_DECIMALS: u32 = 5;

/// Columns of the table.
const COLUMNS: usize = 9;

pub(super) fn lines(record: &RunRecord) -> Vec<Line> {
    let mut lines: Vec<Line> = title(&format!("ORDERS ({})", record.orders.len())).into();
    lines.extend(table(&record.orders));
    lines.extend(title(&format!("FILLS ({})", record.fills.len())));
    lines.extend(sums(record));
    lines
}

fn table(orders: &[OrderRecord]) -> Vec<Line> {
    if orders.is_empty() {
        return vec![Line::new().text("  none")];
    }
    let names =
        ["wanted", "order", "side", "quantity", "type", "state", "filled", "average", "why"];
    let (head, omitted, tail) = shorten(orders, ORDERS_MAX);
    let rows: Vec<[String; COLUMNS]> = head.iter().chain(tail).map(cells).collect();
    let mut widths = names.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut lines = vec![row_line(&names.map(str::to_owned), &widths, Paint::Dim)];
    for (index, (row, order)) in rows.iter().zip(head.iter().chain(tail)).enumerate() {
        if omitted > 0 && index == head.len() {
            lines.push(left_out(omitted));
        }
        lines.push(row_line(row, &widths, look(order.state)));
    }
    lines
}

fn cells(order: &OrderRecord) -> [String; COLUMNS] {
    let kind = match (order.kind, order.limit_price) {
        (OrderType::Limit, Some(price)) => {
            format!("limit {price}{}", if order.post_only { " post-only" } else { "" })
        }
        (OrderType::Limit, None) => "limit".to_owned(),
        (OrderType::Market, _) => "market".to_owned(),
        (OrderType::StopLoss, _) => "stop-loss".to_owned(),
        (OrderType::TakeProfit, _) => "take-profit".to_owned(),
    };
    [
        clock_of(order.wanted_s),
        order.client_order_id.to_string(),
        order.side.to_string(),
        format!("{} {}", order.quantity, order.symbol),
        kind,
        order.state.to_string(),
        order.filled.to_string(),
        order.average_price.map_or_else(|| "-".to_owned(), short),
        order.reason.clone().unwrap_or_default(),
    ]
}

fn row_line(cells: &[String; COLUMNS], widths: &[usize; COLUMNS], paint: Paint) -> Line {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        text.push_str("  ");
        text.push_str(&format!("{cell:<width$}"));
    }
    Line::new().paint(paint, text.trim_end())
}

const fn look(state: OrderState) -> Paint {
    match state {
        OrderState::Filled | OrderState::Open => Paint::Plain,
        OrderState::Cancelled | OrderState::NotPlaced | OrderState::Rejected => Paint::Yellow,
        OrderState::Created | OrderState::Submitting | OrderState::Unknown => Paint::Red,
    }
}

/// Sums over one side of one symbol.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    fills: usize,
    quantity: Quantity,
    cost: Notional,
}

/// What was traded of one symbol.
#[derive(Debug, Clone, Copy, Default)]
struct Traded {
    bought: Sum,
    sold: Sum,
    fees: Notional,
}

fn sums(record: &RunRecord) -> Vec<Line> {
    let mut traded: BTreeMap<&Symbol, Traded> = BTreeMap::new();
    for symbol in record.positions.keys() {
        traded.entry(symbol).or_default();
    }
    for fill in &record.fills {
        let of = traded.entry(&fill.symbol).or_default();
        match fill.side {
            Side::Buy => of.bought.add(fill),
            Side::Sell => of.sold.add(fill),
        }
        of.fees = of.fees.checked_add(fill.fee).unwrap_or(of.fees);
    }
    if traded.is_empty() {
        return vec![Line::new().text("  none")];
    }
    traded
        .iter()
        .map(|(symbol, of)| {
            let position = record.positions.get(*symbol).copied().unwrap_or_default();
            let (bought, sold) = (of.bought.text(), of.sold.text());
            let fees = of.fees;
            let text = format!(
                "  {symbol}  bought {bought}, sold {sold}, fees {fees}, position {position}"
            );
            Line::new().text(&text)
        })
        .collect()
}

impl Sum {
    fn add(&mut self, fill: &FillRecord) {
        let cost = Notional::of(fill.price, fill.quantity);
        self.fills += 1;
        self.quantity = self.quantity.checked_add(fill.quantity).unwrap_or(self.quantity);
        self.cost = self.cost.checked_add(cost).unwrap_or(self.cost);
    }

    fn text(self) -> String {
        match self.cost.price_per(self.quantity, Price::DECIMALS) {
            Some(average) => format!("{} @ {}", self.quantity, short(average)),
            None => "nothing".to_owned(),
        }
    }
}

/// A price with few digits.
fn short(price: Price) -> String {
    let text = price.to_fixed(AVERAGE_DECIMALS);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
