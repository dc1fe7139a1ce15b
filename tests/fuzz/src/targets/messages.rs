//! What gateways and the service say to each other, and events in the access log.

use super::choice;
use super::exchanges::{NOW, configuration};
use crate::Target;
use crate::store::Store;
use anyhow::Context;
use paddock_core::cache::PolicyCache;
use paddock_core::config::Config;
use paddock_core::gateway_share::{Need as ShareNeed, Report, Share};
use paddock_core::ids::EventIds;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{
    Batch, CapPeriod, Lease, LeaseReport, LendAnswer, LendRequest, Made, Need, PolicyChanges,
    ResolveAnswer, ResolveRequest, Shares, SyncAnswer, SyncRequest, UsageEvent,
};
use paddock_core::worker::apply_lend;

/// The first byte chooses the message.
pub const TARGET: Target = Target {
    name: "messages",
    check,
    seeds,
};

/// What is read is written in a way that is read as the same. The message, if it is one.
macro_rules! same {
    ($message:ty, $text:expr) => {
        serde_json::from_slice::<$message>($text)
            .ok()
            .inspect(|message| {
                let written =
                    serde_json::to_string(message).unwrap_or_else(|error| panic!("{error}"));
                let again: $message = serde_json::from_str(&written)
                    .unwrap_or_else(|error| panic!("{error}: {written}"));
                assert!(&again == message, "{again:?} is not {message:?}");
            })
    };
}
fn check(input: &[u8]) {
    let (first, text) = choice(input);
    match first % 9 {
        0 => sync_request(text),
        1 => drop(same!(LendRequest, text)),
        2 => drop(same!(ResolveRequest, text)),
        3 => drop(same!(Made<'_>, text)),
        4 => event(text),
        5 => line(text),
        6 => {
            if let Some(answer) = same!(LendAnswer, text) {
                lend(&answer);
            }
        }
        7 => {
            if let Some(answer) = same!(ResolveAnswer, text) {
                let mut cache = PolicyCache::new(16, 0);
                cache.learn(&ResolveRequest::default(), answer, NOW);
            }
        }
        _ => {
            if let Some(answer) = same!(SyncAnswer, text) {
                let mut cache = PolicyCache::new(16, 0);
                let before = cache.revision();
                cache.apply(answer.changes);
                assert!(cache.revision() >= before, "a revision never goes back");
                lend(&LendAnswer {
                    leases: answer.leases,
                    shares: answer.shares,
                });
            }
        }
    }
}

fn sync_request(text: &[u8]) {
    let write = |request: &SyncRequest<'_>| serde_json::to_string(request).unwrap_or_default();
    if let Ok(request) = serde_json::from_slice::<SyncRequest<'_>>(text) {
        let written = write(&request);
        let again = serde_json::from_str(&written);
        assert_eq!(again.map(|again| write(&again)).ok(), Some(written));
    }
}

fn event(text: &[u8]) {
    let Ok(event) = serde_json::from_slice::<UsageEvent<'_>>(text) else {
        return;
    };
    let json = event.to_json();
    let again = serde_json::from_slice::<UsageEvent<'_>>(&json);
    assert_eq!(again.ok().as_ref(), Some(&event));
    logged(event);
}

fn line(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    if let Ok(Some(event)) = UsageEvent::from_line(text) {
        logged(event);
    }
}

/// An event as the log has it, where what is empty is not there.
fn logged(mut event: UsageEvent<'_>) {
    let texts = [
        &mut event.user,
        &mut event.category,
        &mut event.code,
        &mut event.refused_by,
        &mut event.tier,
    ];
    for text in texts {
        if text.as_deref() == Some("") {
            *text = None;
        }
    }
    let line = event.to_line();
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    assert!(line.bytes().all(is_plain), "{line}");
    assert_eq!(UsageEvent::from_line(&line), Ok(Some(event)));
}

/// Whatever is lent, no more is held than was lent.
fn lend(answer: &LendAnswer) {
    let mut store = Store::default();
    let scopes = answer.leases.iter().map(|lease| lease.scope.clone());
    let needs: Vec<Need> = scopes
        .map(|scope| Need {
            scope,
            amount: Money::from_nanos(1),
            held: None,
            share: None,
        })
        .collect();
    for _ in 0..2 {
        apply_lend(&mut store, &needs, answer, NOW, NOW);
    }
    let lent: i64 = answer
        .leases
        .iter()
        .map(|lease| lease.lent.nanos().max(0))
        .fold(0, i64::saturating_add);
    for record in store.records() {
        let left = record.slice.left();
        assert!(left.nanos() <= lent, "{left:?} of {lent}");
    }
}

