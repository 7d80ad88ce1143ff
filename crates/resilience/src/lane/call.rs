//! One call, and whether it may be repeated.

use std::fmt;
use std::marker::PhantomData;

use model::ClientOrderId;

use crate::deadline::Deadline;
use crate::limiter::{Limiter, Weight};

/// Calls that may be repeated without harm: queries, cancels.
#[derive(Debug, Clone, Copy)]
pub enum Repeatable {}

/// Calls of which one attempt at most may be sent: orders, connects that somebody else repeats.
#[derive(Debug, Clone, Copy)]
pub enum Once {}

/// One call. `K` says whether it may be repeated: [`Repeatable`] or [`Once`].
///
/// A call that carries an order is [`Once`] from its making on, and nothing turns it into another:
///
/// ```compile_fail,E0308
/// # use resilience::*;
/// # async fn f<E: Classify>(lane: Lane, limiter: Limiter, id: model::ClientOrderId) {
/// let call = Call::order("venue/AddOrder", Deadline::after(Default::default()), &limiter, 1, &id);
/// let queue = || async { Ok(()) };
/// let send = |()| async { Ok::<(), E>(()) };
/// lane.call_repeatable(call, queue, send).await.ok();
/// # }
/// ```
///
/// The same call, sent once, compiles:
///
/// ```
/// # use resilience::*;
/// # async fn f<E: Classify>(lane: Lane, limiter: Limiter, id: model::ClientOrderId) {
/// let call = Call::order("venue/AddOrder", Deadline::after(Default::default()), &limiter, 1, &id);
/// let queue = || async { Ok(()) };
/// let send = |()| async { Ok::<(), E>(()) };
/// lane.call_once(call, queue, send).await.ok();
/// # }
/// ```
///
/// Nor can a repeatable call be given an order afterwards: there is no such method, and the fields
/// are private.
///
/// ```compile_fail,E0616
/// # use resilience::*;
/// # fn f(mut call: Call<'_, Repeatable>) {
/// call.terms;
/// # }
/// ```
pub struct Call<'a, K> {
    terms: Terms<'a>,
    kind: PhantomData<K>,
}

/// What every call has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) op: &'a str,
    pub(super) deadline: Deadline,
    pub(super) limiter: &'a Limiter,
    pub(super) weight: Weight,
    pub(super) client_order_id: Option<&'a ClientOrderId>,
}

impl<'a> Call<'a, Repeatable> {
    /// A call that may be repeated. `op` says what is called: `kraken/Depth`. By `deadline`
    /// everything must be over, attempts and waits. Each attempt takes `weight` from `limiter`.
    pub fn repeatable(
        op: &'a str,
        deadline: Deadline,
        limiter: &'a Limiter,
        weight: impl Into<Weight>,
    ) -> Self {
        Self::new(op, deadline, limiter, weight.into(), None)
    }
}

impl<'a> Call<'a, Once> {
    /// A call that carries no order and has one attempt all the same. Arguments as for
    /// [`Call::repeatable`].
    pub fn once(
        op: &'a str,
        deadline: Deadline,
        limiter: &'a Limiter,
        weight: impl Into<Weight>,
    ) -> Self {
        Self::new(op, deadline, limiter, weight.into(), None)
    }

    /// A call that carries an order, which the audit trail names. Other arguments as for
    /// [`Call::repeatable`].
    pub fn order(
        op: &'a str,
        deadline: Deadline,
        limiter: &'a Limiter,
        weight: impl Into<Weight>,
        order: &'a ClientOrderId,
    ) -> Self {
        Self::new(op, deadline, limiter, weight.into(), Some(order))
    }
}

impl<'a, K> Call<'a, K> {
    const fn new(
        op: &'a str,
        deadline: Deadline,
        limiter: &'a Limiter,
        weight: Weight,
        client_order_id: Option<&'a ClientOrderId>,
    ) -> Self {
        let terms = Terms { op, deadline, limiter, weight, client_order_id };
        Self { terms, kind: PhantomData }
    }

    pub(super) const fn terms(&self) -> Terms<'a> {
        self.terms
    }
}

impl<K> fmt::Debug for Call<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.terms.fmt(f)
    }
}
