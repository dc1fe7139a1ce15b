//! Refusals as the ledger hears of them: each as an event of its own, or many of one kind as one
//! event, so that a runaway loop fills neither Envoy's queue nor the ledger.

use super::CallContext;
use crate::ids::{EventId, EventIds};
use crate::refusal::{Code, Refusal, clip};
use crate::timestamp::Timestamp;
use crate::wire::{Outcome, UsageEvent};
use core::time::Duration;
use hashbrown::{Equivalent, HashMap};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

/// How long after an event the next one of the same key and code comes, at the earliest.
const WINDOW: Duration = Duration::from_secs(1);
/// Keys and codes counted separately at most. If there is one more, the oldest is reported at once.
const MOST: usize = 4_096;

/// A call that is refused, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusedCall<'a> {
    pub(crate) call: CallContext<'a>,
    pub(crate) refusal: &'a Refusal,
}

impl<'a> RefusedCall<'a> {
    /// The event of this one refusal.
    pub(crate) fn event(&self, id: EventId, now: Timestamp) -> UsageEvent<'a> {
        UsageEvent {
            status: self.refusal.status,
            outcome: Outcome::Refused,
            code: Some(Cow::Borrowed(self.refusal.code.name())),
            refused_by: self.refusal.scope.as_deref().map(Cow::Borrowed),
            refusals: 1,
            ..self.call.event(id, now)
        }
    }
}

/// The refusals of one worker's last second, by key, namespace and code.
///
/// The first is to be told at once. Those that follow within a second of an event are counted, and
/// told together when it has passed: so of each key and code there is at most one event a second,
/// and no refusal is left out.
#[derive(Debug, Default)]
pub struct RefusalTally {
    entries: HashMap<Rc<Kind>, Option<Box<Counted>>>,
    /// When each window ends, in this order.
    windows: VecDeque<(Timestamp, Rc<Kind>)>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Kind {
    key_id: String,
    namespace: String,
    code: Code,
}

/// A [`Kind`] that need not be made to be looked up. The fields and their order are the same, and
/// so is the hash.
#[derive(Hash)]
struct KindRef<'a> {
    key_id: &'a str,
    namespace: &'a str,
    code: Code,
}

impl Equivalent<Rc<Kind>> for KindRef<'_> {
    fn equivalent(&self, kind: &Rc<Kind>) -> bool {
        kind.code == self.code && kind.key_id == self.key_id && kind.namespace == self.namespace
    }
}

/// What follows from a refusal.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// Whether it is to be told of its own.
    pub(crate) tell: bool,
    /// What is to be told of others, to have room.
    pub(crate) others: Option<UsageEvent<'static>>,
}

/// Refusals since the last event of their kind.
#[derive(Debug)]
struct Counted {
    /// That of the first.
    event: UsageEvent<'static>,
    last_at: Timestamp,
}

impl Counted {
    fn add(&mut self, refused: &RefusedCall<'_>, now: Timestamp) {
        let event = &mut self.event;
        event.refusals = event.refusals.saturating_add(1);
        self.last_at = now;
        // What is not the same of all is said of none.
        if event.requested_model != clip(refused.call.requested_model) {
            event.model = Cow::Borrowed("");
            event.requested_model = Cow::Borrowed("");
        }
        if event.refused_by.as_deref() != refused.refusal.scope.as_deref() {
            event.refused_by = None;
        }
    }

    fn into_event(self) -> UsageEvent<'static> {
        let lasted = self.last_at.since(self.event.started_at).as_millis();
        UsageEvent {
            duration_ms: u64::try_from(lasted).unwrap_or(u64::MAX),
            ..self.event
        }
    }
}

impl RefusalTally {
    /// How many kinds are counted at the moment.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was refused within the last second.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes note of a refusal.
    pub(crate) fn note(
        &mut self,
        refused: &RefusedCall<'_>,
        ids: &mut EventIds,
        now: Timestamp,
    ) -> Noted {
        let kind = KindRef {
            key_id: &refused.call.caller().key().policy.id,
            namespace: &refused.call.caller().namespace().policy.name,
            code: refused.refusal.code,
        };
        match self.entries.get_mut(&kind) {
            Some(Some(counted)) => {
                counted.add(refused, now);
                Noted::default()
            }
            Some(none) => {
                let event = refused.event(ids.next(now.millis()), now).into_owned();
                *none = Some(Box::new(Counted {
                    event,
                    last_at: now,
                }));
                Noted::default()
            }
            None => {
                let kind = Rc::new(Kind {
                    key_id: kind.key_id.to_owned(),
                    namespace: kind.namespace.to_owned(),
                    code: kind.code,
                });
                let others = match self.entries.len() >= MOST {
                    true => self.close_oldest(),
                    false => None,
                };
                self.entries.insert(Rc::clone(&kind), None);
                self.windows.push_back((now.plus(WINDOW), kind));
                Noted { tell: true, others }
            }
        }
    }

    fn close_oldest(&mut self) -> Option<UsageEvent<'static>> {
        let (_, kind) = self.windows.pop_front()?;
        let counted = self.entries.remove(&kind)??;
        Some(counted.into_event())
    }

    /// What is to be told by now: of each kind whose window has passed, what was counted in it. A
    /// kind of which nothing was is forgotten.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<UsageEvent<'static>> {
        let mut due = Vec::new();
        while let Some((_, kind)) = self.windows.pop_front_if(|(end, _)| *end <= now) {
            match self.entries.get_mut(&kind).and_then(Option::take) {
                Some(counted) => {
                    due.push(counted.into_event());
                    self.windows.push_back((now.plus(WINDOW), kind));
                }
                None => {
                    self.entries.remove(&kind);
                }
            }
        }
        due
    }

    /// All that was counted and not told.
    pub(crate) fn rest(&mut self) -> Vec<UsageEvent<'static>> {
        self.windows.clear();
        let counted = self.entries.drain().filter_map(|(_, counted)| counted);
        counted.map(|counted| counted.into_event()).collect()
    }
}
