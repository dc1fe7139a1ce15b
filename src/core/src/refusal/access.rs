//! Refusals of what a caller is or asks for.

use super::text::{capitalized, clip_bytes, list};
use super::{Code, Refusal};
use crate::policy::{EndpointScope, Role};
use crate::price::{CostOverflow, Modifier};
use crate::request::{BodyEncoding, BodyError, NamespaceConflict};
use crate::stored::StoredKind;
use crate::timestamp::Timestamp;
use core::time::Duration;

impl Refusal {
    /// The cost of the request cannot be written down.
    pub fn cost_overflow(overflow: CostOverflow) -> Self {
        let message = format!("{overflow}: ask for fewer tokens.");
        Refusal::invalid_request(&message, Some("max_tokens"))
    }

    /// The request has no key.
    pub fn missing_key() -> Self {
        let message = "No API key was sent. Send yours as `Authorization: Bearer KEY`.";
        Refusal::new(Code::InvalidApiKey, message.to_owned())
    }

    /// The checksum of the key is wrong; it came in `place`.
    pub fn mistyped_key(place: &str) -> Self {
        let message =
            format!("The API key in `{place}` is mistyped or cut off. Copy it again in full.");
        Refusal::new(Code::InvalidApiKey, message)
    }

    /// Nobody has such a key; it came in `place`.
    pub fn unknown_key(place: &str) -> Self {
        let message = format!(
            "The API key in `{place}` is not known here. It may have been deleted or rotated; ask \
             your administrator for a new one."
        );
        Refusal::new(Code::InvalidApiKey, message)
    }

    /// The key of id `key_id` expired at `at`.
    pub fn expired_key(key_id: &str, at: Timestamp) -> Self {
        let message = format!(
            "The API key {} expired at {}. Rotate it or ask your administrator for a new one.",
            clip_bytes(key_id.as_bytes()),
            at.to_rfc3339()
        );
        Refusal::new(Code::InvalidApiKey, message).by_key(key_id)
    }

    /// The key of id `key_id` is disabled.
    pub fn disabled_key(key_id: &str) -> Self {
        let message = format!(
            "The API key {} is disabled. Ask your administrator to enable it.",
            clip_bytes(key_id.as_bytes())
        );
        Refusal::new(Code::InvalidApiKey, message).by_key(key_id)
    }

    /// The key of id `key_id` is bound to another namespace than the headers name.
    pub fn key_of_another_namespace(key_id: &str, named: &[u8]) -> Self {
        let message = format!(
            "The API key {} does not belong to namespace '{}'. Leave the namespace header out, or \
             use a key of that namespace.",
            clip_bytes(key_id.as_bytes()),
            clip_bytes(named)
        );
        Refusal::new(Code::InvalidApiKey, message).by_key(key_id)
    }

    /// The key serves several namespaces and the headers name none.
    pub fn missing_namespace(key_id: &str) -> Self {
        let message = "This API key serves several namespaces. Name one in the `X-Namespace` \
                       header.";
        Refusal::new(Code::NamespaceNotFound, message.to_owned()).by_key(key_id)
    }

    /// There is no namespace of this name.
    pub fn unknown_namespace(named: &[u8]) -> Self {
        let named = clip_bytes(named);
        let message = format!(
            "There is no namespace '{named}'. Check the `X-Namespace` header, or ask your \
             administrator to create it."
        );
        Refusal::new(Code::NamespaceNotFound, message).by_namespace(&named)
    }

    /// The namespace is disabled.
    pub fn disabled_namespace(name: &str) -> Self {
        let message = format!(
            "The namespace '{}' is disabled. Ask your administrator to enable it.",
            clip_bytes(name.as_bytes())
        );
        Refusal::new(Code::NamespaceNotFound, message).by_namespace(name)
    }

    /// None of the accepted identities was presented; `accepted` names them in their order.
    pub fn missing_identity(accepted: impl IntoIterator<Item = String>) -> Self {
        let accepted: Vec<String> = accepted.into_iter().collect();
        let message = format!(
            "Nothing that this gateway accepts says who calls. It accepts, in this order: {}.",
            list(accepted.iter().map(String::as_str))
        );
        Refusal::new(Code::InvalidApiKey, message)
    }