fn share_report() -> Report {
    Report {
        scope: "key:k".to_owned(),
        epoch: 3,
        life: 7,
        number: 2,
        report: 9,
        need: Some(ShareNeed::default()),
        ..Report::default()
    }
}

fn shares() -> Shares {
    Shares {
        epoch: 3,
        lasts_ms: 5_000,
        gateways: 2,
        shares: vec![Share {
            scope: "key:k".to_owned(),
            epoch: 3,
            life: 7,
            number: 2,
            short_ms: Some(500),
            ..Share::default()
        }],
    }
}

fn seeds() -> anyhow::Result<Vec<Vec<u8>>> {
    let config = Config::parse(configuration().as_bytes())
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let policy = config.policy.context("the configuration has no policy")?;
    let mut event = UsageEvent::nothing(EventIds::new([3; 6]).next(77), NOW);
    event.key_id = "key_1".into();
    event.namespace = "n".into();
    event.organization = "o".into();
    event.user = Some("ann é".into());
    event.model = "small".into();
    event.tier = Some("flex".into());
    event.tokens.input = 7;
    event.tokens.output = 3;
    event.cost = Money::from_nanos(3_500);
    event.leases = vec![7, -1];
    event.duration_ms = 120;
    event.price_from = NOW;
    event.user_agent = "curl 1".into();
    let lease = Lease {
        scope: "namespace:n".to_owned(),
        id: 77,
        lent: Money::from_nanos(5_000_000_000),
        spent: Money::from_nanos(1_000),
        expires_at: NOW.plus(core::time::Duration::from_secs(900)),
        period_ends_at: Timestamp::FAR,
        period: CapPeriod::Monthly,
        resets_at: None,
        remaining: Money::from_nanos(9_000_000_000),
        used_percent: 10,
        short: true,
        hold_at_most: Some(Money::from_nanos(5)),
    };
    let report = LeaseReport {
        scope: "namespace:n".to_owned(),
        id: 77,
        returned: Money::from_nanos(9),
        left: Money::from_nanos(10),
        idle: true,
    };
    let need = Need {
        scope: "key:k".to_owned(),
        amount: Money::from_nanos(4),
        held: Some(report.clone()),
        share: Some(Box::new(share_report())),
    };
    let json = String::from_utf8(event.to_json())?;
    let raw: &serde_json::value::RawValue = serde_json::from_str(&json)?;
    let sync = SyncRequest {
        gateway: "eu/1".to_owned(),
        revision: 9,
        batch: Some(Batch {
            number: 4,
            events: vec![raw],
        }),
        leases: vec![report],
        shares: vec![share_report()],
    };
    let lend = LendRequest {
        gateway: "eu/1".to_owned(),
        needs: vec![need],
    };
    let resolved = ResolveAnswer {
        revision: 12,
        key: policy.keys.first().cloned(),
        namespaces: policy.namespaces.clone(),
        organizations: policy.organizations.clone(),
        catalog: Some(policy.catalog.clone()),
        ..ResolveAnswer::default()
    };
    let changes = PolicyChanges {
        revision: 12,
        keys: policy.keys.clone(),
        ..PolicyChanges::default()
    };
    let answer = SyncAnswer {
        acknowledged: Some(4),
        changes,
        leases: vec![lease.clone()],
        shares: Some(shares()),
    };
    let leases = LendAnswer {
        leases: vec![lease],
        shares: Some(shares()),
    };
    let question = r#"{"gateway":"eu/1","key":"00","namespace":"n","stored":{"namespace":"n","ids":[],"wait_ms":9}}"#;
    let made = r#"{"made_by":"n","made_at":1800000000000000000,"stored":[]}"#;
    let texts = [
        serde_json::to_vec(&sync)?,
        serde_json::to_vec(&lend)?,
        question.into(),
        made.into(),
        json.clone().into_bytes(),
        event.to_line().into_bytes(),
        serde_json::to_vec(&leases)?,
        serde_json::to_vec(&resolved)?,
        serde_json::to_vec(&answer)?,
    ];
    let chosen = texts.into_iter().zip(0u8..);
    Ok(chosen
        .map(|(text, choice)| [&[choice], text.as_slice()].concat())
        .collect())
}
