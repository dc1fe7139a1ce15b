//! Who calls: from what a request presents to a [`Caller`].
//!
//! A [`Claim`] is read from the first source the operator accepts and the request presents: an API
//! key, or a word that a filter, a proxy or a certificate vouches for. Believing it takes the policy.

mod claim;
mod known_digests;
mod spiffe;

pub use claim::Claim;
pub use known_digests::KnownDigests;

use crate::admission::Scope;
use crate::cache::{Key, Known, Namespace, Organization, PolicyCache};
use crate::ids::KeyDigest;
use crate::policy::ThrottleMode;
use crate::refusal::Refusal;
use crate::secret;
use crate::timestamp::Timestamp;
use crate::wire::ResolveRequest;
use claim::Who;
use std::rc::Rc;

/// Proof that a request comes from a valid key, or from somebody vouched for, and belongs to a
/// namespace.
#[derive(Clone, Debug)]
pub struct Caller {
    key: Rc<Key>,
    namespace: Rc<Namespace>,
    organization: Rc<Organization>,
}

impl Caller {
    /// The key it came with; for somebody vouched for, what stands in a key's place.
    pub fn key(&self) -> &Rc<Key> {
        &self.key
    }

    /// The namespace it is served in.
    pub fn namespace(&self) -> &Rc<Namespace> {
        &self.namespace
    }

    /// Whether its requests wait where they are throttled.
    pub fn queues(&self) -> bool {
        self.namespace.policy.settings.throttle_mode == ThrottleMode::Queue
    }

    /// Every scope its requests are debited in, but for the end user they name.
    pub fn scopes(&self) -> [Rc<Scope>; 3] {
        [
            Rc::clone(&self.key.scope),
            Rc::clone(&self.namespace.scope),
            Rc::clone(&self.organization.scope),
        ]
    }

    /// The organization that namespace belongs to.
    pub fn organization(&self) -> &Rc<Organization> {
        &self.organization
    }
}

/// Why there is no caller.
#[derive(Debug)]
pub enum Unauthenticated {
    /// The request is refused.
    Refused(Box<Refusal>),
    /// The service must be asked first.
    Unknown(Box<ResolveRequest>),
}

impl From<Refusal> for Unauthenticated {
    fn from(refusal: Refusal) -> Self {
        Unauthenticated::Refused(Box::new(refusal))
    }
}

impl Claim {
    /// Believes the claim, or not.
    ///
    /// # Errors
    /// [`Unauthenticated`].
    pub fn authenticate(
        &self,
        cache: &mut PolicyCache,
        now: Timestamp,
    ) -> Result<Caller, Unauthenticated> {
        let (key, name) = match &self.who {
            Who::Key(digest, place) => self.key_and_namespace(digest, place.name(), cache, now)?,
            Who::Attested {
                caller,
                namespace,
                place,
            } => {
                if let Some(named) = self.namespace.as_ref().filter(|named| *named != namespace) {
                    let id = &caller.policy.id;
                    let named = named.as_bytes();
                    return Err(Refusal::identity_of_another_namespace(place, id, named).into());
                }
                (Rc::clone(caller), namespace.clone())
            }
        };
        let name = name.as_str();
        let namespace = match cache.namespace(name, now) {
            Known::Yes(namespace) => namespace,
            Known::No => return Err(self.no_such_namespace(name).into()),
            Known::Unknown => return Err(self.question_of(cache, name)),
        };
        if !namespace.policy.enabled {
            return Err(Refusal::disabled_namespace(name).into());
        }
        let Some(organization) = cache.organization(&namespace.policy.organization) else {
            return Err(self.question_of(cache, name));
        };
        if cache.catalog().is_none() {
            return Err(Unauthenticated::Unknown(Box::new(self.question(cache))));
        }
        Ok(Caller {
            key,
            namespace,
            organization,
        })
    }

    /// The key of that digest, where it is good, and the namespace it is used in. `place` is where it was.
    fn key_and_namespace(
        &self,
        digest: &KeyDigest,
        place: &str,
        cache: &mut PolicyCache,
        now: Timestamp,
    ) -> Result<(Rc<Key>, String), Unauthenticated> {
        let key = match cache.key(digest, now) {
            Known::Yes(key) if secret::digests_equal(&key.policy.digest, digest) => key,
            Known::Yes(_) | Known::No => return Err(Refusal::unknown_key(place).into()),
            Known::Unknown => return Err(Unauthenticated::Unknown(Box::new(self.question(cache)))),
        };
        if !key.policy.enabled {
            return Err(Refusal::disabled_key(&key.policy.id).into());
        }
        if let Some(expired_at) = key
            .policy
            .expires_at
            .filter(|expires_at| now >= *expires_at)
        {
            return Err(Refusal::expired_key(&key.policy.id, expired_at).into());
        }
        let name = match (&key.policy.namespace, &self.namespace) {
            (Some(own), Some(named)) if own != named => {
                let refusal = Refusal::key_of_another_namespace(&key.policy.id, named.as_bytes());
                return Err(refusal.into());
            }
            (Some(own), _) => own.clone(),
            (None, Some(named)) => named.clone(),
            (None, None) => return Err(Refusal::missing_namespace(&key.policy.id).into()),
        };
        Ok((key, name))
    }

    fn no_such_namespace(&self, name: &str) -> Refusal {
        match &self.who {
            Who::Key(..) => Refusal::unknown_namespace(name.as_bytes()),
            Who::Attested { place, .. } => Refusal::namespace_of_identity_unknown(place, name),
        }
    }

    /// Asks for the namespace of that name too, and with it for its organization.
    fn question_of(&self, cache: &PolicyCache, namespace: &str) -> Unauthenticated {
        let mut question = self.question(cache);
        question.namespace = Some(namespace.to_owned());
        Unauthenticated::Unknown(Box::new(question))
    }

    fn question(&self, cache: &PolicyCache) -> ResolveRequest {
        ResolveRequest {
            gateway: String::new(),
            key: match &self.who {
                Who::Key(digest, _) => Some(*digest),
                Who::Attested { .. } => None,
            },
            namespace: self.namespace.clone(),
            reservation: None,
            stored: None,
            catalog_revision: cache.catalog().map(|catalog| catalog.revision),
        }
    }
}

#[cfg(test)]
mod tests;
