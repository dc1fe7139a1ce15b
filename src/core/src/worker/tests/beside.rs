//! What of policy and shares arrives though usage could not be booked.

use crate::cache::PolicyCache;
use crate::epoch_sum::Epochs;
use crate::store::fake::FakeStore;
use crate::timestamp::Timestamp;
use crate::worker::outbox::fake::FakeQueue;
use crate::worker::{ChangeFeed, Relayed, Sync, SyncFailure, UsageQueue, share_term};
use core::time::Duration;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn fail(sync: &mut Sync, store: &mut FakeStore, body: &str, now: Timestamp) -> Duration {
    let mut queue = FakeQueue::default();
    queue.push(br#"{"id":1}"#);
    sync.due(store, &mut queue, now).unwrap();
    let answer: Relayed = serde_json::from_str(body).unwrap();
    sync.failed(store, SyncFailure::Unavailable, Some(&answer), now)
}

#[test]
fn policy_and_shares_do_not_wait_for_usage() {
    let mut store = FakeStore::default();
    let mut sync = Sync::new(7, "gateway".to_owned(), Epochs(60));
    let mut cache = PolicyCache::new(16, 0);
    let (mut feed, _) = ChangeFeed::join(&store);
    let mut now = NOW;
    for revision in 1..4_u64 {
        let body = format!(
            r#"{{"error":{{"message":"busy"}},"changes":{{"revision":{revision}}},
                "shares":{{"epoch":1,"lasts_ms":20000,"gateways":1,"shares":[]}}}}"#
        );
        let pause = fail(&mut sync, &mut store, &body, now);
        assert_eq!(pause, Duration::from_secs(1), "as soon as after an answer");
        feed.follow(&store, &mut cache);
        assert_eq!(cache.revision(), revision);
        let term = share_term(&store).unwrap();
        assert_eq!(term.ends_at, now.plus(Duration::from_secs(20)));
        now = now.plus(pause);
    }
    let pauses: Vec<u64> = (0..3)
        .map(|_| {
            let pause = fail(
                &mut sync,
                &mut store,
                r#"{"error":{"message":"away"}}"#,
                now,
            );
            now = now.plus(pause);
            pause.as_secs()
        })
        .collect();
    assert_eq!(pauses, [1, 2, 4]);
}