    /// `place` says more than one thing, so that nobody knows which of them is vouched for.
    pub fn ambiguous_identity(place: &str) -> Self {
        let place = clip_bytes(place.as_bytes());
        let message = format!(
            "The caller's namespace is not certain: {place} says more than one thing, or cannot be \
             read. Your administrator must have it overwritten in front of this gateway."
        );
        Refusal::new(Code::NamespaceNotFound, message)
    }

    /// What `place` says, `word`, stands for no namespace; `id` is the caller's.
    pub fn identity_without_namespace(place: &str, word: &[u8], id: &str) -> Self {
        let message = format!(
            "{} is '{}', which stands for no namespace here. Ask your administrator to add it to \
             the gateway's `identity`.",
            capitalized(place),
            clip_bytes(word)
        );
        Refusal::new(Code::NamespaceNotFound, message).by_key(id)
    }

    /// What `place` says stands for the namespace `name`, which does not exist.
    pub fn namespace_of_identity_unknown(place: &str, name: &str) -> Self {
        let message = format!(
            "{} stands for the namespace '{}', which does not exist. Ask your administrator to \
             create it.",
            capitalized(place),
            clip_bytes(name.as_bytes())
        );
        Refusal::new(Code::NamespaceNotFound, message).by_namespace(name)
    }

    /// The caller of id `id`, for whom `place` vouches, belongs to another namespace than the
    /// headers name.
    pub fn identity_of_another_namespace(place: &str, id: &str, named: &[u8]) -> Self {
        let message = format!(
            "{} does not stand for namespace '{}'. Leave the namespace header out.",
            capitalized(place),
            clip_bytes(named)
        );
        Refusal::new(Code::InvalidApiKey, message).by_key(id)
    }

