//! When this Envoy last heard of the policy, for all of its workers.

use crate::store::SharedStore;
use crate::timestamp::Timestamp;

const HEARD_KEY: &str = "policy heard";

/// The service has told all that changed: what this Envoy knows is the policy as of `now`.
pub fn policy_heard<S: SharedStore>(store: &mut S, now: Timestamp) {
    let version = store.get(HEARD_KEY).map(|(_, version)| version);
    // Where another worker was faster, it has heard as much.
    let _ = store.put(HEARD_KEY, &now.nanos().to_le_bytes(), version);
}

/// When that was; `None` if it has never been.
pub fn policy_heard_at<S: SharedStore>(store: &S) -> Option<Timestamp> {
    let (bytes, _) = store.get(HEARD_KEY)?;
    let nanos = bytes.first_chunk::<8>()?;
    Some(Timestamp::from_nanos(u64::from_le_bytes(*nanos)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fake::FakeStore;

    #[test]
    fn what_one_worker_hears_all_know() {
        let mut store = FakeStore::default();
        assert_eq!(policy_heard_at(&store), None);
        for secs in [6_000, 6_001] {
            let now = Timestamp::from_secs(secs);
            policy_heard(&mut store, now);
            assert_eq!(policy_heard_at(&store), Some(now));
        }
    }
}
