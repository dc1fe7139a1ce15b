//! A gateway's events, read: what can be booked, and what a person must look at.

use crate::model::correction::Correction;
use crate::model::tag_set::TagSet;
use crate::store::events::{self, EventRow};
use paddock_core::ids::InstallationId;
use paddock_core::money::Money;
use paddock_core::policy::{MAX_BUDGETS, is_budget_name, user_in_events};
use paddock_core::refusal::clip;
use paddock_core::stored::StoredId;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{Made, UsageEvent};
use serde_json::value::RawValue;
use std::borrow::{Borrow, Cow};
use std::ops::Range;
use std::sync::Arc;

/// More tokens than any call can have: above it, sums could overflow.
const MAX_TOKENS: u64 = 1 << 40;
/// More than any call can cost, ten million dollars: above it, sums could overflow.
pub const MAX_COST: Money = Money::from_nanos(10_000_000_000_000_000);
/// Longest name that an index of PostgreSQL surely takes.
const MAX_NAME: usize = 512;
/// Stored objects of one call at most.
const MAX_STORED: usize = 64;

/// An event as it will be stored, and what of it is stored elsewhere.
#[derive(Clone, Debug)]
pub struct ReadEvent {
    /// The ledger's row.
    pub row: EventRow,
    /// When it was admitted.
    pub started_at: Timestamp,
    /// Whose windows and balances it moves: those of when it was admitted, or, of a correction, of when what
    /// it corrects was.
    pub applies_at: Timestamp,
    /// What it costs.
    pub cost: Money,
    /// The leases that were debited for it.
    pub leases: Vec<i64>,
    /// Whether its end user was limited together with others.
    pub user_shared: bool,
    /// The budgets of its organization that covered it.
    pub budgets: Vec<String>,
    /// What the provider stored in it.
    pub stored: Vec<StoredId>,
    /// The tags of its key and namespace, once they were looked up.
    pub tags: Option<Arc<TagSet>>,
}

impl ReadEvent {
    /// A correction as an entry to be booked.
    pub fn of_correction(correction: &Correction) -> ReadEvent {
        ReadEvent {
            row: events::correction_row(correction),
            started_at: correction.created_at,
            applies_at: correction.applies_at,
            cost: correction.amount,
            leases: Vec::new(),
            user_shared: false,
            budgets: correction.budgets.clone(),
            stored: Vec::new(),
            tags: None,
        }
    }
}

/// A batch, read.
#[derive(Clone, Debug, Default)]
pub struct ReadBatch {
    /// In the order of their ids, each id once.
    pub events: Vec<ReadEvent>,
    /// What requests stored that are no calls.
    pub made: Vec<Made<'static>>,
    /// What is wrong, and the text.
    pub rejected: Vec<(String, String)>,
}

impl ReadBatch {
    /// Reads each event on its own, so that one that is broken holds up no other.
    ///
    /// An event that started outside `window` is not booked: one before it may have been dropped from the
    /// ledger with its entry of the audit, so that nobody could tell whether it is new, and one behind it
    /// is of a clock that is wrong.
    ///
    /// Nor is one that names another installation than `own`. Older gateways name none.
    pub fn read<T: Borrow<RawValue>>(
        gateway: &str,
        own: Option<InstallationId>,
        raw: &[T],
        window: &Range<Timestamp>,
    ) -> ReadBatch {
        let mut batch = ReadBatch::default();
        batch.events.reserve(raw.len());
        for text in raw.iter().map(|event| event.borrow().get()) {
            let event = serde_json::from_str(text).map_err(|error| error.to_string());
            let timely = |event: UsageEvent<'_>| {
                if event.started_at < window.start {
                    let start = window.start.to_rfc3339();
                    return Err(format!("it started before {start}, where the audit ends"));
                }
                if event.started_at >= window.end {
                    let at = event.started_at.to_rfc3339();
                    return Err(format!("it starts at {at}, which is yet to come"));
                }
                Ok(entry(gateway, event))
            };
            let event = event.and_then(|event: UsageEvent<'_>| {
                let foreign = foreign(event.installation, own);
                foreign.map_or_else(|| plausible(event), Err)
            });
            match event.and_then(timely) {
                Ok(entry) => batch.events.push(entry),
                Err(error) => match made(text) {
                    Some(made) => match foreign(made.installation, own) {
                        None => batch.made.push(made),
                        Some(error) => batch.rejected.push((error, text.to_owned())),
                    },
                    None => batch.rejected.push((error, text.to_owned())),
                },
            }
        }
        batch.events.sort_by(|a, b| a.row.id.cmp(&b.row.id));
        batch.events.dedup_by(|a, b| a.row.id == b.row.id);
        batch
    }
}

