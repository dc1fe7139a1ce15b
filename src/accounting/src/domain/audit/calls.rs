//! Model calls as entries of the audit: the ledger's events, hashed as they are stored.

use super::{Canonical, Kind, Segment};
use crate::domain::period::{HOUR, start_of};
use crate::store::events::{self, EventRow};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::UsageEvent;
use std::collections::BTreeMap;

/// The hash of some calls, in the order of their ids.
#[derive(Clone, Debug)]
pub struct CallsHash {
    canonical: Canonical,
    entries: u64,
}

impl Default for CallsHash {
    fn default() -> CallsHash {
        CallsHash {
            canonical: Canonical::new("paddock.audit.calls.1"),
            entries: 0,
        }
    }
}

impl CallsHash {
    /// Adds the next call.
    pub fn add(&mut self, row: &EventRow) {
        let canonical = &mut self.canonical;
        self.entries = self.entries.saturating_add(1);
        for text in [
            &row.id,
            &row.gateway,
            &row.key_id,
            &row.namespace,
            &row.organization,
            &row.model,
            &row.requested_model,
            &row.endpoint,
            &row.outcome,
            &row.leases,
            &row.request_id,
            &row.client_address,
            &row.user_agent,
        ] {
            canonical.text(text);
        }
        canonical.optional(row.end_user.as_deref());
        for value in [
            row.started_at,
            row.duration_ms,
            row.status,
            row.input_tokens,
            row.cached_input_tokens,
            row.cache_write_5m_tokens,
            row.cache_write_1h_tokens,
            row.output_tokens,
            row.reasoning_tokens,
            row.cost,
        ] {
            canonical.int(value);
        }
        for value in [row.stream, row.estimated, row.batch] {
            canonical.flag(value);
        }
        // Nothing where there is none, so that calls recorded before there were any hash as ever.
        let texts = [
            ("category", &row.category),
            ("refusal_code", &row.refusal_code),
            ("refused_by", &row.refused_by),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                canonical.text(name);
                canonical.text(text);
            }
        }
        if row.refusals != 0 {
            canonical.text("refusals");
            canonical.int(row.refusals);
        }
    }

    /// How many calls there were, and their hash.
    pub fn finish(self) -> (u64, [u8; 32]) {
        (self.entries, self.canonical.finish())
    }
}

/// The new calls of one batch, by organization, namespace and hour.
#[derive(Debug, Default)]
pub struct Calls(BTreeMap<(String, String, Timestamp), CallsHash>);

impl Calls {
    /// Counts a call in. Calls must come in the order of their ids.
    pub fn add(&mut self, gateway: &str, event: &UsageEvent<'_>) {
        let group = (
            event.organization.to_string(),
            event.namespace.to_string(),
            start_of(HOUR, event.started_at),
        );
        let hash = self.0.entry(group).or_default();
        hash.add(&events::row(gateway, event));
    }

    /// The segments they make. `batch` is the number the calls have in the ledger.
    pub fn into_segments(self, batch: i64, now: Timestamp) -> Vec<Segment> {
        let segment = |((organization, namespace, hour), hash): (_, CallsHash)| {
            let (entries, digest) = hash.finish();
            Segment {
                organization,
                kind: Kind::Calls,
                namespace,
                hour,
                recorded_at: now,
                batch,
                entries,
                digest,
            }
        };
        self.0.into_iter().map(segment).collect()
    }
}
