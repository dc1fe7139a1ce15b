//! What Paddock sends to webhooks.

use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, Paths,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, Required, ResponseBuilder};

/// Every notice, with the name of its schema.
pub(super) fn all() -> Paths {
    let mut paths = Paths::new();
    for (name, id, summary, schema) in [
        (
            "quota",
            "receive_quota_notice",
            "A namespace's monthly quota runs low",
            "QuotaNotice",
        ),
        (
            "refill",
            "receive_refill_notice",
            "A prepaid balance was refilled",
            "RefillNotice",
        ),
        (
            "refill_limit",
            "receive_refill_limit_notice",
            "A prepaid balance is low, and the month's refills are used up",
            "RefillLimitNotice",
        ),
        (
            "alert",
            "receive_alert_notice",
            "An alert fired",
            "AlertNotice",
        ),
    ] {
        paths
            .paths
            .insert(name.to_owned(), notice(id, summary, schema));
    }
    paths
}

fn notice(id: &str, summary: &str, schema: &str) -> PathItem {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)));
    let body = RequestBodyBuilder::new()
        .content("application/json", content.build())
        .required(Some(Required::True));
    let taken = ResponseBuilder::new()
        .description("Received. After any other status Paddock tries again, ever less often.");
    let operation = OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(summary))
        .description(Some(
            "Signed as Standard Webhooks say. Delivered at least once: a repeated delivery has the same \
             `webhook-id`.",
        ))
        .securities(Some([]))
        .parameter(header("webhook-id", "The event's id."))
        .parameter(header(
            "webhook-timestamp",
            "When it was sent, in seconds since 1970.",
        ))
        .parameter(header(
            "webhook-signature",
            "`v1,` and the Base64 of an HMAC-SHA256 of `ID.TIMESTAMP.BODY`.",
        ))
        .request_body(Some(body.build()))
        .response("2XX", taken.build());
    PathItem::new(HttpMethod::Post, operation)
}

fn header(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}
