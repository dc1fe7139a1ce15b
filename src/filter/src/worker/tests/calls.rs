//! Who asks the service, who waits, and who is continued.

use super::world::{ROOT, World, with_service};
use crate::host::fake::MadeCall;
use crate::stream::Flow;
use crate::worker::{MAX_CONTINUED, TICK};
use core::time::Duration;
use paddock_core::ids::InstallationId;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{
    CapPeriod, LEND_PATH, Lease, LendAnswer, LendRequest, PolicyChanges, RESOLVE_PATH, SYNC_PATH,
    SyncAnswer, SyncRequest, UsageEvent,
};

const CAPPED: &str = r#","monthly_quota_usd":1"#;
const AT_ONCE: Duration = Duration::from_millis(1);

fn world(namespace: &str) -> World {
    World::new(&with_service(""), namespace)
}

/// The service lends all that is asked for, and a dollar more.
fn lend(world: &mut World, call: &MadeCall) {
    let asked: LendRequest = serde_json::from_slice(&call.body).unwrap();
    let end = Timestamp::from_secs(1_900_000_000);
    let leases = asked.needs.iter().zip(1..).map(|(need, id)| Lease {
        scope: need.scope.clone(),
        id,
        lent: Money::from_dollars(1.0).unwrap(),
        spent: Money::ZERO,
        expires_at: end,
        period_ends_at: end,
        period: CapPeriod::Monthly,
        resets_at: None,
        remaining: Money::from_dollars(1.0).unwrap(),
        short: false,
        used_percent: 0,
        hold_at_most: None,
    });
    let answer = LendAnswer {
        leases: leases.collect(),
        shares: None,
    };
    world.answer(call, Some(serde_json::to_vec(&answer).unwrap()));
}

#[test]
fn streams_of_one_key_ask_once_and_all_continue() {
    let mut world = world("");
    for id in 10..13 {
        assert_eq!(world.chat(id, "a"), Flow::Pause);
    }
    let call = world.resolving();
    assert_eq!(call.owner, 10);
    world.resolve(&call);
    assert_eq!(world.resumed(), [10, 11, 12]);
    // Known from now on.
    assert_eq!(world.chat(13, "a"), Flow::Continue);
    assert_eq!(world.host.calls_to(RESOLVE_PATH), []);
}

/// The rule: a stream that is continued from another stream's callback makes no call, because the
/// call would be lost with that other stream.
#[test]
fn a_stream_continued_from_anothers_callback_makes_no_call() {
    let mut world = world(CAPPED);
    world.chat(10, "a");
    world.chat(11, "a");
    let call = world.resolving();
    world.resolve(&call);
    // Both need money now. Neither has asked: both were continued from a callback for an answer.
    assert_eq!(world.host.calls_to(LEND_PATH), []);
    assert_eq!(world.host.state().tick_period, Some(AT_ONCE));

    // The stream whose callback it was goes. Had it asked, nobody would ever be answered.
    world.close(10);
    world.tick(AT_ONCE);
    let calls = world.host.calls_to(LEND_PATH);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].owner, ROOT);
    lend(&mut world, &calls[0]);
    assert_eq!(world.resumed(), [11]);
    world.tick(AT_ONCE);
    assert_eq!(world.host.state().tick_period, Some(TICK));
}

#[test]
fn a_stream_in_its_own_callback_asks_itself() {
    let mut world = world(CAPPED);
    world.know("a");
    world.chat(10, "a");
    let calls = world.host.calls_to(LEND_PATH);
    assert_eq!((calls.len(), calls[0].owner), (1, 10));
    // It may still ask after others were continued.
    lend(&mut world, &calls[0]);
    assert_eq!(world.resumed(), [10]);
    world.chat(11, "b");
    assert_eq!(world.resolving().owner, 11);
}

#[test]
fn a_question_outlives_the_stream_that_asked_it() {
    let mut world = world("");
    world.chat(10, "a");
    world.chat(11, "a");
    world.close(10);
    assert_eq!(
        world.host.calls_to(RESOLVE_PATH),
        [],
        "lost with its stream"
    );
    assert_eq!(world.host.state().tick_period, Some(AT_ONCE));
    world.tick(AT_ONCE);
    let call = world.resolving();
    assert_eq!(call.owner, ROOT);
    world.resolve(&call);
    assert_eq!(world.resumed(), [11]);
}

#[test]
fn the_last_stream_takes_its_question_with_it() {
    let mut world = world("");
    world.chat(10, "a");
    world.close(10);
    world.tick(TICK);
    assert_eq!(world.host.calls_to(RESOLVE_PATH), []);
}

#[test]
fn no_callback_continues_more_streams_than_the_hosts_stack_bears() {
    let mut world = world("");
    let streams = u32::try_from(2 * MAX_CONTINUED + 1).unwrap();
    for id in 100..100 + streams {
        world.chat(id, "a");
    }
    let call = world.resolving();
    world.resolve(&call);
    for rounds in 1..=3 {
        let all = (rounds * MAX_CONTINUED).min(streams as usize);
        assert_eq!(world.resumed().len(), all);
        world.tick(AT_ONCE);
    }
    assert!(world.resumed().is_sorted(), "in the order they came");
}

