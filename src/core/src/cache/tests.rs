//! What is remembered, what is asked for again.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const DIGEST: KeyDigest = KeyDigest([7; 32]);

fn key(enabled: bool) -> KeyPolicy {
    let text = format!(
        r#"{{"id":"key_1","digest":"{}","name":"a","enabled":{enabled}}}"#,
        DIGEST.to_hex()
    );
    serde_json::from_str(&text).unwrap()
}

fn asked() -> ResolveRequest {
    ResolveRequest {
        key: Some(DIGEST),
        ..Default::default()
    }
}

fn answer(revision: u64, key: Option<KeyPolicy>) -> ResolveAnswer {
    ResolveAnswer {
        revision,
        key,
        ..Default::default()
    }
}

#[test]
fn a_missing_key_is_asked_for_again_after_a_while_or_a_change() {
    let mut cache = PolicyCache::new(10, 0);
    assert!(matches!(cache.key(&DIGEST, NOW), Known::Unknown));
    cache.learn(&asked(), answer(1, None), NOW);
    assert!(matches!(cache.key(&DIGEST, NOW), Known::No));
    assert!(matches!(
        cache.key(&DIGEST, NOW.plus(MISSING_FOR)),
        Known::Unknown
    ));
    let created = PolicyChanges {
        revision: 2,
        keys: vec![key(true)],
        ..Default::default()
    };
    cache.apply(created);
    assert!(matches!(cache.key(&DIGEST, NOW), Known::Unknown));
}

#[test]
fn an_answer_that_a_change_overtook_is_not_kept() {
    let mut cache = PolicyCache::new(10, 0);
    let disabled = PolicyChanges {
        revision: 5,
        keys: vec![key(false)],
        ..Default::default()
    };
    cache.apply(disabled);
    cache.learn(&asked(), answer(4, Some(key(true))), NOW);
    assert!(matches!(cache.key(&DIGEST, NOW), Known::Unknown));
    cache.learn(&asked(), answer(5, Some(key(false))), NOW);
    assert!(matches!(cache.key(&DIGEST, NOW), Known::Yes(key) if !key.policy.enabled));
}

#[test]
fn what_is_of_another_installation_is_forgotten() {
    let mut cache = PolicyCache::new(10, 0);
    let of = |digits: &str, revision, key| ResolveAnswer {
        installation: InstallationId::from_hex(digits),
        ..answer(revision, key)
    };
    cache.learn(&asked(), of("00000000000000a1", 7, Some(key(true))), NOW);
    // A restarted service of the same one, and an older service that does not say.
    cache.learn(
        &ResolveRequest::default(),
        of("00000000000000a1", 7, None),
        NOW,
    );
    cache.learn(&ResolveRequest::default(), answer(7, None), NOW);
    assert!(matches!(cache.key(&DIGEST, NOW), Known::Yes(_)));
    cache.learn(
        &ResolveRequest::default(),
        of("00000000000000b2", 3, None),
        NOW,
    );
    assert!(matches!(cache.key(&DIGEST, NOW), Known::Unknown));
    assert_eq!(cache.revision(), 3, "or its answers would seem old");
}

#[test]
fn a_removed_key_is_gone_and_a_reset_forgets_all() {
    let mut cache = PolicyCache::new(10, 0);
    cache.learn(&asked(), answer(1, Some(key(true))), NOW);
    let removed = PolicyChanges {
        revision: 2,
        removed_keys: vec![DIGEST],
        ..Default::default()
    };
    cache.apply(removed);
    assert!(matches!(cache.key(&DIGEST, NOW), Known::Unknown));
    cache.learn(&asked(), answer(2, Some(key(true))), NOW);
    cache.apply(PolicyChanges {
        revision: 1,
        reset: true,
        ..Default::default()
    });
    assert!(matches!(cache.key(&DIGEST, NOW), Known::Unknown));
    assert_eq!(cache.revision(), 1);
}

#[test]
fn an_inline_policy_knows_all_there_is() {
    let mut cache = PolicyCache::complete(vec![key(true)], vec![], vec![], Catalog::builtin());
    assert!(matches!(cache.key(&DIGEST, NOW), Known::Yes(_)));
    assert!(matches!(cache.key(&KeyDigest([8; 32]), NOW), Known::No));
    assert!(matches!(cache.namespace("x", NOW), Known::No));
}

