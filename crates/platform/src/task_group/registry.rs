//! The books of a group: who runs, who has ended, what failed. Pure: the time comes in.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::error::{TaskError, TaskFailure};
use super::status::{TaskState, TaskStatus};
use super::stop::Stop;

/// Ended tasks that [`super::TaskGroup::status`] remembers; older ones are forgotten.
const ENDED_KEPT_MAX: usize = 64;

/// Books of one task group.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// Nothing is spawned any more.
    pub(super) closed: bool,
    /// Running tasks; a slot is used again when its task has ended.
    slots: Vec<Option<Entry>>,
    free: Vec<usize>,
    spawned: u64,
    /// Named groups, in the order in which they first had a task. Few: names are part of the program.
    parts: Vec<Part>,
    ended: VecDeque<TaskStatus>,
    failures: Vec<TaskFailure>,
}

/// One named group.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    /// Stops the tasks that run now.
    pub(super) stop: Arc<Stop>,
    pub(super) running: u32,
    /// Ended tasks by [`TaskState::ENDS`].
    pub(super) ended: [u64; TaskState::ENDS.len()],
    pub(super) durations: metrics::Histogram,
}

#[derive(Debug)]
struct Entry {
    /// Number of the task: the order of spawning.
    number: u64,
    name: Cow<'static, str>,
    part: usize,
    started: Instant,
    /// For a task that stops itself and may fail to.
    abort: Option<AbortHandle>,
}

/// A task in the books.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    index: usize,
    number: u64,
}

/// What the end of a task means for those who wait.
#[derive(Debug)]
pub(super) struct Finished {
    /// The last task of its named group.
    pub(super) last: bool,
    pub(super) failed: bool,
}

impl Registry {
    /// Enters a task, or refuses it: the group is closed. `found` makes a named group that is new.
    pub(super) fn register(
        &mut self,
        group: &'static str,
        name: Cow<'static, str>,
        now: Instant,
        found: impl FnOnce() -> Part,
    ) -> Option<(Slot, Arc<Stop>)> {
        if self.closed {
            return None;
        }
        let known = self.parts.iter().position(|part| part.name == group);
        let part = known.unwrap_or_else(|| {
            self.parts.push(found());
            self.parts.len() - 1
        });
        let number = self.spawned;
        self.spawned += 1;
        let entry = Entry { number, name, part, started: now, abort: None };
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index] = Some(entry);
                index
            }
            None => {
                self.slots.push(Some(entry));
                self.slots.len() - 1
            }
        };
        let part = &mut self.parts[part];
        part.running += 1;
        Some((Slot { index, number }, Arc::clone(&part.stop)))
    }

    /// Notes how to abort a task; gives the handle back if that is due at once.
    pub(super) fn spawned(&mut self, slot: Slot, abort: AbortHandle) -> Option<AbortHandle> {
        if self.closed {
            return Some(abort);
        }
        if let Some(entry) = self.entry(slot) {
            entry.abort = Some(abort);
        }
        None
    }

    /// Takes a task out; `None` if it has ended before.
    pub(super) fn finish(
        &mut self,
        slot: Slot,
        state: TaskState,
        error: Option<TaskError>,
        now: Instant,
    ) -> Option<Finished> {
        self.entry(slot)?;
        let entry = self.slots[slot.index].take()?;
        self.free.push(slot.index);
        let part = &mut self.parts[entry.part];
        part.running -= 1;
        let end = TaskState::ENDS.iter().position(|end| *end == state);
        part.ended[end.expect("a task that has ended does not run")] += 1;
        let last = part.running == 0;
        let status = entry.into_status(part.name, state, now);
        part.durations.record(status.ran_for.as_secs_f64());
        let failed = error.is_some();
        if let Some(error) = error {
            let task = status.name.to_string();
            tracing::warn!(task, error = %error, "task failed");
            self.failures.push(TaskFailure { task, error });
        }
        if self.ended.len() >= ENDED_KEPT_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(status);
        Some(Finished { last, failed })
    }

    /// Running tasks in the order of spawning, then the last ended ones.
    pub(super) fn status(&self, now: Instant) -> Vec<TaskStatus> {
        let status =
            |entry: &Entry| entry.status(self.parts[entry.part].name, TaskState::Running, now);
        let running = self.in_order().into_iter().map(status);
        running.chain(self.ended.iter().cloned()).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// Lets nothing in any more if nothing runs. Both at once, so that no task slips in between: none
    /// can after this was true.
    pub(super) fn close_if_empty(&mut self) -> bool {
        self.closed |= self.is_empty();
        self.is_empty()
    }

    /// The named group, if it ever had a task.
    pub(super) fn part(&mut self, group: &str) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.name == group)
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Lets nothing in any more; names and handles of what runs, in the order of spawning.
    pub(super) fn close(&mut self) -> (Vec<String>, Vec<AbortHandle>) {
        self.closed = true;
        let running = self.in_order();
        let names = running.iter().map(|entry| entry.name.to_string()).collect();
        let handles = running.iter().filter_map(|entry| entry.abort.clone()).collect();
        (names, handles)
    }

    pub(super) fn take_failures(&mut self) -> Vec<TaskFailure> {
        std::mem::take(&mut self.failures)
    }

    fn in_order(&self) -> Vec<&Entry> {
        let mut running: Vec<_> = self.slots.iter().flatten().collect();
        running.sort_by_key(|entry| entry.number);
        running
    }

    /// The task of a slot, unless the slot is another's by now.
    fn entry(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.slots[slot.index].as_mut().filter(|entry| entry.number == slot.number)
    }
}

impl Entry {
    fn into_status(self, group: &'static str, state: TaskState, now: Instant) -> TaskStatus {
        let ran_for = now.saturating_duration_since(self.started);
        TaskStatus { name: self.name, group, state, started: self.started, ran_for }
    }

    fn status(&self, group: &'static str, state: TaskState, now: Instant) -> TaskStatus {
        TaskStatus {
            name: self.name.clone(),
            group,
            state,
            started: self.started,
            ran_for: now.saturating_duration_since(self.started),
        }
    }
}
