"""Refusals of well-formed requests that are right all the same.

A document says what a request looks like. Whether a URL may be delivered to, a model has a price or a
limit fits into its parent's depends on what else is there. A 400 is accepted here only where it names a
field that depends on such things, or says that limits are wider than the parent's.
"""

import json

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

# By operation: the fields and parameters whose values only the service can judge.
DEPENDS = {
    # Which of two thresholds, what the action needs, and whether the URL may be delivered to.
    "create_alert": {"threshold_pct", "webhook_url", "notify_emails", "keys"},
    "update_alert": {"threshold_pct", "webhook_url", "notify_emails", "keys"},
    "create_webhook": {"url", "secret"},
    "update_webhook": {"url", "secret"},
    "update_namespace_webhook": {"url", "secret"},
    "replay_events": {"target_url"},
    # A CSV has no pages; sums of keys have no cursor; a cursor is one that was answered.
    "list_audit": {"limit", "aggregation", "cursor", "fields", "start_date", "end_date"},
    "list_deliveries": {"since"},
    # One time, whose end is after its start, of at most 2,000 steps; sums by user or tag know no keys.
    "get_usage_series": {"period", "start_date", "end_date", "granularity", "key", "tag_key"},
    # The same; a CSV has no pages.
    "get_usage_table": {"period", "start_date", "end_date", "key", "tag_key", "limit"},
    # A day or a moment that there is; a cursor is one that was answered.
    "list_requests": {"limit", "cursor", "start_date", "end_date"},
    # At most 10,000 steps.
    "get_key_usage": {"granularity"},
    # An address that mail can be sent to; who it is and where cannot be changed.
    "create_member": {"email"},
    "change_member": {"email", "user_id", "namespace"},
    "change_named_member": {"email", "namespace"},
    # One of several memberships; a member that is named at all.
    "get_member": {"namespace"},
    "delete_member": {"namespace"},
    "delete_named_member": {"user_id", "namespace"},
    # A member's key is a key of their namespace.
    "create_key": {"namespace"},
    # The operator belongs to no team.
    "put_user_quota": {"namespace"},
    "list_user_quotas": {"namespace"},
    "get_team_usage": {"namespace"},
    # Models that have a price, and that the namespace may use.
    "put_namespace_settings": {
        "fallback_model", "throttle_mode", "allowed_regions", "preferred_regions",
    },
    "put_routing": {"rules"},
    # In the next 366 days; at least one of the quotas.
    "override_quota": {"override_expires_at", "monthly_quota_usd"},
    # One owner, one amount that is not 0 and of a sign that suits its kind, and a currency with a rate.
    "create_credit": {"namespace", "organization", "amount_usd", "amount", "currency"},
    # One owner, and a currency with a rate.
    "list_credits": {"namespace", "organization", "currency"},
    # At least one whole amount a month.
    "put_auto_refill": {"at_most_per_month_usd"},
    # A new model needs prices and an upstream, or deployments, of which no two are the same. A tier has a percentage or prices, a step a length of its
    # own. With a moment to come, prices alone can be sent.
    "put_price": {
        "input_usd_per_million", "output_usd_per_million", "upstream", "model", "tiers", "steps",
        "effective_from", "upstream_model", "paths", "deployments", "capabilities", "max_output_tokens",
        "output_limit_field", "context_window", "media_tokens",
    },
    # A moment from 1970 to 2262.
    "withdraw_price": {"effective_from"},
    # A name that no model has, and a model that is there.
    "put_alias": {"alias", "model"},
    # A call or a namespace, and an amount that is not 0 and not more than a call can cost.
    "create_correction": {"event_id", "namespace", "key_id", "model", "amount_usd"},
    # At least one cap; models and namespaces that are there; lists of at most 64.
    "put_organization_budget": {
        "monthly_quota_usd", "covers.models", "covers.namespaces", "covers.tags",
    },
    # A time zone that there is.
    "create_organization": {"time_zone"},
    "update_organization": {"time_zone"},
    "create_namespace": {"time_zone"},
    # The same; a namespace is never without an organization, and goes only where its limits fit.
    "update_namespace": {"organization", "time_zone"},
    # Bodies are requests to models: each has an endpoint's own fields.
    "resolve_routing": {None, "endpoint", "model", "messages", "prompt", "input", "contents"},
}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if not isinstance(failure, RejectedPositiveData):
        return True
    if response.status_code == 402:
        # A budget that is spent is no fault of the request.
        return False
    error = json.loads(response.content)["error"]
    if error["code"] == "permission_error":
        return False
    operation = case.operation.definition.raw["operationId"]
    return error["param"] not in DEPENDS.get(operation, set())
