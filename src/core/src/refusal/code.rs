//! The contract's codes, and each dialect's own word for them.

use super::Rate;
use crate::stored::StoredKind;

/// The contract's name for a kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// No key, or none that is good for this.
    InvalidApiKey,
    /// A cap or a reservation cannot cover the request.
    BudgetExceeded,
    /// No namespace, or none there is.
    NamespaceNotFound,
    /// The model exists and is not for this caller.
    ModelNotAllowed,
    /// The role or the scopes of the key do not cover the endpoint.
    EndpointNotAllowed,
    /// Neither a model nor an alias.
    ModelNotFound,
    /// Something stored is not known to be the namespace's.
    StoredNotFound(StoredKind),
    /// No such path.
    NotFound,
    /// The request cannot be governed as it is.
    InvalidRequest,
    /// The request asks for something that has no price.
    NotPriced,
    /// The content is against the namespace's policy.
    ContentPolicyViolation,
    /// The body is over the gateway's limit.
    RequestTooLarge,
    /// The body did not come in time.
    RequestTimeout,
    /// The body is in an encoding that cannot be read.
    UnsupportedEncoding,
    /// A rate, the concurrency or a queue is exhausted.
    RateLimitExceeded,
    /// The service is away and the operator chose to fail closed.
    AccountingUnavailable,
    /// The gateway has too much to do.
    GatewayOverloaded,
    /// The plugin's configuration and Envoy's do not fit together.
    GatewayMisconfigured,
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 23] = [
        Code::InvalidApiKey,
        Code::BudgetExceeded,
        Code::NamespaceNotFound,
        Code::ModelNotAllowed,
        Code::EndpointNotAllowed,
        Code::ModelNotFound,
        Code::StoredNotFound(StoredKind::Response),
        Code::StoredNotFound(StoredKind::Conversation),
        Code::StoredNotFound(StoredKind::File),
        Code::StoredNotFound(StoredKind::Batch),
        Code::StoredNotFound(StoredKind::CachedContent),
        Code::StoredNotFound(StoredKind::Other),
        Code::NotFound,
        Code::InvalidRequest,
        Code::NotPriced,
        Code::ContentPolicyViolation,
        Code::RequestTimeout,
        Code::RequestTooLarge,
        Code::UnsupportedEncoding,
        Code::RateLimitExceeded,
        Code::AccountingUnavailable,
        Code::GatewayOverloaded,
        Code::GatewayMisconfigured,
    ];

    /// The name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Code::InvalidApiKey => "invalid_api_key",
            Code::BudgetExceeded => "budget_exceeded",
            Code::NamespaceNotFound => "namespace_not_found",
            Code::ModelNotAllowed => "model_not_allowed",
            Code::EndpointNotAllowed => "endpoint_not_allowed",
            Code::ModelNotFound => "model_not_found",
            Code::StoredNotFound(kind) => match kind {
                StoredKind::Response => "previous_response_not_found",
                StoredKind::Conversation => "conversation_not_found",
                StoredKind::File => "file_not_found",
                StoredKind::Batch => "batch_not_found",
                StoredKind::CachedContent => "cached_content_not_found",
                StoredKind::Other => "stored_object_not_found",
            },
            Code::NotFound => "not_found",
            Code::InvalidRequest => "invalid_request_error",
            Code::NotPriced => "not_priced",
            Code::ContentPolicyViolation => "content_policy_violation",
            Code::RequestTimeout => "request_timeout",
            Code::RequestTooLarge => "request_too_large",
            Code::UnsupportedEncoding => "unsupported_encoding",
            Code::RateLimitExceeded => "rate_limit_exceeded",
            Code::AccountingUnavailable => "accounting_unavailable",
            Code::GatewayOverloaded => "gateway_overloaded",
            Code::GatewayMisconfigured => "gateway_misconfigured",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Code::InvalidApiKey => 401,
            Code::BudgetExceeded => 402,
            Code::NamespaceNotFound | Code::ModelNotAllowed | Code::EndpointNotAllowed => 403,
            Code::ModelNotFound | Code::StoredNotFound(_) | Code::NotFound => 404,
            Code::InvalidRequest | Code::NotPriced | Code::ContentPolicyViolation => 400,
            Code::RequestTimeout => 408,
            Code::RequestTooLarge => 413,
            Code::UnsupportedEncoding => 415,
            Code::RateLimitExceeded => 429,
            Code::AccountingUnavailable | Code::GatewayOverloaded | Code::GatewayMisconfigured => {
                503
            }
        }
    }

    /// Whether the same request may succeed a moment later.
    pub const fn is_passing(self) -> bool {
        matches!(
            self,
            Code::RequestTimeout
                | Code::RateLimitExceeded
                | Code::AccountingUnavailable
                | Code::GatewayOverloaded
        )
    }

    /// OpenAI's `type`.
    pub const fn open_ai(self, rate: Option<Rate>) -> &'static str {
        match self {
            Code::InvalidApiKey => "authentication_error",
            Code::BudgetExceeded => "insufficient_quota",
            Code::NamespaceNotFound | Code::ModelNotAllowed | Code::EndpointNotAllowed => {
                "permission_error"
            }
            Code::ModelNotFound
            | Code::StoredNotFound(_)
            | Code::NotFound
            | Code::InvalidRequest
            | Code::NotPriced
            | Code::ContentPolicyViolation
            | Code::RequestTimeout
            | Code::RequestTooLarge
            | Code::UnsupportedEncoding => "invalid_request_error",
            Code::RateLimitExceeded => match rate {
                Some(Rate::Requests) => "requests",
                Some(Rate::Tokens) => "tokens",
                Some(Rate::Bytes | Rate::Concurrency | Rate::Queue) | None => "rate_limit_error",
            },
            Code::AccountingUnavailable | Code::GatewayOverloaded | Code::GatewayMisconfigured => {
                "server_error"
            }
        }
    }

    /// Anthropic's `type`.
    pub const fn anthropic(self) -> &'static str {
        match self {
            Code::InvalidApiKey => "authentication_error",
            Code::BudgetExceeded => "billing_error",
            Code::NamespaceNotFound | Code::ModelNotAllowed | Code::EndpointNotAllowed => {
                "permission_error"
            }
            Code::ModelNotFound | Code::StoredNotFound(_) | Code::NotFound => "not_found_error",
            Code::InvalidRequest
            | Code::NotPriced
            | Code::ContentPolicyViolation
            | Code::RequestTimeout
            | Code::UnsupportedEncoding => "invalid_request_error",
            Code::RequestTooLarge => "request_too_large",
            Code::RateLimitExceeded => "rate_limit_error",
            Code::AccountingUnavailable | Code::GatewayOverloaded | Code::GatewayMisconfigured => {
                "api_error"
            }
        }
    }

    /// Gemini's `status`.
    pub const fn gemini(self) -> &'static str {
        match self {
            Code::InvalidApiKey => "UNAUTHENTICATED",
            // Not RESOURCE_EXHAUSTED, which clients retry.
            Code::BudgetExceeded => "FAILED_PRECONDITION",
            Code::NamespaceNotFound | Code::ModelNotAllowed | Code::EndpointNotAllowed => {
                "PERMISSION_DENIED"
            }
            Code::ModelNotFound | Code::StoredNotFound(_) | Code::NotFound => "NOT_FOUND",
            Code::InvalidRequest
            | Code::NotPriced
            | Code::ContentPolicyViolation
            | Code::RequestTooLarge
            | Code::UnsupportedEncoding => "INVALID_ARGUMENT",
            Code::RequestTimeout => "DEADLINE_EXCEEDED",
            Code::RateLimitExceeded => "RESOURCE_EXHAUSTED",
            Code::AccountingUnavailable | Code::GatewayOverloaded | Code::GatewayMisconfigured => {
                "UNAVAILABLE"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_word_in_every_dialect() {
        use Code as C;
        type Row = (C, u16, &'static str, &'static str, &'static str);
        let rows: [Row; 18] = [
            (
                C::InvalidApiKey,
                401,
                "authentication_error",
                "authentication_error",
                "UNAUTHENTICATED",
            ),
            (
                C::BudgetExceeded,
                402,
                "insufficient_quota",
                "billing_error",
                "FAILED_PRECONDITION",
            ),
            (
                C::NamespaceNotFound,
                403,
                "permission_error",
                "permission_error",
                "PERMISSION_DENIED",
            ),
            (
                C::ModelNotAllowed,
                403,
                "permission_error",
                "permission_error",
                "PERMISSION_DENIED",
            ),
            (
                C::EndpointNotAllowed,
                403,
                "permission_error",
                "permission_error",
                "PERMISSION_DENIED",
            ),
            (
                C::ModelNotFound,
                404,
                "invalid_request_error",
                "not_found_error",
                "NOT_FOUND",
            ),
            (
                C::StoredNotFound(StoredKind::Response),
                404,
                "invalid_request_error",
                "not_found_error",
                "NOT_FOUND",
            ),
            (
                C::NotFound,
                404,
                "invalid_request_error",
                "not_found_error",
                "NOT_FOUND",
            ),
            (
                C::InvalidRequest,
                400,
                "invalid_request_error",
                "invalid_request_error",
                "INVALID_ARGUMENT",
            ),
            (
                C::NotPriced,
                400,
                "invalid_request_error",
                "invalid_request_error",
                "INVALID_ARGUMENT",
            ),
            (
                C::ContentPolicyViolation,
                400,
                "invalid_request_error",
                "invalid_request_error",
                "INVALID_ARGUMENT",
            ),
            (
                C::RequestTimeout,
                408,
                "invalid_request_error",
                "invalid_request_error",
                "DEADLINE_EXCEEDED",
            ),
            (
                C::RequestTooLarge,
                413,
                "invalid_request_error",
                "request_too_large",
                "INVALID_ARGUMENT",
            ),
            (
                C::UnsupportedEncoding,
                415,
                "invalid_request_error",
                "invalid_request_error",
                "INVALID_ARGUMENT",
            ),
            (
                C::RateLimitExceeded,
                429,
                "rate_limit_error",
                "rate_limit_error",
                "RESOURCE_EXHAUSTED",
            ),
            (
                C::AccountingUnavailable,
                503,
                "server_error",
                "api_error",
                "UNAVAILABLE",
            ),
            (
                C::GatewayOverloaded,
                503,
                "server_error",
                "api_error",
                "UNAVAILABLE",
            ),
            (
                C::GatewayMisconfigured,
                503,
                "server_error",
                "api_error",
                "UNAVAILABLE",
            ),
        ];
        let others = StoredKind::ALL.map(Code::StoredNotFound);
        let all = Code::ALL.into_iter();
        let all: Vec<Code> = all.filter(|code| !others[1..].contains(code)).collect();
        assert_eq!(rows.map(|row| row.0).to_vec(), all);
        assert_eq!(Code::ALL.len(), rows.len() + others.len() - 1);
        for (code, status, open_ai, anthropic, gemini) in rows {
            assert_eq!(code.status(), status);
            assert_eq!(code.open_ai(None), open_ai);
            assert_eq!((code.anthropic(), code.gemini()), (anthropic, gemini));
            let lasting = code == C::GatewayMisconfigured;
            let is_passing = status == 408 || status >= 429;
            assert_eq!(code.is_passing(), is_passing && !lasting);
        }
        let rate = Code::RateLimitExceeded;
        assert_eq!(rate.open_ai(Some(Rate::Requests)), "requests");
        assert_eq!(rate.open_ai(Some(Rate::Tokens)), "tokens");
        assert_eq!(rate.open_ai(Some(Rate::Queue)), "rate_limit_error");
    }
}
