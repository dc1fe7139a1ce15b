#!/usr/bin/env python3
"""Writes the dashboards of Grafana, one a reader, into the folder that is named, `dashboards` if none is.

Each panel is a title, a unit of Grafana's and queries of Prometheus with their legends. The format is Grafana's
dashboard JSON model, schema version 39:
https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

import json
import sys
from pathlib import Path

SOURCE = {"type": "prometheus", "uid": "${source}"}
TENANT = 'ns=~"$ns"'
BILLION = "1e9"


def panel(title, unit, *queries, kind="timeseries", width=12):
    return {"title": title, "unit": unit, "queries": queries, "kind": kind, "width": width}


def stat(title, unit, query):
    return panel(title, unit, (query, ""), kind="stat", width=6)


OPERATOR = [
    stat("Calls a second", "reqps", "sum(rate(paddock_requests_total[$__rate_interval]))"),
    stat("Refused a second", "reqps", "sum(rate(paddock_refusals_total[$__rate_interval])) or vector(0)"),
    stat("Service", "none", 'count(up{job="paddock"} == 1) or vector(0)'),
    stat("Longest since an Envoy heard the service", "s", "max(paddock_policy_age_seconds)"),
    panel("Calls by status", "reqps", ("sum by (code) (rate(paddock_requests_total[$__rate_interval]))", "{{code}}")),
    panel("Refusals by code", "reqps", ("sum by (reason) (rate(paddock_refusals_total[$__rate_interval]))", "{{reason}}")),
    panel("Calls by model", "reqps", ("sum by (model) (rate(paddock_requests_total[$__rate_interval]))", "{{model}}")),
    panel(
        "Decided without the service",
        "reqps",
        ("sum by (scope, reason) (rate(paddock_failures_total[$__rate_interval]))", "{{scope}}, {{reason}}"),
    ),
    panel(
        "Failover",
        "cps",
        ("sum by (model) (rate(paddock_attempts_total[$__rate_interval]))", "attempts, {{model}}"),
        ("sum by (scope) (rate(paddock_cool_downs_total[$__rate_interval]))", "cool-downs, {{scope}}"),
    ),
    panel(
        "Usage events",
        "cps",
        ("sum(rate(paddock_ledger_events_total[$__rate_interval]))", "booked"),
        ("sum(rate(paddock_ledger_events_repeated_total[$__rate_interval]))", "repeated"),
        ("sum(rate(paddock_ledger_events_reconciled_total[$__rate_interval]))", "from access logs"),
        ("sum(rate(paddock_ledger_events_rejected_total[$__rate_interval]))", "unreadable"),
        ("sum(rate(paddock_ledger_events_set_aside_total[$__rate_interval]))", "set aside"),
    ),
    panel(
        "Requests to the service",
        "reqps",
        ("sum by (status) (rate(paddock_http_requests_total[$__rate_interval]))", "{{status}}"),
    ),
    panel(
        "Time of the service, 95th percentile",
        "s",
        (
            "histogram_quantile(0.95, sum by (route, le) "
            "(rate(paddock_http_request_duration_seconds_bucket[$__rate_interval])))",
            "{{route}}",
        ),
    ),
    panel(
        "Messages to webhooks, Slack and mail",
        "cps",
        ("sum by (channel, outcome) (rate(paddock_delivery_attempts_total[$__rate_interval]))", "{{channel}}, {{outcome}}"),
    ),
    panel("Money on lease", "currencyUSD", ("paddock_gateway_lent_dollars", "{{gateway}}")),
    panel(
        "Since a gateway was heard of",
        "s",
        ("time() - paddock_gateway_last_sync_timestamp_seconds", "{{gateway}}"),
    ),
    panel(
        "What waits",
        "short",
        ("sum(paddock_booking_queue_messages)", "messages to be booked"),
        ('max(paddock_deliveries{state="pending"})', "deliveries"),
        ('sum(paddock_database_connections{state="used"})', "connections in use"),
    ),
    panel("Memory of Envoy", "bytes", ("envoy_server_memory_allocated", "{{instance}}")),
]

TENANTS = [
    stat("Calls", "short", f"sum(increase(paddock_requests_total{{{TENANT}}}[$__range]))"),
    stat("Cost", "currencyUSD", f"sum(increase(paddock_cost_nanodollars_total{{{TENANT}}}[$__range])) / {BILLION}"),
    stat(
        "Tokens",
        "short",
        f"sum(increase(paddock_input_tokens_total{{{TENANT}}}[$__range]))"
        f" + sum(increase(paddock_output_tokens_total{{{TENANT}}}[$__range]))",
    ),
    stat("Refused", "short", f"sum(increase(paddock_refusals_total{{{TENANT}}}[$__range])) or vector(0)"),
    panel(
        "Calls by model",
        "reqps",
        (f"sum by (model) (rate(paddock_requests_total{{{TENANT}}}[$__rate_interval]))", "{{model}}"),
    ),
    panel(
        "Calls by status",
        "reqps",
        (f"sum by (code) (rate(paddock_requests_total{{{TENANT}}}[$__rate_interval]))", "{{code}}"),
    ),
    panel(
        "Tokens a minute",
        "short",
        (f"60 * sum(rate(paddock_input_tokens_total{{{TENANT}}}[$__rate_interval]))", "prompts"),
        (f"60 * sum(rate(paddock_output_tokens_total{{{TENANT}}}[$__rate_interval]))", "answers"),
    ),
    panel(
        "Refusals by code",
        "reqps",
        (f"sum by (reason) (rate(paddock_refusals_total{{{TENANT}}}[$__rate_interval]))", "{{reason}}"),
    ),
    panel(
        "Cost an hour",
        "currencyUSD",
        (f"3600 * sum by (model) (rate(paddock_cost_nanodollars_total{{{TENANT}}}[$__rate_interval])) / {BILLION}", "{{model}}"),
    ),
    panel(
        "Left of the month's budget",
        "currencyUSD",
        (f"min by (ns) (paddock_budget_remaining_dollars{{{TENANT}}})", "{{ns}}"),
    ),
    panel(
        "Over limits that are not enforced",
        "reqps",
        (f"sum by (scope, reason) (rate(paddock_over_limit_total{{{TENANT}}}[$__rate_interval]))", "{{scope}}, {{reason}}"),
    ),
]

FINANCE = [
    stat("Cost", "currencyUSD", f"sum(increase(paddock_cost_nanodollars_total[$__range])) / {BILLION}"),
    stat(
        "A million tokens",
        "currencyUSD",
        "sum(increase(paddock_cost_nanodollars_total[$__range])) / 1e3 / "
        "(sum(increase(paddock_input_tokens_total[$__range])) + sum(increase(paddock_output_tokens_total[$__range])))",
    ),
    stat("A day, as of the last hour", "currencyUSD", f"86400 * sum(rate(paddock_cost_nanodollars_total[1h])) / {BILLION}"),
    stat(
        "Calls with estimated usage",
        "percentunit",
        "(sum(increase(paddock_estimated_total[$__range])) or vector(0)) / sum(increase(paddock_requests_total[$__range]))",
    ),
    panel(
        "Cost by namespace",
        "currencyUSD",
        (f"sort_desc(sum by (ns) (increase(paddock_cost_nanodollars_total[$__range]))) / {BILLION}", "{{ns}}"),
        kind="bargauge",
    ),
    panel(
        "Cost by model",
        "currencyUSD",
        (f"sort_desc(sum by (model) (increase(paddock_cost_nanodollars_total[$__range]))) / {BILLION}", "{{model}}"),
        kind="bargauge",
    ),
    panel(
        "Spent of the month's budget",
        "percentunit",
        (
            "sort_desc(max by (organization, ns) (paddock_budget_spent_dollars / paddock_budget_limit_dollars))",
            "{{organization}}, {{ns}}",
        ),
        kind="bargauge",
        width=24,
    ),
    panel(
        "Cost an hour by namespace",
        "currencyUSD",
        (f"3600 * sum by (ns) (rate(paddock_cost_nanodollars_total[$__rate_interval])) / {BILLION}", "{{ns}}"),
        width=24,
    ),
]

DASHBOARDS = {
    "operator": ("Paddock: operator", OPERATOR),
    "tenant": ("Paddock: namespaces", TENANTS),
    "finance": ("Paddock: cost", FINANCE),
}


def laid_out(panels):
    """Panels from left to right, in rows of 24 columns."""
    x = y = 0
    for number, each in enumerate(panels, 1):
        height = 4 if each["kind"] == "stat" else 8
        if x + each["width"] > 24:
            x, y = 0, y + row
        row = height
        instant = each["kind"] != "timeseries"
        yield {
            "id": number,
            "title": each["title"],
            "type": each["kind"],
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": each["width"], "h": height},
            "fieldConfig": {"defaults": {"unit": each["unit"], "min": 0}, "overrides": []},
            "options": {"orientation": "horizontal"} if each["kind"] == "bargauge" else {},
            "targets": [
                {
                    "refId": chr(ord("A") + index),
                    "datasource": SOURCE,
                    "expr": query,
                    "legendFormat": legend,
                    "instant": instant,
                    "range": not instant,
                }
                for index, (query, legend) in enumerate(each["queries"])
            ],
        }
        x += each["width"]


def variables(panels):
    yield {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    if any(TENANT in query for each in panels for query, _ in each["queries"]):
        yield {
            "name": "ns",
            "label": "Namespace",
            "type": "query",
            "datasource": SOURCE,
            "query": "label_values(paddock_requests_total, ns)",
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        }


def dashboard(name, title, panels):
    return {
        "uid": f"paddock-{name}",
        "title": title,
        "tags": ["paddock"],
        "schemaVersion": 39,
        "editable": True,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": list(variables(panels))},
        "panels": list(laid_out(panels)),
    }


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "dashboards"
    folder.mkdir(exist_ok=True)
    for name, (title, panels) in DASHBOARDS.items():
        text = json.dumps(dashboard(name, title, panels), indent=2, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n")


main()