/// What is wrong with what names an installation, if it is another than `own`.
pub fn foreign(named: Option<InstallationId>, own: Option<InstallationId>) -> Option<String> {
    let named = named.filter(|named| own.is_some_and(|own| own != *named))?;
    Some(format!("it is of another installation ({named})"))
}

fn entry(gateway: &str, mut event: UsageEvent<'_>) -> ReadEvent {
    shorten(&mut event);
    let row = events::row(gateway, &mut event);
    ReadEvent {
        row,
        started_at: event.started_at,
        applies_at: event.started_at,
        cost: event.cost,
        user_shared: event.user_shared,
        budgets: std::mem::take(&mut event.budgets),
        leases: event.leases,
        stored: event.stored,
        tags: None,
    }
}

fn made(text: &str) -> Option<Made<'static>> {
    let Made {
        installation,
        made_by,
        made_at,
        stored,
    } = serde_json::from_str(text).ok()?;
    let is_plausible = made_by.len() <= MAX_NAME
        && stored.len() <= MAX_STORED
        && i64::try_from(made_at.nanos()).is_ok();
    is_plausible.then(|| Made {
        installation,
        made_by: made_by.into_owned().into(),
        made_at,
        stored,
    })
}

/// Shortens what a client chose: a gateway does so too, and one that does not must not fill the ledger.
fn shorten(event: &mut UsageEvent<'_>) {
    for text in [
        &mut event.requested_model,
        &mut event.endpoint,
        &mut event.request_id,
        &mut event.client_address,
        &mut event.user_agent,
    ] {
        if text.len() > MAX_NAME {
            *text = Cow::Owned(clip(text).into_owned());
        }
    }
    if let Some(user) = event.user.as_mut().filter(|user| user.len() > MAX_NAME) {
        *user = Cow::Owned(user_in_events(user).into_owned());
    }
}

fn plausible(event: UsageEvent<'_>) -> Result<UsageEvent<'_>, String> {
    let tokens = &event.tokens;
    let counts = [
        tokens.input,
        tokens.cached_input,
        tokens.cache_write_5m,
        tokens.cache_write_1h,
        tokens.output,
        tokens.reasoning,
        tokens.audio_input,
        tokens.image_input,
        tokens.audio_output,
        tokens.image_output,
        event.duration_ms,
        event.refusals,
    ];
    let calls = event.tools.iter().map(|(_, calls)| calls);
    let units = event.units.iter().map(|(_, count)| count);
    let tier = event.tier.as_deref().unwrap_or_default();
    let names = [
        &event.key_id,
        &event.namespace,
        &event.organization,
        &event.model,
        tier,
    ];
    if counts
        .into_iter()
        .chain(calls)
        .chain(units)
        .any(|count| count > MAX_TOKENS)
    {
        Err(format!("a count is above {MAX_TOKENS}"))
    } else if event.cost < Money::ZERO || event.cost > MAX_COST {
        Err(format!("the cost is not from $0 to {MAX_COST}"))
    } else if i64::try_from(event.started_at.nanos()).is_err() {
        Err("started_at is after the year 2262".to_owned())
    } else if names.into_iter().any(|name| name.len() > MAX_NAME) {
        Err(format!("a name is longer than {MAX_NAME} bytes"))
    } else if event.budgets.len() > MAX_BUDGETS
        || !event.budgets.iter().all(|name| is_budget_name(name))
    {
        Err(format!("it names no budgets, or more than {MAX_BUDGETS}"))
    } else if event.stored.len() > MAX_STORED {
        Err(format!("it stored more than {MAX_STORED} objects"))
    } else {
        Ok(event)
    }
}
