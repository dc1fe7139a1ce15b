//! The policy a worker has in memory: that of the tenants in use, by revision.

mod bounded;

pub use bounded::BoundedMap;

use crate::admission::Scope;
use crate::ids::KeyDigest;
use crate::policy::{Catalog, KeyPolicy, NamespacePolicy};
use crate::timestamp::Timestamp;
use crate::wire::{PolicyChanges, ResolveAnswer, ResolveRequest};
use core::time::Duration;
use std::rc::Rc;

/// For how long a key or namespace that does not exist is refused without asking again.
pub const MISSING_FOR: Duration = Duration::from_secs(5);

/// A key and what is derived from it once.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The policy.
    pub policy: KeyPolicy,
    /// The key as a scope of limits.
    pub scope: Rc<Scope>,
}

/// A namespace and what is derived from it once.
#[derive(Debug, PartialEq, Eq)]
pub struct Namespace {
    /// The policy.
    pub policy: NamespacePolicy,
    /// The namespace as a scope of limits.
    pub scope: Rc<Scope>,
}

/// What a worker knows of something.
#[derive(Debug)]
pub enum Known<T> {
    /// It exists.
    Yes(Rc<T>),
    /// It does not.
    No,
    /// The service must be asked.
    Unknown,
}

/// Keys, namespaces and the catalog, bounded in number.
#[derive(Debug)]
pub struct PolicyCache {
    keys: BoundedMap<KeyDigest, Rc<Key>>,
    namespaces: BoundedMap<String, Rc<Namespace>>,
    missing_keys: BoundedMap<KeyDigest, Timestamp>,
    missing_namespaces: BoundedMap<String, Timestamp>,
    catalog: Option<Rc<Catalog>>,
    revision: u64,
    complete: bool,
}

impl PolicyCache {
    /// An empty cache of at most `capacity` keys and as many namespaces, that has missed no change
    /// up to `revision`.
    pub fn new(capacity: usize, revision: u64) -> Self {
        PolicyCache {
            keys: BoundedMap::new(capacity),
            namespaces: BoundedMap::new(capacity),
            missing_keys: BoundedMap::new(capacity),
            missing_namespaces: BoundedMap::new(capacity),
            catalog: None,
            revision,
            complete: false,
        }
    }

    /// All there is, given inline: what is not in it does not exist.
    pub fn complete(
        keys: Vec<KeyPolicy>,
        namespaces: Vec<NamespacePolicy>,
        catalog: Catalog,
    ) -> Self {
        let entries = keys.len().max(namespaces.len());
        let mut cache = PolicyCache::new(entries.saturating_mul(2).saturating_add(2), 0);
        cache.complete = true;
        for key in keys {
            cache.learn_key(key);
        }
        for namespace in namespaces {
            cache.learn_namespace(namespace);
        }
        cache.catalog = Some(Rc::new(catalog));
        cache
    }

    /// The revision up to which changes have been applied.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The catalog, once known.
    pub fn catalog(&self) -> Option<&Rc<Catalog>> {
        self.catalog.as_ref()
    }

    /// What is known of a key.
    pub fn key(&mut self, digest: &KeyDigest, now: Timestamp) -> Known<Key> {
        if let Some(key) = self.keys.get(digest) {
            return Known::Yes(Rc::clone(key));
        }
        let missing_until = self.missing_keys.get(digest).copied();
        self.absent(missing_until, now)
    }

    /// What is known of a namespace.
    pub fn namespace(&mut self, name: &str, now: Timestamp) -> Known<Namespace> {
        if let Some(namespace) = self.namespaces.get(name) {
            return Known::Yes(Rc::clone(namespace));
        }
        let missing_until = self.missing_namespaces.get(name).copied();
        self.absent(missing_until, now)
    }

    fn absent<T>(&self, missing_until: Option<Timestamp>, now: Timestamp) -> Known<T> {
        if self.complete || missing_until.is_some_and(|until| now < until) {
            Known::No
        } else {
            Known::Unknown
        }
    }

    /// Takes over the answer to `request`. An answer older than what is known already (a change
    /// overtook it) is not kept: the next request asks again.
    pub fn learn(&mut self, request: &ResolveRequest, answer: ResolveAnswer, now: Timestamp) {
        if answer.revision < self.revision {
            return;
        }
        if let Some(catalog) = answer.catalog {
            self.catalog = Some(Rc::new(catalog));
        }
        if let Some(digest) = &request.key
            && answer.key.is_none()
        {
            self.missing_keys.insert(*digest, now.plus(MISSING_FOR));
        }
        if let Some(name) = &request.namespace
            && !answer
                .namespaces
                .iter()
                .any(|namespace| namespace.name == *name)
        {
            self.missing_namespaces
                .insert(name.clone(), now.plus(MISSING_FOR));
        }
        if let Some(key) = answer.key {
            self.learn_key(key);
        }
        for namespace in answer.namespaces {
            self.learn_namespace(namespace);
        }
    }

    /// Applies what changed. Entries that are not in memory stay unknown, so that memory grows
    /// with the tenants in use; what was missing may exist now and is asked for again.
    pub fn apply(&mut self, changes: PolicyChanges) {
        if changes.reset {
            self.forget(changes.revision);
            return;
        }
        for digest in &changes.removed_keys {
            self.keys.remove(digest);
        }
        for name in &changes.removed_namespaces {
            self.namespaces.remove(name);
        }
        for key in changes.keys {
            self.missing_keys.remove(&key.digest);
            if self.keys.contains(&key.digest) {
                self.learn_key(key);
            }
        }
        for namespace in changes.namespaces {
            self.missing_namespaces.remove(&namespace.name);
            if self.namespaces.contains(&namespace.name) {
                self.learn_namespace(namespace);
            }
        }
        if let Some(catalog) = changes.catalog {
            self.catalog = Some(Rc::new(catalog));
        }
        self.revision = changes.revision;
    }

    /// Forgets everything: changes up to `revision` were missed.
    pub fn forget(&mut self, revision: u64) {
        self.keys.clear();
        self.namespaces.clear();
        self.missing_keys.clear();
        self.missing_namespaces.clear();
        self.catalog = None;
        self.revision = revision;
    }

    fn learn_key(&mut self, policy: KeyPolicy) {
        let scope = Rc::new(Scope::new(
            format!("key:{}", policy.id),
            policy.limits.clone(),
        ));
        self.keys
            .insert(policy.digest, Rc::new(Key { policy, scope }));
    }

    fn learn_namespace(&mut self, policy: NamespacePolicy) {
        let name = policy.name.clone();
        let scope = Rc::new(Scope::new(
            format!("namespace:{name}"),
            policy.limits.clone(),
        ));
        self.namespaces
            .insert(name, Rc::new(Namespace { policy, scope }));
    }
}

#[cfg(test)]
mod tests {
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
        let mut cache = PolicyCache::complete(vec![key(true)], vec![], Catalog::builtin());
        assert!(matches!(cache.key(&DIGEST, NOW), Known::Yes(_)));
        assert!(matches!(cache.key(&KeyDigest([8; 32]), NOW), Known::No));
        assert!(matches!(cache.namespace("x", NOW), Known::No));
    }
}
