//! What faults make of one session's messages on their way out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::history::VenueEvent;
use tokio::time::Instant;

use crate::VenueSink;
use crate::kraken::fault::{ChannelFault, FaultSwitches, SessionFault};
use crate::kraken::sim::Role;
use crate::kraken::stream::Outgoing;

/// Beginning of a message about orders, whatever it is.
const EXECUTIONS: &str = r#"{"channel":"executions","#;
/// The same for those that can be struck.
const EXECUTIONS_UPDATE: &str = r#"{"channel":"executions","type":"update","#;
/// Beginning of a change of a book.
const BOOK_UPDATE: &str = r#"{"channel":"book","type":"update","#;
/// Beginning of a message about the venue itself, which is no data.
const STATUS: &str = r#"{"channel":"status","#;
/// What tells data from snapshots and heartbeats.
const UPDATE: &str = r#""type":"update""#;
/// Keys of the numbers that faults change.
const SEQUENCE: &str = r#""sequence":"#;
const CHECKSUM: &str = r#""checksum":"#;

/// Close code of an end without a close frame.
const ABNORMAL: u16 = 1006;

/// Something that a fault does to the session itself.
pub(super) enum Deed {
    /// It ends, with a close frame if there is a code.
    Close(Option<u16>),
    /// It gets a message.
    Say(String),
}

/// The faults of one session, and what they did so far.
pub(super) struct Strikes {
    faults: Arc<FaultSwitches>,
    sink: Arc<dyn VenueSink>,
    role: Role,
    opened: Instant,
    /// Faults that are over and done with for this session.
    done: BTreeSet<u32>,
    /// Messages that each fault has seen.
    seen: BTreeMap<u32, u64>,
    /// By how much the numbers of messages about orders are higher than the venue's.
    shift: i64,
    /// A message that waits for the next one, and the fault that lets it.
    kept: Option<(u32, Outgoing)>,
}

impl Strikes {
    /// A session that opens now. What closes sessions that are open spares it.
    pub(super) fn new(faults: &Arc<FaultSwitches>, sink: &Arc<dyn VenueSink>, role: Role) -> Self {
        let spares =
            |fault: &SessionFault| matches!(fault, SessionFault::Close { after: None, .. });
        let earlier = faults.of_sessions(role).into_iter().filter(|(_, fault)| spares(fault));
        Self {
            done: earlier.map(|(id, _)| id).collect(),
            faults: Arc::clone(faults),
            sink: Arc::clone(sink),
            role,
            opened: Instant::now(),
            seen: BTreeMap::new(),
            shift: 0,
            kept: None,
        }
    }

    /// The next thing that happens to the session itself, if it is due.
    pub(super) fn deed(&mut self) -> Option<Deed> {
        for (id, fault) in self.faults.of_sessions(self.role) {
            if self.done.contains(&id) {
                continue;
            }
            let deed = match fault {
                SessionFault::Close { code, after } => {
                    let due = after.is_none_or(|after| self.opened.elapsed() >= after);
                    due.then(|| Deed::Close(Some(code).filter(|code| *code != ABNORMAL)))
                }
                SessionFault::Text(text) => Some(Deed::Say(text)),
                SessionFault::Stale
                | SessionFault::Executions { .. }
                | SessionFault::Book { .. } => None,
            };
            if deed.is_some() {
                self.done.insert(id);
                self.hit(id);
                return deed;
            }
        }
        None
    }

    /// When [`Strikes::deed`] is due without anything else happening.
    pub(super) fn due(&self) -> Option<Instant> {
        let faults = self.faults.of_sessions(self.role);
        let due = |(id, fault): (u32, SessionFault)| {
            let SessionFault::Close { after, .. } = fault else { return None };
            let due = self.opened + after?;
            (!self.done.contains(&id)).then_some(due)
        };
        faults.into_iter().filter_map(due).min()
    }

    /// What of the messages comes through, and as what. `settled` sessions have had their snapshots.
    pub(super) fn through(
        &mut self,
        messages: impl IntoIterator<Item = Outgoing>,
        settled: bool,
    ) -> Vec<Outgoing> {
        let faults = self.faults.of_sessions(self.role);
        if faults.is_empty() && self.kept.is_none() && self.shift == 0 {
            return messages.into_iter().collect();
        }
        let mut out = Vec::new();
        // What waits for a next message does so no longer than its fault.
        if self.kept.as_ref().is_some_and(|(by, _)| faults.iter().all(|(id, _)| id != by)) {
            out.extend(self.kept.take().map(|(_, message)| message));
        }
        for message in messages {
            self.pass(&faults, message, settled, &mut out);
        }
        out
    }

