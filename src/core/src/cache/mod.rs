//! The policy a worker has in memory: that of the tenants in use, by revision.
//!
//! Anything unbounded must be absent: what is not in use is forgotten.

mod bounded;
mod stored;
mod tenant;
#[cfg(test)]
mod tests;

pub use bounded::BoundedMap;
pub use stored::Ownership;
pub use tenant::{Key, Namespace, Organization};

use crate::ids::{InstallationId, KeyDigest};
use crate::policy::{
    Catalog, KeyPolicy, NamespacePolicy, OrganizationPolicy, ReservationName, ReservationPolicy,
    reservation_name,
};
use crate::stored::StoredId;
use crate::timestamp::Timestamp;
use crate::wire::{LendAnswer, Need, PolicyChanges, ResolveAnswer, ResolveRequest};
use core::time::Duration;
use std::rc::Rc;
use stored::StoredObjects;

/// For how long a key or namespace that does not exist is refused without asking again.
pub const MISSING_FOR: Duration = Duration::from_secs(5);
/// For how long a reservation that is not there is not asked for: as long as a change takes.
pub const MISSING_RESERVATION_FOR: Duration = Duration::from_secs(2);

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

/// Keys, namespaces, organizations and the catalog, bounded in number.
#[derive(Debug)]
pub struct PolicyCache {
    keys: BoundedMap<KeyDigest, Rc<Key>>,
    namespaces: BoundedMap<String, Rc<Namespace>>,
    organizations: BoundedMap<String, Rc<Organization>>,
    missing_keys: BoundedMap<KeyDigest, Timestamp>,
    missing_namespaces: BoundedMap<String, Timestamp>,
    reservations: BoundedMap<ReservationName, Rc<ReservationPolicy>>,
    missing_reservations: BoundedMap<ReservationName, Timestamp>,
    stored: StoredObjects,
    catalog: Option<Rc<Catalog>>,
    revision: u64,
    installation: Option<InstallationId>,
    complete: bool,
}

impl PolicyCache {
    /// An empty cache of at most `capacity` keys, as many namespaces and as many organizations,
    /// that has missed no change up to `revision`.
    pub fn new(capacity: usize, revision: u64) -> Self {
        PolicyCache {
            keys: BoundedMap::new(capacity),
            namespaces: BoundedMap::new(capacity),
            organizations: BoundedMap::new(capacity),
            missing_keys: BoundedMap::new(capacity),
            missing_namespaces: BoundedMap::new(capacity),
            reservations: BoundedMap::new(capacity),
            missing_reservations: BoundedMap::new(capacity),
            stored: StoredObjects::default(),
            catalog: None,
            revision,
            installation: None,
            complete: false,
        }
    }

    /// All there is, given inline: what is not in it does not exist.
    pub fn complete(
        keys: Vec<KeyPolicy>,
        namespaces: Vec<NamespacePolicy>,
        organizations: Vec<OrganizationPolicy>,
        catalog: Catalog,
    ) -> Self {
        let of_namespaces = namespaces.len().saturating_add(organizations.len());
        let entries = keys.len().max(of_namespaces);
        let mut cache = PolicyCache::new(entries.saturating_mul(2).saturating_add(2), 0);
        cache.complete = true;
        for key in keys {
            cache.learn_key(key);
        }
        cache.learn_namespaces(namespaces, organizations);
        cache.catalog = Some(Rc::new(catalog));
        cache
    }

    /// The revision up to which changes have been applied.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The installation that all of it is of, once known.
    pub fn installation(&self) -> Option<InstallationId> {
        self.installation
    }

