//! The records of reservations: clients name those as they like, and shared data forgets nothing,
//! so there is a bounded number of records that serve one reservation after the other.

use super::{Scope, ScopeRecord};
use crate::epoch_sum::Epochs;
use crate::policy::{Limits, ReservationPolicy, is_reservation_scope};
use crate::secret;
use crate::store::{MAX_ATTEMPTS, SharedStore, update};
use crate::timestamp::Timestamp;
use core::time::Duration;

/// Who sits where: one digest of 16 bytes a record, in their order.
const DIRECTORY: &str = "reservations";
const DIGEST: usize = 16;
/// How long a record that holds nothing is kept from others: longer than an answer can be late that
/// still concerns the reservation it served, which two calls of a minute at most make.
const REST: Duration = Duration::from_secs(120);
/// How many records are looked at for one that is free.
const PROBES: usize = 64;

/// Where the record of a scope is, and whose it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordSlot {
    /// Its key in shared data.
    pub(crate) key: String,
    /// The owner written in it: 0 but for reservations.
    pub(crate) owner: u128,
}

/// Where the record of the scope of that name is; `None` where it has none.
pub(crate) fn record_of<S: SharedStore>(store: &S, scope: &str) -> Option<RecordSlot> {
    if !is_reservation_scope(scope) {
        let key = format!("scope/{scope}");
        return Some(RecordSlot { key, owner: 0 });
    }
    let owner = owner_of(scope);
    let (directory, _) = store.get(DIRECTORY)?;
    let at = position(&directory, owner)?;
    Some(slot(at, owner))
}

/// A reservation as a scope of limits, with a record of its own: the one it has, or one that serves
/// nobody, of `most`. `None` where there is none.
pub fn assign_record<S: SharedStore>(
    store: &mut S,
    reservation: &ReservationPolicy,
    most: usize,
    epochs: Epochs,
    now: Timestamp,
) -> Option<Scope> {
    let owner = owner_of(&reservation.scope);
    let slot = find_or_take(store, owner, most, epochs, now)?;
    let limits = Limits {
        monthly_quota: Some(reservation.amount),
        ..Limits::default()
    };
    Some(Scope {
        record: slot.key,
        owner,
        ..Scope::new(reservation.scope.clone(), limits)
    })
}

fn find_or_take<S: SharedStore>(
    store: &mut S,
    owner: u128,
    most: usize,
    epochs: Epochs,
    now: Timestamp,
) -> Option<RecordSlot> {
    for _ in 0..MAX_ATTEMPTS {
        let (mut directory, version) = match store.get(DIRECTORY) {
            Some((bytes, version)) => (bytes, Some(version)),
            None => (Vec::new(), None),
        };
        if let Some(at) = position(&directory, owner) {
            return claim_record(store, slot(at, owner), epochs, now);
        }
        let taken = directory.len().checked_div(DIGEST).unwrap_or(0);
        let digest = owner.to_le_bytes();
        let at = if taken < most {
            directory.extend_from_slice(&digest);
            taken
        } else {
            let at = free_record(store, owner, taken, epochs, now)?;
            let start = at.saturating_mul(DIGEST);
            let entry = directory.get_mut(start..)?.first_chunk_mut::<DIGEST>()?;
            *entry = digest;
            at
        };
        // The directory first: from then on nobody finds whom the record served before.
        if store.put(DIRECTORY, &directory, version).is_ok() {
            return claim_record(store, slot(at, owner), epochs, now);
        }
    }
    None
}

/// Makes a record its owner's, where it is not and serves nobody.
fn claim_record<S: SharedStore>(
    store: &mut S,
    slot: RecordSlot,
    epochs: Epochs,
    now: Timestamp,
) -> Option<RecordSlot> {
    let is_ours = update(store, &slot.key, |bytes| {
        let record = ScopeRecord::decode(bytes);
        if record.owner.get() == slot.owner {
            return (None, true);
        }
        if !is_free(record, epochs, now) {
            return (None, false);
        }
        let mut fresh = ScopeRecord {
            owner: slot.owner.into(),
            ..ScopeRecord::default()
        };
        fresh.slice.used_at = now;
        (Some(fresh.encode()), true)
    });
    (is_ours == Ok(true)).then_some(slot)
}

fn free_record<S: SharedStore>(
    store: &S,
    owner: u128,
    records: usize,
    epochs: Epochs,
    now: Timestamp,
) -> Option<usize> {
    let first = u64::try_from(owner & u128::from(u64::MAX)).unwrap_or(0);
    let first = usize::try_from(first.checked_rem(u64::try_from(records).ok()?)?).ok()?;
    let all = (first..records).chain(0..first);
    let mut probed = all.take(PROBES);
    probed.find(|at| {
        let value = store.get(&slot(*at, owner).key);
        let record = value.map(|(bytes, _)| ScopeRecord::decode(&bytes));
        is_free(record.unwrap_or_default(), epochs, now)
    })
}

/// Whether a record holds nothing and has not for a while.
fn is_free(mut record: ScopeRecord, epochs: Epochs, now: Timestamp) -> bool {
    let slice = &mut record.slice;
    slice.roll(epochs, now);
    let last = slice.used_at.max(slice.dry_until);
    slice.lease == 0 && slice.held.total() == 0 && now.since(last) >= REST
}

fn slot(at: usize, owner: u128) -> RecordSlot {
    RecordSlot {
        key: format!("reservation/{at}"),
        owner,
    }
}

fn position(directory: &[u8], owner: u128) -> Option<usize> {
    let digest = owner.to_le_bytes();
    let (digests, _) = directory.as_chunks::<DIGEST>();
    digests.iter().position(|other| *other == digest)
}

/// Half of the SHA-256 of a scope's name: two scopes that have the same are not to be found.
fn owner_of(scope: &str) -> u128 {
    let digest = secret::digest(scope.as_bytes());
    let half = digest.0.first_chunk::<DIGEST>();
    half.map_or(0, |half| u128::from_le_bytes(*half))
}
