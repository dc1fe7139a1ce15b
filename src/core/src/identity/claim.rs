//! What a request says of its caller, before it is believed.

use super::known_digests::KnownDigests;
use super::spiffe::{self, Forwarded};
use crate::cache::Key;
use crate::config::Identities;
use crate::config::identity::{Attested, Place, Source};
use crate::ids::KeyDigest;
use crate::policy::{KeyPolicy, Limits};
use crate::refusal::Refusal;
use crate::request::{Credential, CredentialSource, Headers, RequestHead};
use crate::secret;
use std::borrow::Cow;
use std::rc::Rc;

/// Longest word that can be a namespace's name by itself, in bytes.
const MAX_NAME: usize = 253;
/// Longest id of a caller without a key, in bytes: ledgers index it.
const MAX_ID: usize = 256;
/// Hexadecimal digits of its digest that tell a longer one from others.
const DIGEST_DIGITS: usize = 16;

/// What a request says of its caller, before it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub(super) who: Who,
    /// The namespace that the headers name.
    pub(super) namespace: Option<String>,
}

/// Who a request says it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The holder of the key with this digest, which came in this place.
    Key(KeyDigest, CredentialSource),
    /// Somebody that another filter, a proxy or a certificate speaks for: as a key would be, of an
    /// id of its own and without limits of its own.
    Attested {
        caller: Rc<Key>,
        /// The namespace it belongs to.
        namespace: String,
        /// Who says so, for messages.
        place: String,
    },
}

impl Claim {
    /// What a request claims. The first of the sources that it presents decides; the others are
    /// not looked at. `attributes` are Envoy's values of [`Identities::attributes`].
    ///
    /// Of a key's secret nothing goes further than this: what is kept is its digest.
    ///
    /// # Errors
    /// The refusal where nothing needs to be looked up to know that the claim is void.
    pub fn read(
        head: &RequestHead<'_>,
        headers: &Headers<'_>,
        attributes: &[Option<Vec<u8>>],
        identities: &Identities,
        digests: &mut KnownDigests,
    ) -> Result<Claim, Refusal> {
        let mut attributes = attributes.iter();
        for source in identities.sources() {
            let attested = match source {
                Source::Key => match &head.credential {
                    Some(credential) => {
                        let who = key(credential, digests)?;
                        let namespace = named_namespace(head)?;
                        return Ok(Claim { who, namespace });
                    }
                    None => continue,
                },
                Source::Attested(attested) => attested,
            };
            let attribute = attested
                .place
                .is_attribute()
                .then(|| attributes.next())
                .flatten();
            match word(&attested.place, headers, attribute) {
                Word::Absent => {}
                Word::Ambiguous => return Err(Refusal::ambiguous_identity(&attested.place.name())),
                Word::Said(word) => {
                    let who = attested.caller(word)?;
                    let namespace = named_namespace(head)?;
                    return Ok(Claim { who, namespace });
                }
            }
        }
        match identities.sources() {
            [Source::Key] => Err(Refusal::missing_key()),
            sources => Err(Refusal::missing_identity(sources.iter().map(name))),
        }
    }
}

fn name(source: &Source) -> String {
    match source {
        Source::Key => "an API key".to_owned(),
        Source::Attested(attested) => attested.place.name(),
    }
}

fn key(credential: &Credential<'_>, digests: &mut KnownDigests) -> Result<Who, Refusal> {
    match digests.digest(&credential.secret) {
        Some(digest) => Ok(Who::Key(digest, credential.source)),
        None => Err(Refusal::mistyped_key(credential.source.name())),
    }
}

fn named_namespace(head: &RequestHead<'_>) -> Result<Option<String>, Refusal> {
    match head.namespace {
        Err(conflict) => Err(conflict.into()),
        Ok(None) => Ok(None),
        Ok(Some(name)) => match core::str::from_utf8(name) {
            Ok(name) => Ok(Some(name.trim().to_owned())),
            Err(_) => Err(Refusal::unknown_namespace(name)),
        },
    }
}

