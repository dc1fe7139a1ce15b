//! What callers are told, byte for byte.

use super::{Budget, Code, Rate, Refusal, Reply, Throttled};
use crate::money::Money;
use crate::policy::{CapPeriod, EndpointScope, Role};
use crate::price::Modifier;
use crate::request::{BodyEncoding, BodyError, NamespaceConflict};
use crate::stored::StoredKind;
use crate::timestamp::Timestamp;
use crate::usage::Tool;
use crate::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi, OpenAiResponses};
use core::time::Duration;
use proptest::prelude::*;

const SCOPE: &str = "namespace:tenant-marketing";

fn daily() -> Refusal {
    Refusal::budget_exceeded(
        SCOPE,
        Budget::Cap(CapPeriod::Daily),
        (
            Money::from_nanos(12_500_000),
            Some(Money::from_nanos(5_000_000_000)),
        ),
        Money::from_nanos(1_000_000_000),
        // 2026-03-16T00:00:00Z
        Some(Timestamp::from_secs(1_773_619_200)),
    )
}

fn requests() -> Refusal {
    Refusal::rate_limited(
        SCOPE,
        Rate::Requests,
        Some(60),
        Duration::from_millis(1_200),
    )
}

fn body(refusal: &Refusal, format: WireFormat) -> String {
    String::from_utf8(refusal.to_reply(format, "req-1").body).unwrap()
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let mut found = reply.headers.iter().filter(|(other, _)| *other == name);
    let value = found.next().map(|(_, value)| value.as_str());
    assert_eq!(found.next(), None, "{name} comes once");
    value
}

#[test]
fn a_budget_refusal_in_every_dialect() {
    let message = "Daily budget exhausted by this request: it may cost up to $1.00, and \
        namespace:tenant-marketing has $0.0125 of $5.00 left. Lower the request's max tokens, wait for the \
        reset at 2026-03-16T00:00:00Z, or ask your administrator to raise it.";
    let open_ai = format!(
        r#"{{"error":{{"code":"budget_exceeded","message":"{message}","type":"insufficient_quota","param":null,"scope":"{SCOPE}","remaining":0.0125,"resets_at":"2026-03-16T00:00:00Z"}},"remaining":0.0125,"resets_at":"2026-03-16T00:00:00Z"}}"#
    );
    assert_eq!(body(&daily(), OpenAi), open_ai);
    assert_eq!(body(&daily(), OpenAiResponses), open_ai);
    assert_eq!(
        body(&daily(), Anthropic),
        format!(
            r#"{{"type":"error","error":{{"code":"budget_exceeded","message":"{message}","type":"billing_error","scope":"{SCOPE}","remaining":0.0125,"resets_at":"2026-03-16T00:00:00Z"}},"request_id":"req-1","remaining":0.0125,"resets_at":"2026-03-16T00:00:00Z"}}"#
        )
    );
    assert_eq!(
        body(&daily(), Gemini),
        format!(
            r#"{{"error":{{"code":402,"message":"{message}","status":"FAILED_PRECONDITION","details":[],"reason":"budget_exceeded","scope":"{SCOPE}","remaining":0.0125,"resets_at":"2026-03-16T00:00:00Z"}},"remaining":0.0125,"resets_at":"2026-03-16T00:00:00Z"}}"#
        )
    );
}

#[test]
fn a_rate_refusal_in_every_dialect() {
    let message = "namespace:tenant-marketing is over its limit of 60 requests a minute. Try \
        again in 2 s.";
    assert_eq!(
        body(&requests(), OpenAi),
        format!(
            r#"{{"error":{{"code":"rate_limit_exceeded","message":"{message}","type":"requests","param":null,"scope":"{SCOPE}"}}}}"#
        )
    );
    assert_eq!(
        body(&requests(), Anthropic),
        format!(
            r#"{{"type":"error","error":{{"code":"rate_limit_exceeded","message":"{message}","type":"rate_limit_error","scope":"{SCOPE}"}},"request_id":"req-1"}}"#
        )
    );
    assert_eq!(
        body(&requests(), Gemini),
        format!(
            r#"{{"error":{{"code":429,"message":"{message}","status":"RESOURCE_EXHAUSTED","details":[],"reason":"rate_limit_exceeded","scope":"{SCOPE}"}}}}"#
        )
    );
}

