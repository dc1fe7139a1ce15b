//! Codes of refusals.

use super::{code, table};
use anyhow::Context;
use paddock_core::refusal::Code;
use paddock_core::stored::StoredKind;
use paddock_local::root;
use serde_json::Value;

pub fn of_the_gateway() -> String {
    let mut codes = Code::ALL;
    codes.sort_by_key(|one| one.status());
    let rows = codes.map(|one| {
        let types = [one.open_ai(None), one.anthropic(), one.gemini()];
        let retry = if one.is_passing() { "yes" } else { "no" };
        let (meaning, remedy) = explained(one);
        [
            one.status().to_string(),
            code(one.name()),
            types.map(code).join(" / "),
            retry.to_owned(),
            meaning.to_owned(),
            remedy.to_owned(),
        ]
    });
    let head = [
        "status",
        "code",
        "type (OpenAI / Anthropic / Gemini)",
        "retry",
        "meaning",
        "what to do",
    ];
    table(head, rows)
}

/// What happened, and what to do. A new code does not compile without either.
fn explained(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::InvalidApiKey => (
            "no key, or a key that is unknown, mistyped, expired, disabled, or of another namespace \
             than `X-Namespace` names",
            "check the key; ask your administrator to enable or renew it",
        ),
        Code::BudgetExceeded => (
            "a budget, prepaid balance or reservation cannot cover the highest plausible cost of the \
             call; `scope`, `remaining` and `resets_at` say which, how much is left, and when it \
             resets",
            "lower `max_tokens`, wait for `resets_at`, or ask for a higher budget",
        ),
        Code::NamespaceNotFound => (
            "the namespace does not exist, or the key serves several and the request names none",
            "name one in `X-Namespace`",
        ),
        Code::ModelNotAllowed => (
            "the model exists, and the caller may not use it; the message lists the allowed ones",
            "use one of those, or ask for this one",
        ),
        Code::NotPriced => (
            "the model has no price for the tier, speed, region or tool that the request asks for; the \
             message names it",
            "leave it out, or ask for its price to be set; operators see \
             [prices](../finance/prices.md)",
        ),
        Code::EndpointNotAllowed => (
            "the key's role or scopes do not cover the endpoint, or the identity is not accepted here",
            "use another key, or ask for a wider one",
        ),
        Code::ModelNotFound => (
            "neither a model nor an alias; the message lists the known ones",
            "correct the name, or ask the operator to add the model",
        ),
        Code::StoredNotFound(StoredKind::Response) => (
            "`previous_response_id` is another namespace's, or was not made through this gateway",
            "send the whole conversation; operators see [stored objects](../govern/stored.md)",
        ),
        Code::StoredNotFound(_) => (
            "the same of another stored object",
            "make it again with this key",
        ),
        Code::NotFound => (
            "no such path, or a method it does not have",
            "correct the path; `pass_through` lets further paths pass",
        ),
        Code::InvalidRequest => (
            "the body is not JSON, has no model, is ambiguous, or is in a format that the model is not \
             served in",
            "correct the request as the message says",
        ),
        Code::ContentPolicyViolation => (
            "the prompt is against the content policy; `category` says which category",
            "change the prompt, or ask for an exemption",
        ),
        Code::RequestTimeout => (
            "the body came more slowly than \
             [`held_bodies.least_bytes_per_second`](plugin.md) for 10 s",
            "send it over a faster connection, or less of it",
        ),
        Code::RequestTooLarge => ("the body is over `max_request_bytes`", "send less"),
        Code::UnsupportedEncoding => (
            "`content-encoding` is none of those in the answer's `accept-encoding`, or the path reads none",
            "send the body without an encoding",
        ),
        Code::RateLimitExceeded => (
            "a limit of requests, tokens, bytes or concurrency, a full queue, or the share of an upstream's \
             limit; `scope` and message say which",
            "wait as long as `Retry-After` says",
        ),
        Code::AccountingUnavailable => (
            "the gateway cannot reach the service, and has no lease that covers the call",
            "try again; operators see the [runbook](../operate/runbook.md)",
        ),
        Code::GatewayOverloaded => (
            "what all workers of the gateway share could not be written",
            "try again",
        ),
        Code::GatewayMisconfigured => (
            "Envoy's plugin configuration lacks `allow_on_headers_stop_iteration: true`",
            "operators add it, or use `hold: body`",
        ),
    }
}

/// From the document of the management API.
pub fn of_the_service() -> anyhow::Result<String> {
    let text = std::fs::read_to_string(root().join(super::names::OPENAPI))?;
    let document: Value = serde_json::from_str(&text)?;
    let responses = document.pointer("/components/responses");
    let responses = responses.and_then(Value::as_object);
    let responses = responses.context("the document has no responses")?;
    let mut rows = Vec::new();
    for (name, response) in responses {
        let example = response.pointer("/content/application~1json/example/error");
        let example = example.context("a response has no example")?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let error = text(example.get("code")).context("an example has no code")?;
        rows.push([
            status(&document, name).context("no operation refuses so")?,
            code(&error),
            text(example.get("type")).map_or(String::new(), |kind| code(&kind)),
            text(response.get("description")).unwrap_or_default(),
        ]);
    }
    rows.sort();
    Ok(table(["status", "code", "type", "meaning"], rows))
}

/// The status that operations answer with a response of the document.
fn status(document: &Value, response: &str) -> Option<String> {
    let reference = format!("#/components/responses/{response}");
    let operations = document.get("paths")?.as_object()?.values();
    let operations = operations
        .filter_map(Value::as_object)
        .flat_map(|path| path.values());
    let answers = operations.filter_map(|operation| operation.get("responses")?.as_object());
    answers.flatten().find_map(|(status, answer)| {
        (answer.get("$ref")? == reference.as_str()).then(|| status.clone())
    })
}
