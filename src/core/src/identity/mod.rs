//! Who calls: from a credential and a namespace header to a [`Caller`].

use crate::cache::{Key, Known, Namespace, Organization, PolicyCache};
use crate::ids::KeyDigest;
use crate::refusal::Refusal;
use crate::request::RequestHead;
use crate::secret::{self, Form};
use crate::timestamp::Timestamp;
use crate::wire::ResolveRequest;
use std::rc::Rc;

/// Proof that a request comes from a valid key and belongs to a namespace.
#[derive(Clone, Debug)]
pub struct Caller {
    key: Rc<Key>,
    namespace: Rc<Namespace>,
    organization: Rc<Organization>,
}

impl Caller {
    /// The key it came with.
    pub fn key(&self) -> &Rc<Key> {
        &self.key
    }

    /// The namespace it is served in.
    pub fn namespace(&self) -> &Rc<Namespace> {
        &self.namespace
    }

    /// The organization that namespace belongs to.
    pub fn organization(&self) -> &Rc<Organization> {
        &self.organization
    }
}

/// What a request says of its caller, before it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    digest: KeyDigest,
    namespace: Option<String>,
}

/// Why there is no caller.
#[derive(Debug)]
pub enum Unauthenticated {
    /// The request is refused.
    Refused(Box<Refusal>),
    /// The service must be asked first.
    Unknown(ResolveRequest),
}

impl From<Refusal> for Unauthenticated {
    fn from(refusal: Refusal) -> Self {
        Unauthenticated::Refused(Box::new(refusal))
    }
}

impl Claim {
    /// What `head` claims. The secret goes no further than this: what is kept is its digest.
    ///
    /// # Errors
    /// The refusal where nothing needs to be looked up to know that the claim is void.
    pub fn read(head: &RequestHead<'_>) -> Result<Claim, Refusal> {
        let Some(credential) = &head.credential else {
            return Err(Refusal::missing_key());
        };
        if secret::form(&credential.secret) == Form::Mistyped {
            return Err(Refusal::mistyped_key());
        }
        let digest = secret::digest(&credential.secret);
        let namespace = match head.namespace {
            Err(conflict) => return Err(conflict.into()),
            Ok(None) => None,
            Ok(Some(name)) => match core::str::from_utf8(name) {
                Ok(name) => Some(name.trim().to_owned()),
                Err(_) => return Err(Refusal::unknown_namespace(name)),
            },
        };
        Ok(Claim { digest, namespace })
    }

    /// Believes the claim, or not.
    ///
    /// # Errors
    /// [`Unauthenticated`].
    pub fn authenticate(
        &self,
        cache: &mut PolicyCache,
        now: Timestamp,
    ) -> Result<Caller, Unauthenticated> {
        let key = match cache.key(&self.digest, now) {
            Known::Yes(key) if secret::digests_equal(&key.policy.digest, &self.digest) => key,
            Known::Yes(_) | Known::No => return Err(Refusal::unknown_key().into()),
            Known::Unknown => return Err(Unauthenticated::Unknown(self.question(cache))),
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
            (Some(own), _) => own,
            (None, Some(named)) => named,
            (None, None) => return Err(Refusal::missing_namespace(&key.policy.id).into()),
        };
        let namespace = match cache.namespace(name, now) {
            Known::Yes(namespace) => namespace,
            Known::No => return Err(Refusal::unknown_namespace(name.as_bytes()).into()),
            Known::Unknown => return Err(self.question_of(cache, name)),
        };
        if !namespace.policy.enabled {
            return Err(Refusal::disabled_namespace(name).into());
        }
        let Some(organization) = cache.organization(&namespace.policy.organization) else {
            return Err(self.question_of(cache, name));
        };
        if cache.catalog().is_none() {
            return Err(Unauthenticated::Unknown(self.question(cache)));
        }
        Ok(Caller {
            key,
            namespace,
            organization,
        })
    }

    /// Asks for the namespace of that name too, and with it for its organization.
    fn question_of(&self, cache: &PolicyCache, namespace: &str) -> Unauthenticated {
        let mut question = self.question(cache);
        question.namespace = Some(namespace.to_owned());
        Unauthenticated::Unknown(question)
    }

    fn question(&self, cache: &PolicyCache) -> ResolveRequest {
        ResolveRequest {
            gateway: String::new(),
            key: Some(self.digest),
            namespace: self.namespace.clone(),
            catalog_revision: cache.catalog().map(|catalog| catalog.revision),
        }
    }
}