#[test]
fn a_bad_body_in_every_dialect() {
    let refusal = Refusal::from(BodyError::MissingModel);
    let message = "`model` is missing: name the model to use.";
    assert_eq!(
        body(&refusal, OpenAi),
        format!(
            r#"{{"error":{{"code":"invalid_request_error","message":"{message}","type":"invalid_request_error","param":"model"}}}}"#
        )
    );
    assert_eq!(
        body(&refusal, Anthropic),
        format!(
            r#"{{"type":"error","error":{{"code":"invalid_request_error","message":"{message}","type":"invalid_request_error"}},"request_id":"req-1"}}"#
        )
    );
    assert_eq!(
        body(&refusal, Gemini),
        format!(
            r#"{{"error":{{"code":400,"message":"{message}","status":"INVALID_ARGUMENT","details":[],"reason":"invalid_request_error"}}}}"#
        )
    );
}

/// Every constructor, its code, the scope it names and what its message must say.
fn every_refusal() -> Vec<(Refusal, Code, Option<&'static str>, &'static str)> {
    use EndpointScope::{Chat, Embeddings};
    let invalid = BodyError::Invalid {
        param: "n",
        message: "`n` must be".into(),
    };
    let limited = |rate| Refusal::rate_limited(SCOPE, rate, Some(5), Duration::ZERO);
    let nothing = (Money::ZERO, None);
    let over = |budget| Refusal::budget_exceeded(SCOPE, budget, nothing, Money::ZERO, None);
    let stored = |id| Refusal::stored_not_found(SCOPE, id, None);
    let key = Some("key:key_1");
    let namespace = Some(SCOPE);
    vec![
        (
            Refusal::missing_key(),
            Code::InvalidApiKey,
            None,
            "Authorization: Bearer",
        ),
        (
            Refusal::mistyped_key("x-api-key"),
            Code::InvalidApiKey,
            None,
            "in `x-api-key` is mistyped",
        ),
        (
            Refusal::unknown_key("authorization"),
            Code::InvalidApiKey,
            None,
            "in `authorization` is not known",
        ),
        (
            Refusal::expired_key("key_1", Timestamp::EPOCH),
            Code::InvalidApiKey,
            key,
            "expired at 1970-01-01T00:00:00Z",
        ),
        (
            Refusal::disabled_key("key_1"),
            Code::InvalidApiKey,
            key,
            "is disabled",
        ),
        (
            Refusal::key_of_another_namespace("key_1", b"other"),
            Code::InvalidApiKey,
            key,
            "does not belong to namespace 'other'",
        ),
        (
            Refusal::missing_namespace("key_1"),
            Code::NamespaceNotFound,
            key,
            "`X-Namespace`",
        ),
        (
            Refusal::unknown_namespace(b"tenant-marketing"),
            Code::NamespaceNotFound,
            namespace,
            "no namespace 'tenant-marketing'",
        ),
        (
            Refusal::disabled_namespace("tenant-marketing"),
            Code::NamespaceNotFound,
            namespace,
            "'tenant-marketing' is disabled",
        ),
        (
            Refusal::model_not_allowed(SCOPE, "o1", ["gpt-4.1", "gemini"]),
            Code::ModelNotAllowed,
            namespace,
            "may not use the model 'o1'. Allowed models: gpt-4.1, gemini.",
        ),
        (
            Refusal::model_without_price(SCOPE, "o1", ["gpt-4.1"]),
            Code::ModelNotAllowed,
            namespace,
            "'o1' has no price",
        ),
        (
            Refusal::not_priced(SCOPE, "o1", Modifier::Tier("turbo")),
            Code::NotPriced,
            namespace,
            "'o1' has no price for the service tier 'turbo'",
        ),
        (
            Refusal::not_priced(SCOPE, "o1", Modifier::Speed("fast")),
            Code::NotPriced,
            namespace,
            "the speed 'fast', so the cost of this request is not known. Leave `speed` out",
        ),
        (
            Refusal::not_priced(SCOPE, "o1", Modifier::Region("us")),
            Code::NotPriced,
            namespace,
            "set the price in `surcharges_percent` of the model",
        ),
        (
            Refusal::not_priced(SCOPE, "o1", Modifier::Tool(Tool::FileSearch)),
            Code::NotPriced,
            namespace,
            "the tool 'file_search'",
        ),
        (
            Refusal::references_forbidden(SCOPE),
            Code::InvalidRequest,
            namespace,
            "refers to what is not in its body",
        ),
        (
            Refusal::model_not_found("gpt-9", ["gpt-4.1", "gpt4"]),
            Code::ModelNotFound,
            None,
            "no model 'gpt-9'. Known models: gpt-4.1, gpt4.",
        ),
        (
            Refusal::role_forbids("key_1", Role::Viewer, Chat),
            Code::EndpointNotAllowed,
            key,
            "role 'viewer' may not use this endpoint (chat:create)",
        ),
        (
            Refusal::scopes_forbid("key_1", &[Embeddings], Chat),
            Code::EndpointNotAllowed,
            key,
            "(embeddings:create) do not include 'chat:create'",
        ),
        (
            stored("resp_1"),
            Code::StoredNotFound(StoredKind::Response),
            namespace,
            "tenant-marketing has no response 'resp_1'",
        ),
        (
            stored("conv_1"),
            Code::StoredNotFound(StoredKind::Conversation),
            namespace,
            "no conversation 'conv_1'",
        ),
        (
            stored("files/abc"),
            Code::StoredNotFound(StoredKind::File),
            namespace,
            "no file 'files/abc'",
        ),
        (
            stored("msgbatch_1"),
            Code::StoredNotFound(StoredKind::Batch),
            namespace,
            "no batch 'msgbatch_1'",
        ),
        (
            stored("cachedContents/a"),
            Code::StoredNotFound(StoredKind::CachedContent),
            namespace,
            "no cached content 'cachedContents/a'",
        ),
        (
            stored("vs_1"),
            Code::StoredNotFound(StoredKind::Other),
            namespace,
            "no stored object 'vs_1'",
        ),
        (
            Refusal::list_of_all(SCOPE, b"GET", "/v1/files"),
            Code::EndpointNotAllowed,
            namespace,
            "GET /v1/files covers what all namespaces have stored",
        ),
        (
            Refusal::too_many_stored(1_024),
            Code::InvalidRequest,
            None,
            "more than 1024 stored objects",
        ),
        (
            Refusal::ownership_unknown(SCOPE),
            Code::AccountingUnavailable,
            namespace,
            "whose the stored objects are",
        ),
        (
            Refusal::path_not_found(b"GET", b"/v1/x"),
            Code::NotFound,
            None,
            "GET /v1/x",
        ),
        (
            Refusal::content_policy(SCOPE, "violence"),
            Code::ContentPolicyViolation,
            namespace,
            "(violence)",
        ),
        (
            Refusal::unsupported_encoding(),
            Code::UnsupportedEncoding,
            None,
            "one of: gzip, deflate",
        ),
        (
            Refusal::broken_encoding(&BodyEncoding::Gzip),
            Code::InvalidRequest,
            None,
            "says, gzip",
        ),
        (
            Refusal::too_large(1_048_576),
            Code::RequestTooLarge,
            None,
            "1048576 bytes",
        ),
        (
            Refusal::invalid_request("No.", None),
            Code::InvalidRequest,
            None,
            "No.",
        ),
        (
            Refusal::from(invalid),
            Code::InvalidRequest,
            None,
            "`n` must be.",
        ),
        (
            Refusal::from(NamespaceConflict),
            Code::InvalidRequest,
            None,
            "X-Team",
        ),
        (
            limited(Rate::Requests),
            Code::RateLimitExceeded,
            namespace,
            "5 requests a minute",
        ),
        (
            limited(Rate::Tokens),
            Code::RateLimitExceeded,
            namespace,
            "5 tokens a minute",
        ),
        (
            limited(Rate::Concurrency),
            Code::RateLimitExceeded,
            namespace,
            "5 requests in flight",
        ),
        (
            limited(Rate::Queue),
            Code::RateLimitExceeded,
            namespace,
            "5 waiting requests",
        ),
        (
            over(Budget::Cap(CapPeriod::Daily)),
            Code::BudgetExceeded,
            namespace,
            "Daily budget exhausted",
        ),
        (
            over(Budget::Cap(CapPeriod::Monthly)),
            Code::BudgetExceeded,
            namespace,
            "Monthly budget exhausted",
        ),
        (
            over(Budget::Reservation),
            Code::BudgetExceeded,
            namespace,
            "Reservation exhausted",
        ),
        (
            over(Budget::Cap(CapPeriod::Balance)),
            Code::BudgetExceeded,
            namespace,
            "Top up",
        ),
        (
            Refusal::accounting_unavailable(Some(SCOPE)),
            Code::AccountingUnavailable,
            namespace,
            "cannot be reached",
        ),
        (
            Refusal::body_never_came(),
            Code::GatewayMisconfigured,
            None,
            "misconfigured",
        ),
        (
            Refusal::body_too_slow(1_024, Duration::from_secs(10)),
            Code::RequestTimeout,
            None,
            "less than 1024 bytes a second for 10 s",
        ),
        (
            Refusal::model_not_on_route(SCOPE, "gpt-4.1", "openai", "anthropic"),
            Code::ModelNotAllowed,
            namespace,
            "is served by 'openai'",
        ),
        (
            Refusal::accounting_unavailable(None),
            Code::AccountingUnavailable,
            None,
            "Try again",
        ),
        (
            Refusal::bytes_rate_limited(SCOPE, 5, Duration::ZERO),
            Code::RateLimitExceeded,
            namespace,
            "its limit of 5 bytes of requests' bodies a minute. Try again in 1 s. Send less",
        ),
        (
            Refusal::policy_too_old(SCOPE, Duration::from_secs(61)),
            Code::AccountingUnavailable,
            namespace,
            "last heard 61 s ago",
        ),
        (
            Refusal::overloaded(),
            Code::GatewayOverloaded,
            None,
            "Try again",
        ),
    ]
}