fn namespace(organization: &str) -> NamespacePolicy {
    let text = format!(r#"{{"name":"n","organization":"{organization}"}}"#);
    serde_json::from_str(&text).unwrap()
}

fn organization(name: &str, requests_per_minute: u64) -> OrganizationPolicy {
    let mut policy = OrganizationPolicy::unlimited(name);
    policy.limits.requests_per_minute = Some(requests_per_minute);
    policy
}

fn rate(cache: &mut PolicyCache, name: &str) -> Option<Option<u64>> {
    let organization = cache.organization(name)?;
    Some(organization.scope.limits.requests_per_minute)
}

#[test]
fn an_organization_comes_with_its_namespace_and_follows_its_changes() {
    let mut cache = PolicyCache::new(10, 0);
    let with_namespace = ResolveAnswer {
        revision: 1,
        namespaces: vec![namespace("acme")],
        organizations: vec![organization("acme", 60)],
        ..Default::default()
    };
    cache.learn(&asked(), with_namespace, NOW);
    assert_eq!(rate(&mut cache, "acme"), Some(Some(60)));
    let changed = PolicyChanges {
        revision: 2,
        organizations: vec![organization("acme", 30), organization("other", 9)],
        ..Default::default()
    };
    cache.apply(changed);
    assert_eq!(rate(&mut cache, "acme"), Some(Some(30)));
    assert_eq!(rate(&mut cache, "other"), None, "not in use here");
    let removed = PolicyChanges {
        revision: 3,
        removed_organizations: vec!["acme".to_owned()],
        ..Default::default()
    };
    cache.apply(removed);
    assert_eq!(rate(&mut cache, "acme"), None);
}

#[test]
fn an_organization_nobody_limits_limits_nothing() {
    let mut cache = PolicyCache::new(10, 0);
    let alone = ResolveAnswer {
        revision: 1,
        namespaces: vec![namespace("acme")],
        ..Default::default()
    };
    cache.learn(&asked(), alone, NOW);
    assert_eq!(rate(&mut cache, "acme"), Some(None));
    let mut cache =
        PolicyCache::complete(vec![], vec![namespace("acme")], vec![], Catalog::builtin());
    assert_eq!(rate(&mut cache, "acme"), Some(None));
}

#[test]
fn organizations_are_bounded_in_number() {
    let mut cache = PolicyCache::new(10, 0);
    for n in 0..1_000 {
        let answer = ResolveAnswer {
            organizations: vec![organization(&format!("o{n}"), 1)],
            ..Default::default()
        };
        cache.learn(&asked(), answer, NOW);
        assert!(cache.organizations.len() <= 10);
    }
}

#[test]
fn a_catalog_is_never_replaced_by_an_older_one() {
    let at = |revision| {
        Some(Catalog {
            revision,
            ..Catalog::default()
        })
    };
    let mut cache = PolicyCache::new(10, 0);
    let answer = ResolveAnswer {
        revision: 7,
        catalog: at(7),
        ..ResolveAnswer::default()
    };
    cache.learn(&ResolveRequest::default(), answer, Timestamp::EPOCH);
    for (told, known) in [(6, 7), (8, 8), (7, 8)] {
        cache.apply(PolicyChanges {
            revision: told,
            catalog: at(told),
            ..PolicyChanges::default()
        });
        assert_eq!(cache.catalog().unwrap().revision, known);
    }
}

#[test]
fn a_namespace_is_throttled_as_long_as_its_policy_says() {
    let mut policy = namespace("acme");
    policy.settings.auto_throttle_at_percent = Some(90);
    let plain = super::tenant::Namespace::new(policy.clone(), None).scope;
    assert_eq!(plain.throttle.until, None);
    policy.throttled_until = Some(NOW);
    let throttled = super::tenant::Namespace::new(policy, None).scope;
    assert_eq!(throttled.throttle.until, Some(NOW));
    assert_eq!(throttled.throttle.at_percent, Some(90));
}
