//! What an operator writes as `identity`, checked.

use super::{Attested, Identities, Place, Source, XFCC};
use crate::policy::Role;
use hashbrown::HashMap;
use serde::Deserialize;

/// Headers that mean something of their own, so none can be a trusted one.
const TAKEN: [&str; 9] = [
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    "x-namespace",
    "x-team",
    "x-project",
    "x-user",
    "x-request-id",
    XFCC,
];

/// One entry of `identity`: an object with one field, the kind of source.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::config) enum RawSource {
    Key(RawKeys),
    Header(RawHeader),
    JwtClaim(RawClaim),
    Spiffe(RawSpiffe),
}

/// Keys have nothing to set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawKeys {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawHeader {
    name: String,
    namespaces: Option<HashMap<String, String>>,
    by_name: Option<bool>,
    #[serde(default)]
    role: Role,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawClaim {
    metadata: Option<String>,
    claim: Option<String>,
    header: Option<String>,
    namespaces: Option<HashMap<String, String>>,
    by_name: Option<bool>,
    #[serde(default)]
    role: Role,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSpiffe {
    trust_domain: String,
    #[serde(default)]
    from: From,
    namespaces: Option<HashMap<String, String>>,
    by_name: Option<bool>,
    #[serde(default)]
    role: Role,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum From {
    #[default]
    Certificate,
    Xfcc,
}

/// Checks what an operator wrote.
pub(in crate::config) fn validate(
    raw: Option<Vec<RawSource>>,
    problems: &mut Vec<String>,
) -> Identities {
    let Some(raw) = raw else {
        return Identities::default();
    };
    if raw.is_empty() {
        problems
            .push("identity must name at least one source: leave it out for keys alone".to_owned());
    }
    let mut sources: Vec<Source> = Vec::with_capacity(raw.len());
    for (at, raw) in raw.into_iter().enumerate() {
        let source = raw.validate(&format!("identity[{at}]"), problems);
        let same = |other: &Source| match (other, &source) {
            (Source::Attested(a), Source::Attested(b)) => {
                let (a, b) = (&a.place, &b.place);
                a == b || (a.header().is_some() && a.header() == b.header()) || {
                    a.attribute().is_some() && a.attribute() == b.attribute()
                }
            }
            (a, b) => a == b,
        };
        if sources.iter().any(same) {
            problems.push(format!(
                "identity[{at}] is there twice: the first source that is presented decides, so \
                 this one never would"
            ));
        }
        sources.push(source);
    }
    Identities::of(sources)
}

impl RawSource {
    fn validate(self, what: &str, problems: &mut Vec<String>) -> Source {
        let (place, namespaces, by_name, role) = match self {
            RawSource::Key(RawKeys {}) => return Source::Key,
            RawSource::Header(raw) => {
                let name = header_name(&raw.name, what, problems);
                (Place::Header(name), raw.namespaces, raw.by_name, raw.role)
            }
            RawSource::JwtClaim(raw) => {
                let place = match (raw.metadata, raw.claim, raw.header) {
                    (Some(key), Some(claim), None) if !key.is_empty() && !claim.is_empty() => {
                        Place::ClaimMetadata(key, claim)
                    }
                    (None, None, Some(name)) => {
                        Place::ClaimHeader(header_name(&name, what, problems))
                    }
                    _ => {
                        problems.push(format!(
                            "{what}: jwt_claim needs metadata and claim (jwt_authn's \
                             payload_in_metadata, and the claim's name), or header alone"
                        ));
                        Place::ClaimMetadata(String::new(), String::new())
                    }
                };
                (place, raw.namespaces, raw.by_name, raw.role)
            }
            RawSource::Spiffe(raw) => {
                let domain = raw.trust_domain;
                // https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md, section 2.1.
                let fits = |byte: u8| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte)
                };
                if domain.is_empty() || domain.len() > 255 || !domain.bytes().all(fits) {
                    problems.push(format!(
                        "{what}: trust_domain must be a SPIFFE trust domain such as \
                         cluster.local, it is `{domain}`"
                    ));
                }
                let place = match raw.from {
                    From::Certificate => Place::Certificate(domain),
                    From::Xfcc => Place::ForwardedCertificate(domain),
                };
                (place, raw.namespaces, raw.by_name, raw.role)
            }
        };
        let by_name = by_name.unwrap_or(namespaces.is_none());
        let namespaces = namespaces.unwrap_or_default();
        if namespaces.is_empty() && !by_name {
            problems.push(format!(
                "{what} leads to no namespace: give namespaces, or leave by_name true"
            ));
        }
        if namespaces
            .iter()
            .any(|(word, namespace)| word.is_empty() || namespace.is_empty())
        {
            problems.push(format!("{what}: namespaces has an empty name"));
        }
        Source::Attested(Attested {
            place,
            namespaces,
            by_name,
            role,
        })
    }
}

/// Whether a name could be a header's that has no meaning here but that of naming an end user.
pub(in crate::config) fn is_header_name(name: &str) -> bool {
    is_spelled_as_header(name) && (name == "x-user" || !is_taken(name))
}

fn is_spelled_as_header(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

fn is_taken(lower: &str) -> bool {
    let dashed = lower.replace('_', "-");
    TAKEN.contains(&dashed.as_str()) || dashed.starts_with("x-paddock-")
}

fn header_name(name: &str, what: &str, problems: &mut Vec<String>) -> String {
    let lower = name.to_ascii_lowercase();
    if !is_spelled_as_header(name) {
        problems.push(format!("{what}: `{name}` is not a header's name"));
    }
    if is_taken(&lower) {
        problems.push(format!(
            "{what}: the header `{name}` has a meaning of its own here and cannot be a trusted one"
        ));
    }
    lower
}
