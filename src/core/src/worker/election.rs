//! One worker syncs for its Envoy, elected by a lease in shared data.

use crate::admission::LAYOUT;
use crate::store::{SharedStore, bytes_of, read_as, update};
use crate::timestamp::Timestamp;
use core::time::Duration;
use zerocopy::{FromBytes, Immutable, IntoBytes};

const LEADER_KEY: &str = "leader";
/// For how long a worker leads without renewing: then its VM is taken for dead.
const TERM: Duration = Duration::from_secs(3);

/// One worker's candidacy.
#[derive(Clone, Copy, Debug)]
pub struct Election {
    me: u64,
}

impl Election {
    /// `me` is a random number of this worker's VM.
    pub const fn new(me: u64) -> Self {
        Election { me }
    }

    /// Whether this worker leads: it does already, or nobody has for a term.
    pub fn lead<S: SharedStore>(&self, store: &mut S, now: Timestamp) -> bool {
        let me = self.me;
        update(store, LEADER_KEY, |present| {
            let term: Term = read_as(present).unwrap_or_default();
            if term.leader != me && now < term.until {
                return (None, false);
            }
            let next = Term {
                leader: me,
                until: now.plus(TERM),
            };
            (Some(bytes_of(&next)), true)
        })
        .unwrap_or(false)
    }
}

/// Who leads, and until when.
#[derive(Default, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
struct Term {
    leader: u64,
    until: Timestamp,
}

/// The id of this Envoy process: the first worker's `candidate`, for as long as Envoy lives and its
/// filter writes records of the same layout. A filter that cannot read what the one before it spent
/// must not be taken for it by the lender.
pub fn gateway_id<S: SharedStore>(store: &mut S, candidate: u64) -> String {
    let key = format!("gateway/{LAYOUT}");
    let kept = update(store, &key, |present| match present.first_chunk::<8>() {
        Some(id) => (None, u64::from_le_bytes(*id)),
        None => (Some(candidate.to_le_bytes().to_vec()), candidate),
    });
    format!("gw_{:016x}", kept.unwrap_or(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fake::FakeStore;

    #[test]
    fn one_leads_until_it_falls_silent() {
        let mut store = FakeStore::default();
        let (one, two) = (Election::new(1), Election::new(2));
        let at = Timestamp::from_secs;
        assert!(one.lead(&mut store, at(100)));
        assert!(!two.lead(&mut store, at(101)));
        assert!(one.lead(&mut store, at(102)));
        assert!(!two.lead(&mut store, at(104)));
        assert!(two.lead(&mut store, at(105)));
        assert!(!one.lead(&mut store, at(106)));
    }

    #[test]
    fn the_first_worker_names_the_gateway() {
        let mut store = FakeStore::default();
        let first = gateway_id(&mut store, 7);
        assert_eq!(gateway_id(&mut store, 8), first);
    }
}