#[test]
fn every_case_names_its_scope_and_keeps_the_contracts_headers() {
    let mut codes = Vec::new();
    for (refusal, code, scope, says) in every_refusal() {
        assert_eq!((refusal.code, refusal.status), (code, code.status()));
        assert_eq!(refusal.scope.as_deref(), scope, "{}", refusal.message);
        assert!(refusal.message.contains(says), "{}", refusal.message);
        assert!(refusal.message.ends_with('.') && !refusal.message.contains(".."));
        for format in [OpenAi, OpenAiResponses, Anthropic, Gemini] {
            let reply = refusal.to_reply(format, "req-1");
            assert_eq!(reply.status, code.status());
            assert_eq!(header(&reply, "content-type"), Some("application/json"));
            assert_eq!(header(&reply, "x-request-id"), Some("req-1"));
            let anthropic_id = (format == Anthropic).then_some("req-1");
            assert_eq!(header(&reply, "request-id"), anthropic_id);
            let passing = code.is_passing();
            assert_eq!(
                header(&reply, "x-should-retry"),
                (!passing).then_some("false")
            );
            assert_eq!(header(&reply, "retry-after"), passing.then_some("1"));
            let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            let error = &body["error"];
            assert_eq!(error["scope"].as_str(), scope);
            assert_eq!(error["message"].as_str(), Some(refusal.message.as_str()));
            let name = if format == Gemini {
                &error["reason"]
            } else {
                &error["code"]
            };
            assert_eq!(name.as_str(), Some(code.name()));
            for place in [error, &body] {
                let is_budget = code == Code::BudgetExceeded;
                assert_eq!(place["remaining"].is_number(), is_budget);
            }
        }
        codes.push(code);
    }
    for code in Code::ALL {
        assert!(codes.contains(&code), "{code:?} has a constructor");
    }
}

