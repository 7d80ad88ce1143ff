//! Which faults strike the venue's protocol, and how.

use scenario::{Book, BookFault, Executions, ExecutionsFault, FaultKind, HangPhase, Host, Method};
use venue_sim::kraken::{ChannelFault, ProtocolFault, RestFault, Role, SessionFault};

/// What the venue is told of a fault of its protocol; `None` of a fault that is none.
pub fn protocol_fault(kind: &FaultKind) -> Option<ProtocolFault> {
    let rest = |fault, methods: &[Method]| {
        let methods = methods.iter().map(|method| method.as_str().to_owned()).collect();
        Some(ProtocolFault::Rest { fault, methods })
    };
    let session = |fault| Some(ProtocolFault::Session { fault, roles: roles(kind) });
    match kind {
        FaultKind::RestStatus(page) | FaultKind::RestLostAnswer(page) => {
            let executed = matches!(kind, FaultKind::RestLostAnswer(_));
            let (status, retry_after) = (page.status, page.retry_after);
            rest(RestFault::Status { status, retry_after, executed }, &page.methods)
        }
        FaultKind::RestSlow(slow) => {
            let (min, max) = slow.delays();
            rest(RestFault::Slow { min, max }, &slow.methods)
        }
        FaultKind::RestError(error) => {
            let (text, executed) = (error.error.clone(), error.is_executed());
            rest(RestFault::Error { text, executed }, &error.methods)
        }
        FaultKind::Hang(hang) => match hang.phase {
            HangPhase::Head | HangPhase::Body => {
                let in_body = hang.phase == HangPhase::Body;
                let executed = hang.is_executed();
                rest(RestFault::Hang { in_body, executed }, &hang.methods)
            }
            HangPhase::Handshake => Some(ProtocolFault::Handshake(roles(kind))),
            HangPhase::Subscribed => Some(ProtocolFault::Subscribed(roles(kind))),
            HangPhase::Connect => None,
        },
        FaultKind::WsStatus(page) => Some(ProtocolFault::Upgrade {
            status: page.status,
            retry_after: page.retry_after,
            roles: roles(kind),
        }),
        FaultKind::WsClose(close) => {
            // The scenario permits no code that does not fit.
            let code = u16::try_from(close.code).unwrap_or(u16::MAX);
            session(SessionFault::Close { code, after: close.after })
        }
        FaultKind::WsText(text) => session(SessionFault::Text(text.text.clone())),
        FaultKind::Stale(_) => session(SessionFault::Stale),
        FaultKind::Executions(executions) => session(of_executions(executions)),
        FaultKind::Book(book) => session(of_book(book)),
        FaultKind::Token(token) => Some(ProtocolFault::Token { life: token.life }),
        FaultKind::LateOrders(late) => Some(ProtocolFault::LateOrders { delay: late.delay }),
        FaultKind::Hold(_)
        | FaultKind::Refuse(_)
        | FaultKind::Reset(_)
        | FaultKind::HalfOpen(_)
        | FaultKind::Latency(_)
        | FaultKind::Drip(_)
        | FaultKind::Throttle(_)
        | FaultKind::Split(_)
        | FaultKind::Truncate(_)
        | FaultKind::Corrupt(_)
        | FaultKind::Dns(_)
        | FaultKind::PoolExhausted(_)
        | FaultKind::Maintenance(_)
        | FaultKind::Crash(_)
        | FaultKind::Freeze(_)
        | FaultKind::Clock(_)
        | FaultKind::SinkStatus(_)
        | FaultKind::SinkHold => None,
    }
}

fn of_executions(executions: &Executions) -> SessionFault {
    let fault = match executions.how {
        ExecutionsFault::Lost => ChannelFault::Lost,
        ExecutionsFault::Omitted => ChannelFault::Omitted,
        ExecutionsFault::Repeated => ChannelFault::Repeated,
        ExecutionsFault::Doubled => ChannelFault::Doubled,
        ExecutionsFault::Swapped => ChannelFault::Swapped,
    };
    SessionFault::Executions { fault, one_in: executions.one_in() }
}

fn of_book(book: &Book) -> SessionFault {
    let fault = match book.how {
        BookFault::Lost => ChannelFault::Lost,
        BookFault::Checksum => ChannelFault::Checksum,
    };
    SessionFault::Book { fault, one_in: book.one_in() }
}

/// What the hosts of a fault serve.
fn roles(kind: &FaultKind) -> Vec<Role> {
    let role = |host: Host| match host {
        Host::KrakenPublic => Some(Role::PublicStream),
        Host::KrakenPrivate => Some(Role::PrivateStream),
        Host::KrakenRest | Host::Influx => None,
    };
    kind.hosts().into_iter().filter_map(role).collect()
}
