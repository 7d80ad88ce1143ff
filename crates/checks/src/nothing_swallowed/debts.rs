//! What must follow, and has not yet.

use model::history::Record;
use model::{ClientOrderId, Symbol};

use super::asked;
use crate::facts::seconds;
use crate::findings::{Findings, Place};

/// A kind of consequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// A call of an operation begins.
    Call(&'a str),
    /// Somebody asks the venue what became of an order, or must not.
    Question,
    /// A breaker changes its state.
    Breaker(&'a str),
    /// A stream changes its state.
    Stream(&'a str),
    /// Any stream does.
    AnyStream,
    /// News of an order.
    Order(&'a ClientOrderId),
    /// Any order ends.
    AnyEnd,
    /// A sink tells what it lost.
    Loss(&'a str),
    /// A book is in sync.
    Book(&'a Symbol),
    /// A dependency is not up.
    Unwell(&'a str),
}

/// Something went wrong, and one of some consequences is due.
#[derive(Debug)]
pub(super) struct Debt<'a> {
    pub(super) what: String,
    pub(super) wanted: Vec<Wanted<'a>>,
    pub(super) place: Place,
    pub(super) due_ns: u64,
}

#[derive(Debug, Default)]
pub(super) struct Debts<'a> {
    open: Vec<Debt<'a>>,
}

impl<'a> Debts<'a> {
    pub(super) fn owe(&mut self, debt: Debt<'a>) {
        self.open.push(debt);
    }

    /// A consequence came.
    pub(super) fn pay(&mut self, came: &Wanted<'_>) {
        let any = match came {
            Wanted::Stream(_) => Some(Wanted::AnyStream),
            Wanted::Call(_)
            | Wanted::Question
            | Wanted::Breaker(_)
            | Wanted::AnyStream
            | Wanted::Order(_)
            | Wanted::AnyEnd
            | Wanted::Loss(_)
            | Wanted::Book(_)
            | Wanted::Unwell(_) => None,
        };
        self.open.retain(|debt| {
            !debt.wanted.iter().any(|wanted| wanted == came || Some(*wanted) == any)
        });
    }

    /// A consequence came of one thing that went wrong, nobody knows of which: the one that has the least time
    /// left, so that everything is paid in time for which a consequence of its own comes in time.
    pub(super) fn pay_first(&mut self, came: &Wanted<'_>) {
        let wants = |(_, debt): &(usize, &Debt<'_>)| debt.wanted.contains(came);
        let all = self.open.iter().enumerate().filter(wants);
        if let Some((first, _)) = all.min_by_key(|(_, debt)| debt.due_ns) {
            self.open.remove(first);
        }
    }

    /// Calls that are due may come later which ask somebody; `questions` is whether those for orders do.
    pub(super) fn put_off(&mut self, whom: &str, questions: bool, to_ns: u64) {
        let asks = |wanted: &Wanted<'_>| match wanted {
            Wanted::Call(op) => asked(op) == whom,
            Wanted::Question => questions,
            Wanted::Breaker(_)
            | Wanted::Stream(_)
            | Wanted::AnyStream
            | Wanted::Order(_)
            | Wanted::AnyEnd
            | Wanted::Loss(_)
            | Wanted::Book(_)
            | Wanted::Unwell(_) => false,
        };
        let late = self.open.iter_mut().filter(|debt| debt.wanted.iter().any(asks));
        late.for_each(|debt| debt.due_ns = debt.due_ns.max(to_ns));
    }

    /// Nobody can pay any more.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    /// Reports what is overdue at a record.
    pub(super) fn dun(&mut self, record: &Record, findings: &mut Findings) {
        self.open.retain(|debt| {
            let overdue = record.at_ns > debt.due_ns;
            if overdue {
                let within = seconds(debt.due_ns.saturating_sub(debt.place.at_ns));
                let message = format!("{} led to nothing within {within}", debt.what);
                findings.violate(debt.place, message);
            }
            !overdue
        });
    }
}