#[test]
fn without_a_service_requests_are_refused_at_once_and_none_is_left_waiting() {
    let mut world = world("");
    world.host.state().is_reachable = false;
    assert_eq!(world.chat(10, "a"), Flow::Pause);
    assert_eq!(world.replies(), [(10, 503)]);

    // The same if the answer is lost, or is none.
    world.host.state().is_reachable = true;
    for (id, body) in [(11, None), (12, Some(b"no JSON".to_vec()))] {
        world.chat(id, "a");
        let call = world.resolving();
        world.answer(&call, body);
        assert_eq!(world.replies().last(), Some(&(id, 503)));
    }
    assert!(world.resumed().is_empty());

    // And if the tick that asks in a stream's place cannot.
    world.chat(13, "a");
    world.chat(14, "a");
    world.close(13);
    world.host.state().is_reachable = false;
    world.tick(AT_ONCE);
    assert_eq!(world.replies().last(), Some(&(14, 503)));
}

#[test]
fn usage_waits_while_the_service_speaks_another_protocol() {
    let mut world = world("");
    world.know("a");
    for _ in 0..20 {
        world.tick(Duration::from_secs(60));
        let calls = world.host.calls_to(SYNC_PATH);
        let sent: SyncRequest<'_> = serde_json::from_slice(&calls[0].body).unwrap();
        let batch = sent.batch.unwrap();
        assert_eq!((batch.number, batch.events.len()), (1, 1));
        let refusal = br#"{"error":{"code":"protocol_unsupported"}}"#;
        world.answer_with(&calls[0], Some(426), refusal.to_vec());
    }
}

#[test]
fn usage_is_handed_over_with_the_sync_until_it_is_acknowledged() {
    let mut world = world("");
    world.know("a");
    world.tick(Duration::from_secs(1));
    let calls = world.host.calls_to(SYNC_PATH);
    assert_eq!((calls.len(), calls[0].owner), (1, ROOT));
    let sent: SyncRequest<'_> = serde_json::from_slice(&calls[0].body).unwrap();
    let batch = sent.batch.unwrap();
    assert_eq!((batch.number, batch.events.len()), (1, 1));

    world.answer(&calls[0], None);
    world.tick(Duration::from_secs(1));
    let again = world.host.calls_to(SYNC_PATH);
    let sent: SyncRequest<'_> = serde_json::from_slice(&again[0].body).unwrap();
    assert_eq!(sent.batch.unwrap().number, 1);

    let answer: SyncAnswer = SyncAnswer {
        acknowledged: Some(1),
        ..SyncAnswer::default()
    };
    world.answer(&again[0], Some(serde_json::to_vec(&answer).unwrap()));
    world.tick(Duration::from_secs(1));
    let last = world.host.calls_to(SYNC_PATH);
    let sent: SyncRequest<'_> = serde_json::from_slice(&last[0].body).unwrap();
    assert!(sent.batch.is_none());
}

#[test]
fn nothing_of_two_installations_is_mixed() {
    let [one, other] = ["00000000000000a1", "00000000000000b2"].map(InstallationId::from_hex);
    let mut world = world("");
    world.installation = one;
    world.know("a");
    world.tick(Duration::from_secs(1));
    let calls = world.host.calls_to(SYNC_PATH);
    let sent: SyncRequest<'_> = serde_json::from_slice(&calls[0].body).unwrap();
    let event: UsageEvent<'_> = serde_json::from_str(sent.batch.unwrap().events[0].get()).unwrap();
    assert_eq!(event.installation, one);
    let answer = |installation| {
        let changes = PolicyChanges {
            revision: 1,
            installation,
            ..PolicyChanges::default()
        };
        let answer = SyncAnswer {
            acknowledged: Some(1),
            changes,
            ..SyncAnswer::default()
        };
        Some(serde_json::to_vec(&answer).unwrap())
    };
    world.answer(&calls[0], answer(one));
    world.tick(Duration::from_secs(1));
    assert_eq!(world.chat(10, "a"), Flow::Continue);
    let calls = world.host.calls_to(SYNC_PATH);
    world.answer(&calls[0], answer(other));
    world.tick(TICK);
    assert_eq!(world.worker.borrow().installation, other, "it is said");
    assert_eq!(world.chat(11, "a"), Flow::Pause, "who is it there?");
}

#[test]
fn what_a_worker_has_counted_is_reported_when_it_ends() {
    let mut world = World::new(&with_service(r#","durable_events":"each""#), "");
    world.know("a");
    world.host.state().queue.clear();
    for id in 10..15 {
        world.open(id, "a", "/v1/nothing");
        world.close(id);
    }
    assert_eq!(world.host.state().queue.len(), 1, "the others are counted");
    let host = world.host.clone();
    drop(world);
    let queue = &host.state().queue;
    let events = queue
        .iter()
        .map(|event| serde_json::from_slice(event).unwrap());
    let counts: Vec<serde_json::Value> = events.collect();
    let refusals: Vec<_> = counts
        .iter()
        .map(|event| event["refusals"].as_u64())
        .collect();
    assert_eq!(refusals, [Some(1), Some(4)]);
}