    /// What is of another installation is forgotten: names mean something else there.
    fn meet(&mut self, installation: Option<InstallationId>, revision: u64) {
        if installation.is_some() && installation != self.installation {
            if self.installation.is_some() {
                self.forget(revision);
            }
            self.installation = installation;
        }
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

    /// What is known of a namespace's organization; `None` where the service must be asked for the
    /// namespace again.
    pub fn organization(&mut self, name: &str) -> Option<Rc<Organization>> {
        self.organizations.get(name).map(Rc::clone)
    }

    /// What is known of a reservation. One that has expired is asked for anew: its name may be
    /// another's by now.
    pub fn reservation(
        &mut self,
        name: &ReservationName,
        now: Timestamp,
    ) -> Known<ReservationPolicy> {
        let known = self.reservations.get(name).map(Rc::clone);
        if let Some(reservation) = known.filter(|known| now < known.expires_at) {
            return Known::Yes(reservation);
        }
        let missing_until = self.missing_reservations.get(name).copied();
        self.absent(missing_until, now)
    }

    /// Whose something stored is, as far as this worker knows; `None` where the service must be asked.
    pub fn ownership(
        &mut self,
        namespace: &NamespacePolicy,
        id: &StoredId,
        now: Timestamp,
    ) -> Option<Ownership> {
        match self.complete {
            true => Some(Ownership::Unknown),
            false => self.stored.ownership(namespace, id, now),
        }
    }

    /// Forgets the reservations of which the lender lends no more.
    pub fn forget_ended_reservations(&mut self, needs: &[Need], answer: &LendAnswer) {
        for need in needs {
            let lends = answer.leases.iter().any(|lease| lease.scope == need.scope);
            if let Some(name) = reservation_name(&need.scope).filter(|_| !lends) {
                self.reservations.remove(&name);
            }
        }
    }

    fn learn_reservation(
        &mut self,
        name: &ReservationName,
        found: Option<ReservationPolicy>,
        now: Timestamp,
    ) {
        match found.filter(|found| found.name == *name) {
            Some(found) => self.reservations.insert(name.clone(), Rc::new(found)),
            None => {
                let until = now.plus(MISSING_RESERVATION_FOR);
                self.reservations.remove(name);
                self.missing_reservations.insert(name.clone(), until);
            }
        }
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
        self.meet(answer.installation, answer.revision);
        // Reservations are no part of the policy and have no revision.
        if let Some(name) = &request.reservation {
            self.learn_reservation(name, answer.reservation, now);
        }
        if answer.revision < self.revision {
            return;
        }
        if let Some(question) = &request.stored {
            let answer = answer.stored.unwrap_or_default();
            if let Some(namespace) = self.namespaces.get(&question.namespace) {
                self.stored
                    .learn(&namespace.policy, &question.ids, &answer, now);
            }
        }
        self.learn_catalog(answer.catalog);
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
        self.learn_namespaces(answer.namespaces, answer.organizations);
    }

    /// Applies what changed. Entries that are not in memory stay unknown, so that memory grows
    /// with the tenants in use; what was missing may exist now and is asked for again.
    pub fn apply(&mut self, changes: PolicyChanges) {
        self.meet(changes.installation, changes.revision);
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
        for name in &changes.removed_organizations {
            self.organizations.remove(name);
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
        for organization in changes.organizations {
            if self.organizations.contains(&organization.name) {
                self.learn_organization(organization);
            }
        }
        self.learn_catalog(changes.catalog);
        self.revision = changes.revision;
    }

    /// Changes that were asked for before an answer came may be told after it.
    fn learn_catalog(&mut self, catalog: Option<Catalog>) {
        let known = self.catalog.as_ref().map(|known| known.revision);
        let newer = |catalog: &Catalog| known.is_none_or(|known| known <= catalog.revision);
        if let Some(catalog) = catalog.filter(newer) {
            self.catalog = Some(Rc::new(catalog));
        }
    }

    /// Forgets everything: changes up to `revision` were missed.
    pub fn forget(&mut self, revision: u64) {
        self.keys.clear();
        self.namespaces.clear();
        self.organizations.clear();
        self.missing_keys.clear();
        self.missing_namespaces.clear();
        self.reservations.clear();
        self.missing_reservations.clear();
        self.stored = StoredObjects::default();
        self.catalog = None;
        self.revision = revision;
    }

    /// Namespaces together with their organizations. One that is not named limits nothing.
    fn learn_namespaces(
        &mut self,
        namespaces: Vec<NamespacePolicy>,
        organizations: Vec<OrganizationPolicy>,
    ) {
        let named = |name: &str| organizations.iter().any(|other| other.name == name);
        let unlimited: Vec<OrganizationPolicy> = namespaces
            .iter()
            .map(|namespace| &namespace.organization)
            .filter(|name| !named(name) && !self.organizations.contains(name))
            .map(|name| OrganizationPolicy::unlimited(name))
            .collect();
        for organization in organizations.into_iter().chain(unlimited) {
            self.learn_organization(organization);
        }
        for namespace in namespaces {
            self.learn_namespace(namespace);
        }
    }

    fn learn_key(&mut self, policy: KeyPolicy) {
        self.keys.insert(policy.digest, Rc::new(Key::new(policy)));
    }

    fn learn_namespace(&mut self, policy: NamespacePolicy) {
        let namespace = Namespace::new(policy, self.installation);
        let name = namespace.policy.name.clone();
        self.namespaces.insert(name, Rc::new(namespace));
    }

    fn learn_organization(&mut self, policy: OrganizationPolicy) {
        self.organizations
            .insert(policy.name.clone(), Rc::new(Organization::new(policy)));
    }
}