    /// `scope` may use `allowed` and not `model`.
    pub fn model_not_allowed<'a>(
        scope: &str,
        model: &str,
        allowed: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let message = format!(
            "{} may not use the model '{}'. Allowed models: {}.",
            clip_bytes(scope.as_bytes()),
            clip_bytes(model.as_bytes()),
            list(allowed)
        );
        let refusal = Refusal::new(Code::ModelNotAllowed, message);
        refusal.by(scope).at(Some("model"))
    }

    /// `model` has no price, so `scope` cannot be held to a budget with it. `allowed` have one.
    pub fn model_without_price<'a>(
        scope: &str,
        model: &str,
        allowed: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let message = format!(
            "The model '{}' has no price, so its cost cannot be held to a budget. Ask your \
             administrator to set one. Allowed models: {}.",
            clip_bytes(model.as_bytes()),
            list(allowed)
        );
        let refusal = Refusal::new(Code::ModelNotAllowed, message);
        refusal.by(scope).at(Some("model"))
    }

    /// A request of `scope` asks `model` for something that has no price.
    pub fn not_priced(scope: &str, model: &str, modifier: Modifier<'_>) -> Self {
        let message = format!(
            "The model '{}' has no price for {modifier}, so the cost of this request is not known. Leave \
             `{}` out, or ask your administrator to set the price in `{}` of the model.",
            clip_bytes(model.as_bytes()),
            modifier.param(),
            modifier.field(),
        );
        let refusal = Refusal::new(Code::NotPriced, message);
        refusal.by(scope).at(Some(modifier.param()))
    }

    /// A request of `scope` refers to what is not in its body, which its settings refuse.
    pub fn references_forbidden(scope: &str) -> Self {
        let message = format!(
            "{} takes no request that refers to what is not in its body: a stored response, \
             conversation, prompt or file, cached content, or media by URL. Send the content itself, or \
             ask your administrator to set `references` to `allow`.",
            clip_bytes(scope.as_bytes())
        );
        Refusal::new(Code::InvalidRequest, message).by(scope)
    }

    /// There is no model or alias of this name; `known` are the ones the caller may use.
    pub fn model_not_found<'a>(model: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let message = format!(
            "There is no model '{}'. Known models: {}.",
            clip_bytes(model.as_bytes()),
            list(known)
        );
        Refusal::new(Code::ModelNotFound, message).at(Some("model"))
    }

    /// The role of the key does not cover the endpoint.
    pub fn role_forbids(key_id: &str, role: Role, endpoint: EndpointScope) -> Self {
        let message = format!(
            "The role '{}' may not use this endpoint ({}). Use a key of another role, or ask your \
             administrator for one.",
            role.name(),
            endpoint.name()
        );
        Refusal::new(Code::EndpointNotAllowed, message).by_key(key_id)
    }

    /// The organization narrows the role of the key to `allowed`; `scope` is that role in it.
    pub fn organization_forbids(
        scope: &str,
        role: Role,
        allowed: &[EndpointScope],
        endpoint: EndpointScope,
    ) -> Self {
        let message = format!(
            "In your organization the role '{}' may use these endpoints only: {}; not '{}'. Use a \
             key of another role, or ask your administrator to allow it.",
            role.name(),
            list(allowed.iter().map(|scope| scope.name())),
            endpoint.name()
        );
        Refusal::new(Code::EndpointNotAllowed, message).by(scope)
    }

    /// The scopes of the key do not cover the endpoint.
    pub fn scopes_forbid(key_id: &str, scopes: &[EndpointScope], endpoint: EndpointScope) -> Self {
        let message = format!(
            "This API key's scopes ({}) do not include '{}'. Ask your administrator to add it.",
            list(scopes.iter().map(|scope| scope.name())),
            endpoint.name()
        );
        Refusal::new(Code::EndpointNotAllowed, message).by_key(key_id)
    }

    /// The body never came, because Envoy was not told that the filter may hold the headers.
    pub fn body_never_came() -> Self {
        let message = "This gateway is misconfigured and cannot hold requests. Its operator finds \
                       the reason in Envoy's log.";
        Refusal::new(Code::GatewayMisconfigured, message.to_owned())
    }

    /// Less than `least` bytes a second of the body have come for `period`.
    pub fn body_too_slow(least: u64, period: Duration) -> Self {
        let message = format!(
            "The body of this request came too slowly: less than {least} bytes a second for {} s. Send it \
             again, over a faster connection or with less in it.",
            period.as_secs()
        );
        Refusal::new(Code::RequestTimeout, message)
    }

    /// `model` is served by another upstream than the one the route leads to, and the route cannot
    /// be changed any more.
    pub fn model_not_on_route(scope: &str, model: &str, upstream: &str, routed: &str) -> Self {
        let message = format!(
            "The model '{}' is served by '{}', but this gateway holds requests at the body, where \
             the route to '{}' is fixed. Ask your administrator for a gateway that holds requests \
             at the headers, or for one of that upstream.",
            clip_bytes(model.as_bytes()),
            clip_bytes(upstream.as_bytes()),
            clip_bytes(routed.as_bytes())
        );
        Refusal::new(Code::ModelNotAllowed, message)
            .by(scope)
            .at(Some("model"))
    }

    /// No deployment of `model` is in one of the regions that may serve the scope.
    pub fn region_not_allowed<'a>(
        scope: &str,
        model: &str,
        allowed: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut allowed = allowed.into_iter().peekable();
        let regions = match allowed.peek() {
            None => String::new(),
            Some(_) => format!(" ({})", list(allowed)),
        };
        let message = format!(
            "The model '{}' is not served in a region that may serve {scope}{regions}. Use another \
             model, or ask your administrator.",
            clip_bytes(model.as_bytes())
        );
        Refusal::new(Code::ModelNotAllowed, message)
            .by(scope)
            .at(Some("model"))
    }

    /// The upstream of `model` does not serve `format`, but `formats`.
    pub fn format_not_served<'a>(
        model: &str,
        format: &str,
        formats: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let message = format!(
            "The model '{}' is not served in the wire format '{format}'. Ask it in one of: {}.",
            clip_bytes(model.as_bytes()),
            list(formats)
        );
        Refusal::new(Code::InvalidRequest, message).at(Some("model"))
    }

    /// The upstream of `model` must be asked at another path, and the path cannot be changed any
    /// more. Its query is not repeated.
    pub fn path_is_fixed(scope: &str, model: &str, path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let message = format!(
            "The upstream of the model '{}' must be asked at '{}', but this gateway holds requests \
             at the body, where the path is fixed. Ask your administrator for a gateway that holds \
             requests at the headers.",
            clip_bytes(model.as_bytes()),
            clip_bytes(path.as_bytes())
        );
        Refusal::new(Code::ModelNotAllowed, message)
            .by(scope)
            .at(Some("model"))
    }

    /// The path is none that model traffic may use. Its query is not repeated: it may hold a key.
    pub fn path_not_found(method: &[u8], path: &[u8]) -> Self {
        let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
        let message = format!(
            "This gateway does not serve {} {}. Check the path; if it is right, ask your administrator \
             to let it pass.",
            clip_bytes(method),
            clip_bytes(path)
        );
        Refusal::new(Code::NotFound, message)
    }

    /// The stored object `id` is not known to be that of the namespace of `scope`. Whether it exists
    /// is not said.
    pub fn stored_not_found(scope: &str, id: &str, param: Option<&'static str>) -> Self {
        let kind = StoredKind::of(id);
        let message = format!(
            "{} has no {} '{}'. What another namespace has stored cannot be used, nor what was not \
             made through this gateway. Make it again with this key, or ask your administrator \
             about `foreign_ids`.",
            capitalized(scope),
            kind.name(),
            clip_bytes(id.as_bytes()),
        );
        let refusal = Refusal::new(Code::StoredNotFound(kind), message);
        refusal.by(scope).at(param)
    }

    /// A list of all stored objects of the provider account, which has those of all namespaces.
    pub fn list_of_all(scope: &str, method: &[u8], path: &str) -> Self {
        let message = format!(
            "{} {} covers what all namespaces have stored. Name one object by its id, or ask your \
             administrator about `foreign_ids`.",
            clip_bytes(method),
            clip_bytes(path.as_bytes()),
        );
        Refusal::new(Code::EndpointNotAllowed, message).by(scope)
    }

    /// The request names more stored objects than `most`.
    pub fn too_many_stored(most: usize) -> Self {
        let message = format!("The request names more than {most} stored objects. Name fewer.");
        Refusal::invalid_request(&message, None)
    }

    /// The content is against the policy of `scope`.
    pub fn content_policy(scope: &str, category: &str) -> Self {
        let category = clip_bytes(category.as_bytes());
        let message = format!(
            "The content policy of {} forbids this content ({category}). Change the prompt.",
            clip_bytes(scope.as_bytes())
        );
        let mut refusal = Refusal::new(Code::ContentPolicyViolation, message).by(scope);
        refusal.category = Some(category);
        refusal
    }

    /// The body is over `limit` bytes.
    pub fn too_large(limit: u64) -> Self {
        let message = format!(
            "The body is over this gateway's limit of {limit} bytes. Send less, or upload files \
             to the provider by reference."
        );
        Refusal::new(Code::RequestTooLarge, message)
    }

    /// The body is in an encoding that is not read on its path.
    pub fn unsupported_encoding() -> Self {
        let message = format!(
            "The body is in an encoding that cannot be read here. Send it without \
             `content-encoding`; model endpoints also read one of: {}.",
            BodyEncoding::READABLE
        );
        Refusal::new(Code::UnsupportedEncoding, message)
    }

    /// The body is not of the encoding that `content-encoding` says.
    pub fn broken_encoding(encoding: &BodyEncoding) -> Self {
        let message = format!(
            "The body is not one whole of the encoding that `content-encoding` says, {encoding}. \
             Send it again, or without an encoding."
        );
        Refusal::new(Code::InvalidRequest, message)
    }

    /// The request cannot be governed as it is, for a reason of `message`'s words; `param` is the
    /// field at fault.
    pub fn invalid_request(message: &str, param: Option<&'static str>) -> Self {
        Refusal::new(Code::InvalidRequest, message.to_owned()).at(param)
    }

    fn by_key(self, key_id: &str) -> Self {
        self.by(&format!("key:{key_id}"))
    }

    fn by_namespace(self, name: &str) -> Self {
        self.by(&format!("namespace:{name}"))
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        let message = format!("{error}.");
        Refusal::new(Code::InvalidRequest, message).at(error.param())
    }
}

impl From<NamespaceConflict> for Refusal {
    fn from(conflict: NamespaceConflict) -> Self {
        Refusal::new(Code::InvalidRequest, format!("{conflict}."))
    }
}