#[test]
fn a_key_in_a_query_is_not_repeated() {
    let refusal = Refusal::path_not_found(b"GET", b"/v1/x?key=secret");
    assert!(
        refusal
            .message
            .starts_with("This gateway does not serve GET /v1/x.")
    );
}

#[test]
fn a_category_is_told() {
    let refusal = Refusal::content_policy(SCOPE, "violence");
    assert!(body(&refusal, OpenAi).contains(r#""category":"violence""#));
}

#[test]
fn retry_after_is_in_whole_seconds_rounded_up() {
    for (wait, seconds) in [
        (Duration::ZERO, "1"),
        (Duration::from_millis(1), "1"),
        (Duration::from_secs(1), "1"),
        (Duration::from_millis(1_001), "2"),
        (Duration::from_secs(60), "60"),
        (Duration::MAX, "18446744073709551615"),
    ] {
        let refusal = Refusal::rate_limited(SCOPE, Rate::Tokens, None, wait);
        assert_eq!(
            header(&refusal.to_reply(OpenAi, ""), "retry-after"),
            Some(seconds)
        );
    }
}

#[test]
fn whoever_is_throttled_is_told_by_what() {
    let until = Timestamp::from_secs(1_773_705_600);
    let second = Duration::from_secs(1);
    for (why, reason, remedy) in [
        (
            Throttled::from(None),
            "because most of its budget is spent: ",
            "to raise the budget.",
        ),
        (
            Throttled::from(Some(until)),
            "until 2026-03-17T00:00:00Z, because an alert on its spending says so: ",
            "to raise its throttle_factor.",
        ),
    ] {
        let rated = Refusal::throttled(SCOPE, why, Rate::Requests, (60, 30), second);
        let queued = Refusal::queued_too_long(SCOPE, why, second, second);
        for refusal in [rated, queued] {
            let message = &refusal.message;
            assert!(
                message.starts_with(&format!("{SCOPE} is throttled, {reason}")),
                "{message}"
            );
            assert!(message.ends_with(remedy), "{message}");
        }
    }
}

#[test]
fn a_key_is_called_by_its_name() {
    let scope = "key:key_1";
    let limited = Refusal::rate_limited(scope, Rate::Requests, Some(5), Duration::ZERO);
    let named = limited.naming_key("key_1", "copywriter");
    assert!(named.message.contains("key 'copywriter'"), "{named:?}");
    assert!(!named.message.contains("key_1"), "{named:?}");
    assert_eq!(named.scope.as_deref(), Some(scope));
    assert_eq!(*limited.naming_key("key_1", ""), limited);
}

#[test]
fn a_budget_overspent_has_nothing_left() {
    let owed = Money::from_nanos(-5);
    let budget = (owed, Some(Money::from_nanos(3_000_000_000)));
    let refusal = Refusal::budget_exceeded(
        SCOPE,
        Budget::Cap(CapPeriod::Monthly),
        budget,
        Money::MAX,
        None,
    );
    assert_eq!(refusal.remaining, Some(Money::ZERO));
    let told = format!(
        "Monthly budget exhausted: this request may cost up to {}, and {SCOPE} has $0.00 of $3.00 left. Ask your \
         administrator to raise it.",
        Money::MAX
    );
    assert_eq!(refusal.message, told);
    assert!(body(&refusal, OpenAi).ends_with(r#""remaining":0.0}"#));
}

proptest! {
    #[test]
    fn nothing_a_client_sends_breaks_a_reply(bytes: Vec<u8>, text: String, repeat in 1usize..99) {
        let (bytes, text) = (bytes.repeat(repeat), text.repeat(repeat));
        for refusal in [
            Refusal::unknown_namespace(&bytes),
            Refusal::key_of_another_namespace(&text, &bytes),
            Refusal::path_not_found(&bytes, &bytes),
            Refusal::model_not_found(&text, [text.as_str()]),
            Refusal::model_not_allowed(&text, &text, [text.as_str()]),
            Refusal::content_policy(&text, &text),
        ] {
            prop_assert!(refusal.message.chars().count() < 1_000);
            prop_assert!(!refusal.message.chars().any(char::is_control));
            for format in [OpenAi, Anthropic, Gemini] {
                let reply = refusal.to_reply(format, &text);
                prop_assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok());
                let fit = |(_, value): &(_, String)| value.len() <= 200
                    && value.bytes().all(|byte| byte.is_ascii_graphic());
                prop_assert!(reply.headers.iter().all(fit));
            }
        }
    }
}
