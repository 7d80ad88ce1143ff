//! As `storm_bugs`: bugs of what the trader is told, and of what it tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use model::audit::AuditEvent;
use platform::{AuditSink, Auditor};
use sim::{KRAKEN_PUBLIC, Setup, TraderContext, production};

use crate::saboteurs::{misread, read_instead, wrap};
use crate::storm_bugs::found;

/// Lets through what is written to the audit trail, but for some of it.
#[derive(Debug)]
struct Silencer {
    inner: Auditor,
    is_kept: fn(&AuditEvent) -> bool,
}

impl AuditSink for Silencer {
    fn record(&self, event: AuditEvent) {
        if (self.is_kept)(&event) {
            self.inner.record(event);
        }
    }
}

/// The trader tells nothing of some events.
fn silence(setup: &mut Setup, is_kept: fn(&AuditEvent) -> bool) {
    setup.program = Arc::new(move |mut context: TraderContext| {
        let inner = context.platform.auditor.clone();
        context.platform.auditor = Auditor::new(Arc::new(Silencer { inner, is_kept }));
        production()(context)
    });
}

#[test]
fn an_order_in_doubt_that_is_taken_for_refused() {
    let by = ["outcomes-true", "orders-equal", "no-duplicate-order"];
    found("an ambiguous error taken for a refusal", &by, |setup| {
        read_instead(setup, "EService:Unavailable", "EOrder:Invalid price");
    });
}

#[test]
fn trades_that_do_not_come_after_a_reconnect() {
    found("no trades after a reconnect", &["market-in-order"], |setup| {
        let dials = AtomicU32::new(0);
        wrap(setup, move |endpoint, inner| {
            let again = endpoint.host == KRAKEN_PUBLIC && dials.fetch_add(1, Ordering::Relaxed) > 0;
            let (sent, read) = ("\"channel\":\"trade\"", "\"channel\":\"tr4de\"");
            if again { misread(inner, sent, read) } else { inner }
        });
    });
}

#[test]
fn a_pause_that_is_cut_short() {
    found("ten seconds of Retry-After read as none", &["pauses-honoured"], |setup| {
        read_instead(setup, "retry-after: 1", "retry-after: 0");
    });
}

#[test]
fn a_breaker_of_whose_state_nobody_is_told() {
    found("the health of lanes is not told", &["nothing-swallowed"], |setup| {
        silence(setup, |event| !matches!(event, AuditEvent::HealthChanged { .. }));
    });
}

#[test]
fn positions_that_are_forgotten_with_a_crash() {
    found("positions begin at zero after a crash", &["positions-equal"], |setup| {
        setup.node.inherit = None;
    });
}