/// What a source says.
enum Word<'a> {
    Absent,
    Said(&'a [u8]),
    /// More than one thing, so that a client may have said one of them.
    Ambiguous,
}

fn word<'a>(
    place: &Place,
    headers: &Headers<'a>,
    attribute: Option<&'a Option<Vec<u8>>>,
) -> Word<'a> {
    if place.is_attribute() {
        let value = attribute.and_then(Option::as_deref).unwrap_or_default();
        return Word::said(value);
    }
    let mut values = headers.all(place.header().unwrap_or_default());
    let value = values.next().unwrap_or_default().trim_ascii();
    if values.next().is_some() {
        return Word::Ambiguous;
    }
    match place {
        Place::ForwardedCertificate(_) => match spiffe::forwarded(value) {
            Forwarded::Nothing => Word::Absent,
            Forwarded::Uri(uri) => Word::said(uri),
            Forwarded::Ambiguous => Word::Ambiguous,
        },
        _ => Word::said(value),
    }
}

impl<'a> Word<'a> {
    fn said(value: &'a [u8]) -> Self {
        match value {
            [] => Word::Absent,
            value => Word::Said(value),
        }
    }
}

impl Attested {
    /// The caller a word stands for.
    fn caller(&self, word: &[u8]) -> Result<Who, Refusal> {
        let id = self.id(word);
        let place = self.place.name();
        let namespace = core::str::from_utf8(word)
            .ok()
            .and_then(|word| self.namespace(word));
        let Some(namespace) = namespace else {
            return Err(Refusal::identity_without_namespace(&place, word, &id));
        };
        let policy = KeyPolicy {
            name: id.clone(),
            id,
            // Of no secret: nobody can present it, and nothing looks it up.
            digest: KeyDigest([0; 32]),
            namespace: Some(namespace.clone()),
            role: self.role,
            scopes: None,
            allowed_models: None,
            limits: Limits::default(),
            tags: Vec::new(),
            content_policy_mode: None,
            enabled: true,
            expires_at: None,
            revision: 0,
        };
        Ok(Who::Attested {
            caller: Rc::new(Key::new(policy)),
            namespace,
            place,
        })
    }

    /// The namespace a word stands for, where it stands for one.
    fn namespace(&self, word: &str) -> Option<String> {
        let listed = |word: &str| self.namespaces.get(word).cloned();
        let itself = |word: &str| (self.by_name && word.len() <= MAX_NAME).then(|| word.to_owned());
        match &self.place {
            Place::Certificate(domain) | Place::ForwardedCertificate(domain) => {
                let path = spiffe::path_in(word, domain)?;
                let namespace = spiffe::kubernetes_namespace(path);
                listed(word).or_else(|| listed(namespace?).or_else(|| itself(namespace?)))
            }
            _ => listed(word).or_else(|| itself(word)),
        }
    }

    /// The id of the caller: what stands in events and scopes where a key's id would.
    fn id(&self, word: &[u8]) -> String {
        let prefix = match self.place {
            Place::Header(_) => "header:",
            Place::ClaimHeader(_) | Place::ClaimMetadata(..) => "jwt:",
            Place::Certificate(_) | Place::ForwardedCertificate(_) => "",
        };
        let text = String::from_utf8_lossy(word);
        if prefix.len().saturating_add(text.len()) <= MAX_ID {
            return [prefix, &text].concat();
        }
        let digest = secret::digest(word).to_hex();
        let room = MAX_ID.saturating_sub(prefix.len().saturating_add(DIGEST_DIGITS + 1));
        let cut = text.floor_char_boundary(room);
        let head: Cow<'_, str> = text.get(..cut).unwrap_or_default().into();
        let tail = digest.get(..DIGEST_DIGITS).unwrap_or_default();
        format!("{prefix}{head}~{tail}")
    }
}
