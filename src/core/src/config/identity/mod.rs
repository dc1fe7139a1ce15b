//! Which identities are accepted, and in which order.

mod raw;

pub(super) use raw::{RawSource, is_header_name, validate};

use crate::policy::Role;
use hashbrown::HashMap;

/// Where Envoy's `jwt_authn` filter keeps what it has verified.
const JWT_METADATA: &str = "envoy.filters.http.jwt_authn";
/// Where Envoy tells of the client's certificate.
const CERTIFICATE_URI: [&str; 2] = ["connection", "uri_san_peer_certificate"];
/// The header in which proxies pass on what they know of a client's certificate.
pub const XFCC: &str = "x-forwarded-client-cert";
/// What may say who calls. The first source that a request presents decides alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An API key.
    Key,
    /// A word that somebody else has verified.
    Attested(Attested),
}

/// A source that names a namespace without a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// Where the word is.
    pub place: Place,
    /// Words, and the namespaces they stand for.
    pub namespaces: HashMap<String, String>,
    /// Whether a word that is not among them names the namespace itself.
    pub by_name: bool,
    /// What such a caller may do.
    pub role: Role,
}

/// Where the word of an attested identity is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A header that only a filter or a proxy in front of this one can set. Its name, in lower
    /// case.
    Header(String),
    /// A claim of a verified token, in a header that `jwt_authn` sets. Its name, in lower case.
    ClaimHeader(String),
    /// A claim of a verified token, in Envoy's dynamic metadata, out of any client's reach: the
    /// key under which `jwt_authn` keeps the token's payload (`payload_in_metadata`), and the claim.
    ClaimMetadata(String, String),
    /// The SPIFFE ID in the client's certificate, of this trust domain.
    Certificate(String),
    /// The SPIFFE ID that the nearest proxy put into `x-forwarded-client-cert`, of this trust
    /// domain.
    ForwardedCertificate(String),
}

impl Place {
    /// The header it is in, where it is in one.
    pub fn header(&self) -> Option<&str> {
        match self {
            Place::Header(name) | Place::ClaimHeader(name) => Some(name),
            Place::ForwardedCertificate(_) => Some(XFCC),
            Place::ClaimMetadata(..) | Place::Certificate(_) => None,
        }
    }

    /// Whether it is in one of Envoy's attributes.
    pub const fn is_attribute(&self) -> bool {
        matches!(self, Place::ClaimMetadata(..) | Place::Certificate(_))
    }

    /// The path of Envoy's attribute it is in, where it is in one.
    pub fn attribute(&self) -> Option<Vec<&str>> {
        match self {
            Place::ClaimMetadata(key, claim) => Some(vec![
                "metadata",
                "filter_metadata",
                JWT_METADATA,
                key,
                claim,
            ]),
            Place::Certificate(_) => Some(CERTIFICATE_URI.to_vec()),
            _ => None,
        }
    }

    /// What it is called in messages.
    pub fn name(&self) -> String {
        match self {
            Place::Header(name) => format!("the header '{name}'"),
            Place::ClaimHeader(name) => format!("the token's claim in '{name}'"),
            Place::ClaimMetadata(_, claim) => format!("the token's claim '{claim}'"),
            Place::Certificate(_) => "the client certificate's SPIFFE ID".to_owned(),
            Place::ForwardedCertificate(_) => "the forwarded certificate's SPIFFE ID".to_owned(),
        }
    }
}

/// The sources in their order; never empty, none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identities {
    sources: Vec<Source>,
    /// The header names to keep from upstreams, with their underscores as dashes.
    headers: Vec<String>,
}

impl Default for Identities {
    /// Keys alone.
    fn default() -> Self {
        Identities::of(vec![Source::Key])
    }
}

impl Identities {
    fn of(sources: Vec<Source>) -> Self {
        let attested = sources.iter().filter_map(|source| match source {
            Source::Attested(attested) => attested.place.header(),
            Source::Key => None,
        });
        Identities {
            headers: attested.map(|name| name.replace('_', "-")).collect(),
            sources,
        }
    }

    /// The sources in their order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The attributes of Envoy's that are wanted with each request, in the order of the sources
    /// that are in one.
    pub fn attributes(&self) -> impl Iterator<Item = Vec<&str>> {
        self.sources.iter().filter_map(|source| match source {
            Source::Attested(attested) => attested.place.attribute(),
            Source::Key => None,
        })
    }

    /// Whether a header (or one that some software takes for it, spelled with underscores) is
    /// believed and so must not reach an upstream.
    pub fn is_trusted_header(&self, name: &str) -> bool {
        let same = |trusted: &String| {
            let bytes = trusted.bytes().zip(name.bytes());
            trusted.len() == name.len()
                && bytes.fold(true, |same, (a, b)| {
                    same && (a == b || (a == b'-' && b == b'_'))
                })
        };
        self.headers.iter().any(same)
    }
}

#[cfg(test)]
mod tests;