    fn pass(
        &mut self,
        faults: &[(u32, SessionFault)],
        message: Outgoing,
        settled: bool,
        out: &mut Vec<Outgoing>,
    ) {
        let text = message.text().as_str();
        let is_data = matches!(message, Outgoing::Channel(_))
            && text.contains(UPDATE)
            && !text.starts_with(STATUS);
        let (executions, update, book) = (
            text.starts_with(EXECUTIONS),
            text.starts_with(EXECUTIONS_UPDATE),
            text.starts_with(BOOK_UPDATE),
        );
        for (id, fault) in faults {
            let (fault, one_in) = match fault {
                SessionFault::Stale if is_data && settled => {
                    self.count(*id);
                    return;
                }
                SessionFault::Executions { fault, one_in } if update => (*fault, *one_in),
                SessionFault::Book { fault, one_in } if book => (*fault, *one_in),
                SessionFault::Stale
                | SessionFault::Executions { .. }
                | SessionFault::Book { .. }
                | SessionFault::Close { .. }
                | SessionFault::Text(_) => continue,
            };
            if self.is_turn(*id, one_in) {
                self.strike(*id, fault, message, executions, out);
                return;
            }
        }
        let message = if executions { self.numbered(&message) } else { message };
        out.push(message);
        if executions {
            out.extend(self.kept.take().map(|(_, message)| message));
        }
    }

    fn strike(
        &mut self,
        id: u32,
        fault: ChannelFault,
        message: Outgoing,
        executions: bool,
        out: &mut Vec<Outgoing>,
    ) {
        // Messages without numbers of their own are as they are.
        let numbered = if executions { self.numbered(&message) } else { message.clone() };
        if executions && matches!(fault, ChannelFault::Lost) {
            // The numbers of later messages show it: when that begins is worth knowing.
            self.hit(id);
        } else {
            self.count(id);
        }
        match fault {
            ChannelFault::Lost => {}
            ChannelFault::Omitted => self.shift -= 1,
            ChannelFault::Repeated => out.extend([numbered.clone(), numbered]),
            ChannelFault::Doubled => {
                out.push(numbered);
                self.shift += 1;
                out.push(self.numbered(&message));
            }
            ChannelFault::Swapped => match self.kept.take() {
                Some((_, kept)) => out.extend([numbered, kept]),
                None => self.kept = Some((id, numbered)),
            },
            ChannelFault::Checksum => {
                out.push(changed(&message, CHECKSUM, |sum| sum ^ 1));
            }
        }
    }

    /// The message under the number that the client is to see.
    fn numbered(&self, message: &Outgoing) -> Outgoing {
        if self.shift == 0 {
            return message.clone();
        }
        changed(message, SEQUENCE, |number| number.saturating_add_signed(self.shift))
    }

    fn is_turn(&mut self, id: u32, one_in: u32) -> bool {
        let seen = self.seen.entry(id).or_default();
        *seen += 1;
        seen.is_multiple_of(u64::from(one_in.max(1)))
    }

    fn count(&self, id: u32) {
        self.faults.hit(id);
    }

    /// Counts a strike and writes it into the history.
    fn hit(&self, id: u32) {
        if self.faults.hit(id) {
            self.sink.record(VenueEvent::FaultStruck { fault: id });
        }
    }
}

/// A message with another number after a key, the last time that it occurs.
fn changed(message: &Outgoing, key: &str, change: impl Fn(u64) -> u64) -> Outgoing {
    let text = message.text().as_str();
    let Some((before, after)) = text.rsplit_once(key) else {
        return message.clone();
    };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = after.split_at(digits);
    let Ok(number) = number.parse() else {
        return message.clone();
    };
    let text = format!("{before}{key}{}{rest}", change(number));
    match message {
        Outgoing::Channel(_) => Outgoing::Channel(text.into()),
        Outgoing::Answer(_) => Outgoing::Answer(text.into()),
    }
}

#[cfg(test)]
mod tests;
