//! Model calls as entries of the audit: the ledger's events, hashed as they are stored.

use crate::model::audit::{Canonical, Segment, SegmentKind};
use crate::model::period::{HOUR, start_of};
use crate::store::events::EventRow;
use paddock_core::timestamp::Timestamp;
use std::collections::HashMap;

/// The hash of some calls, in the order of their ids.
#[derive(Clone, Debug)]
pub struct CallsHash {
    canonical: Canonical,
    entries: u64,
    /// The first id and the last.
    ids: (String, String),
}

impl Default for CallsHash {
    fn default() -> CallsHash {
        CallsHash {
            canonical: Canonical::new("paddock.audit.calls.1"),
            entries: 0,
            ids: Default::default(),
        }
    }
}

impl CallsHash {
    /// Adds the next call.
    pub fn add(&mut self, row: &EventRow) {
        let canonical = &mut self.canonical;
        if self.entries == 0 {
            self.ids.0.clone_from(&row.id);
        }
        self.ids.1.clone_from(&row.id);
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
        // Nothing if there is none, so that calls recorded before there were any hash as ever.
        let texts = [
            ("category", &row.category),
            ("refusal_code", &row.refusal_code),
            ("refused_by", &row.refused_by),
            ("details", &row.details),
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

/// The new calls of one booking, by organization, namespace and hour.
#[derive(Debug, Default)]
pub struct Calls(HashMap<String, HashMap<(String, u64), CallsHash>>);

impl Calls {
    /// Counts a call in. Calls must come in the order of their ids.
    pub fn add(&mut self, row: &EventRow) {
        let seconds = u64::try_from(row.started_at).unwrap_or(0) / 1_000_000_000;
        let hour = start_of(HOUR, Timestamp::from_secs(seconds)).secs();
        // Names are copied once a group and not once a call.
        let namespaces = match self.0.get_mut(&row.organization) {
            Some(namespaces) => namespaces,
            None => self.0.entry(row.organization.clone()).or_default(),
        };
        namespaces
            .entry((row.namespace.clone(), hour))
            .or_default()
            .add(row);
    }

    /// The segments they make, in an order of their own. `batch` is the number the calls have in the
    /// ledger.
    pub fn into_segments(self, batch: i64, now: Timestamp) -> Vec<Segment> {
        let mut segments = Vec::new();
        for (organization, namespaces) in self.0 {
            for ((namespace, hour), hash) in namespaces {
                segments.push(Segment {
                    organization: organization.clone(),
                    kind: SegmentKind::Calls,
                    namespace,
                    hour: Timestamp::from_secs(hour),
                    recorded_at: now,
                    batch,
                    entries: hash.entries,
                    ids: hash.ids,
                    digest: hash.canonical.finish(),
                });
            }
        }
        let place = |segment: &Segment| {
            let (organization, namespace) = (&segment.organization, &segment.namespace);
            (organization.clone(), namespace.clone(), segment.hour)
        };
        segments.sort_by_cached_key(place);
        segments
    }
}
