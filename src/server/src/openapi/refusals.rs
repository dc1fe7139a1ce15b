//! How the API refuses: one shape, and which statuses an operation answers with.

use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Every refusal, in OpenAI's shape.
#[derive(Debug, Serialize, ToSchema)]
pub struct Error {
    /// What happened.
    error: Detail,
    /// With 402: US dollars that are left, as within `error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<f64>,
    /// With 402: when the budget resets, as within `error`; `null` for a prepaid balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    resets_at: Option<String>,
}

/// What happened, and what to do next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorDetail)]
pub struct Detail {
    /// For programs, such as `invalid_request_error`, `unknown_parameter`, `not_found` or
    /// `budget_exceeded`.
    #[schema(example = "not_found")]
    code: String,
    /// For people.
    message: String,
    /// The kind of refusal, such as `invalid_request_error`, `permission_error` or `api_error`.
    #[serde(rename = "type")]
    #[schema(example = "not_found_error")]
    kind: String,
    /// The field or parameter it is about, as the caller wrote it.
    param: Option<String>,
    /// Everything that is wrong, each a phrase, if it can be several things.
    #[serde(skip_serializing_if = "Option::is_none")]
    violations: Option<Vec<String>>,
    /// The scope that decided, if one did: with 402 the one with the cap, such as `namespace:tenant-marketing`;
    /// with 403 the role, such as `role:acme/viewer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// With 402: US dollars that are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<f64>,
    /// With 402: when the budget resets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    resets_at: Option<String>,
}

/// One way to refuse.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub name: &'static str,
    pub status: u16,
    pub description: &'static str,
    pub code: &'static str,
    pub kind: &'static str,
    pub message: &'static str,
}

impl Refusal {
    fn response(&self) -> Response {
        let example = json!({ "error": {
            "code": self.code, "message": self.message, "type": self.kind, "param": null,
        }});
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Error")))
            .example(Some(example));
        let (name, header) = request_id();
        let response = ResponseBuilder::new()
            .description(self.description)
            .content("application/json", content.build())
            .header(name, header);
        if !(401..=404).contains(&self.status) {
            return response.build();
        }
        let never = ObjectBuilder::new().schema_type(Type::String);
        let header = HeaderBuilder::new()
            .schema(Some(never.enum_values(Some(["false"]))))
            .description(Some("Waiting does not cure it."));
        response.header("x-should-retry", header.build()).build()
    }
}

/// The responses that operations refer to, by name.
pub(super) fn responses() -> impl Iterator<Item = (String, RefOr<Response>)> {
    ALL.iter()
        .map(|refusal| (refusal.name.to_owned(), RefOr::T(refusal.response())))
}

/// The header of every response.
pub(super) fn request_id() -> (String, Header) {
    let header = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some(
            "The id of the request, in the log and the audit: the caller's own if it sent one.",
        ));
    ("x-request-id".to_owned(), header.build())
}

macro_rules! refusals {
    ($($name:ident $status:literal $code:literal $kind:literal $description:literal $message:literal;)*) => {
        /// All of them.
        pub(super) const ALL: &[Refusal] = &[$(Refusal {
            name: stringify!($name),
            status: $status,
            description: $description,
            code: $code,
            kind: $kind,
            message: $message,
        }),*];

        $(
            #[doc = $description]
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    let response = RefOr::Ref(Ref::from_response_name(stringify!($name)));
                    BTreeMap::from([(stringify!($status).to_owned(), response)])
                }
            }
        )*
    };
}

refusals! {
    Invalid 400 "invalid_request_error" "invalid_request_error"
        "What was sent is wrong: a field, a parameter, or limits wider than the parent's (`permission_error`, all of them in `violations`)."
        "'monthly_quota_usd' must be a number of dollars from 0 to 1000000000.";
    Unauthenticated 401 "invalid_api_key" "authentication_error"
        "No key, or one that is unknown, disabled, expired or of another namespace than the one in `X-Namespace`."
        "Incorrect API key provided.";
    Unpaid 402 "budget_exceeded" "insufficient_quota"
        "A daily or monthly cap or a prepaid balance cannot cover it."
        "The monthly budget of namespace:research can set aside $12.50, not $50.00.";
    Forbidden 403 "permission_denied" "permission_error"
        "The key's role may not do this."
        "The role 'viewer' may not do this. Use a key with the role 'admin'.";
    Missing 404 "not_found" "not_found_error"
        "What the path or the body names does not exist, or is not yours."
        "The namespace 'research' does not exist or is not yours.";
    Conflict 409 "already_exists" "conflict_error"
        "The name or reference is taken (`already_exists`), something else depends on it (`in_use`), or there are as many as allowed (`limit_reached`)."
        "A namespace named 'research' exists already. Choose another name.";
    TooSlow 408 "request_timeout" "invalid_request_error"
        "The body took longer than a minute."
        "The request's body did not come in time. Send it again.";
    TooLarge 413 "request_too_large" "invalid_request_error"
        "The body is larger than 1 MiB; or than 10 MiB if a model request is resolved."
        "The request's body is too large.";
    TooMany 429 "rate_limit_exceeded" "rate_limit_error"
        "Too many requests of the key or the address, too many wrong keys, or too many streams and exports at once. `Retry-After` says how many seconds to wait."
        "Too many management requests came with your key. Send fewer.";
    Broken 500 "internal_error" "api_error"
        "Something went wrong inside Paddock. The operator finds it in the log by the `x-request-id`."
        "Something went wrong inside Paddock. Give the operator the x-request-id.";
    Unavailable 503 "accounting_unavailable" "api_error"
        "The database does not answer, or the service is stopping. Nothing was changed; try again in a moment."
        "The database does not answer. Nothing was changed; try again in a moment.";
}
