//! What is kept of a request's head, and what it is for.

use crate::config::Config;
use crate::request::{
    BodyEncoding, Endpoint, Hints, ModelList, RequestHead, StoredPath, is_upload, usual_path,
};
use crate::wire_format::WireFormat;
use std::borrow::Cow;

/// What is kept of a request's head.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) target: Target,
    /// Without its query.
    pub(crate) path: String,
    /// With its query, less what is not for the upstream.
    pub(crate) path_and_query: String,
    pub(crate) format: WireFormat,
    pub(crate) request_id: String,
    pub(crate) user_agent: String,
    pub(crate) client_address: String,
    /// The end user that a header names.
    pub(crate) user: Option<String>,
    /// Whether that goes before the one the body names.
    pub(crate) user_goes_first: bool,
    /// What the client says of the request to Paddock alone.
    pub(crate) hints: Hints,
    /// The reservation it names, if that could be one.
    pub(crate) reservation: Option<String>,
    /// How its body is compressed.
    pub(crate) encoding: BodyEncoding,
    /// The boundary of the form that its body is said to be: empty if that is none; absent of anything else.
    pub(crate) form: Option<String>,
    /// How long the request said its body is, in bytes; 0 if it did not.
    pub(crate) announced_bytes: usize,
    /// Whether the request said how long its body is, and still does.
    pub(crate) has_length: bool,
    /// Whether the headers have gone on, so that neither they nor the route can be changed.
    pub(crate) headers_gone: bool,
}

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A model endpoint.
    Model(Endpoint),
    /// What Paddock answers of the caller's models.
    Models(ModelList),
    /// A path the operator lets pass.
    PassThrough(Passage),
    /// Anything else: refused, whoever calls.
    Nothing {
        /// The method, for the refusal.
        method: Vec<u8>,
    },
}

/// How a request passes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    pub(crate) upstream: String,
    pub(crate) method: String,
    /// What its path is about.
    pub(crate) stored: StoredPath,
    /// Whether its body may name what is stored.
    pub(crate) reads_body: bool,
}

impl Passage {
    fn of(head: &RequestHead<'_>, upstream: &str) -> Passage {
        let stored = StoredPath::of(&head.path);
        let kind = head.content_type.unwrap_or_default();
        let is_json = memchr::memmem::find(&kind.to_ascii_lowercase(), b"json").is_some();
        let has_body = !matches!(head.method, b"GET" | b"HEAD" | b"DELETE" | b"OPTIONS");
        Passage {
            upstream: upstream.to_owned(),
            method: String::from_utf8_lossy(head.method).into_owned(),
            reads_body: has_body
                && !is_upload(&head.path, kind)
                && (is_json || stored != StoredPath::Nothing),
            stored,
        }
    }

    /// Whether it makes something stored, or may.
    pub(crate) fn makes(&self) -> bool {
        self.method == "POST" && self.stored != StoredPath::Nothing
    }
}

impl Target {
    /// Where a request leads. What is governed goes first, so that nothing passes it by; its path is
    /// spelled as usual from then on.
    pub(crate) fn of(head: &mut RequestHead<'_>, config: &Config) -> Target {
        if let Some(target) = Target::governed(head, &head.path) {
            return target;
        }
        let usual = usual_path(&head.path).map(Cow::into_owned);
        if let Some(usual) = usual
            && let Some(target) = Target::governed(head, &usual)
        {
            head.path = Cow::Owned(usual);
            return target;
        }
        let mut rules = config.pass_through.iter();
        match rules.find(|rule| rule.covers(&head.path)) {
            Some(rule) => Target::PassThrough(Passage::of(head, &rule.upstream)),
            None => Target::Nothing {
                method: head.method.to_vec(),
            },
        }
    }

    fn governed(head: &RequestHead<'_>, path: &[u8]) -> Option<Target> {
        match Endpoint::of(head.method, path) {
            Some(endpoint) => Some(Target::Model(endpoint)),
            None => ModelList::asked(head, path).map(Target::Models),
        }
    }

    /// The format of what is governed.
    pub(crate) fn format(&self) -> Option<WireFormat> {
        match self {
            Target::Model(endpoint) => Some(endpoint.format()),
            Target::Models(list) => Some(list.format()),
            Target::PassThrough(_) | Target::Nothing { .. } => None,
        }
    }
}
