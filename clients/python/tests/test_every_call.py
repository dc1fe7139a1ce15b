"""Each call of the client against the running service, once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from generate.names import CALLS
from paddock_client import Paddock
from paddock_client.models import WebhookEvent

MODEL = "gpt-4.1"


def eventually(look: Callable[[], list[Any]]) -> list[Any]:
    """What `look` finds, once it finds something."""
    until = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)
    return found


class Recorder:
    """Which operations were answered."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.answered: set[str] = set()
        self._operations = [
            (method.upper(), re.compile(re.sub(r"{\w+}", "[^/]+", path)), operation["operationId"])
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]

    def __call__(self, response: httpx2.Response) -> None:
        for method, pattern, operation in self._operations:
            path = response.request.url.raw_path.decode().partition("?")[0]
            if method == response.request.method and pattern.fullmatch(path):
                if response.status_code < 300:
                    self.answered.add(operation)
                return


@pytest.fixture
def recorded(client: Paddock) -> tuple[Paddock, Recorder]:
    recorder = Recorder(client.monitoring.openapi())
    http = httpx2.Client(timeout=30, event_hooks={"response": [recorder]})
    return Paddock(http_client=http), recorder


def test_every_call_is_answered_as_the_document_says(
    recorded: tuple[Paddock, Recorder],
    name: str,
    receiver: str,
    calling: Callable[[str], None],
) -> None:
    client, recorder = recorded
    organization = f"{name}-org"
    teams_and_keys(client, name, organization)
    money(client, name, organization)
    reports(client, name, organization, calling)
    notices(client, name, receiver)
    prices(client, name)
    people(client, name, organization)
    for key in client.api_keys.list(namespace=name):
        assert client.api_keys.delete(key.id).deleted
    assert client.teams.delete(name).deleted
    assert client.organizations.delete(organization).deleted
    assert recorder.answered == CALLS.keys()


def teams_and_keys(client: Paddock, name: str, organization: str) -> None:
    made = client.organizations.create(name=organization, monthly_quota_usd=1000)
    assert client.organizations.get(made.name).monthly_quota_usd == 1000
    assert client.organizations.update(made.name, tags=["trial"]).tags == ["trial"]
    assert made.name in {each.name for each in client.organizations.list(limit=100)}

    team = client.teams.create(
        name=name, organization=organization, monthly_quota_usd=100, allowed_models=[MODEL]
    )
    assert (team.organization, team.allowed_models) == (organization, [MODEL])
    assert client.teams.update(name, priority="high").priority == "high"
    assert client.teams.get(name).priority == "high"
    assert name in {each.name for each in client.teams.list(limit=100)}
    settings = client.teams.update_settings(name, auto_throttle_at_percent=80)
    assert client.teams.get_settings(name) == settings
    until = datetime.now(UTC) + timedelta(hours=1)
    client.teams.override_quota(
        name,
        monthly_quota_usd=150,
        quota_override_reason="a launch",
        override_expires_at=until,
    )
    assert client.teams.get_quota(name).monthly_quota_usd == 150
    assert (
        client.users.set_quota(user_id="ada", monthly_limit_usd=5, namespace=name).user_id == "ada"
    )
    assert [each.user_id for each in client.users.list_quotas(namespace=name)] == ["ada"]

    key = client.api_keys.create(name="first", namespace=name, monthly_quota_usd=20)
    assert key.key.endswith(key.key_preview[-4:])
    assert client.api_keys.get(key.id).name == "first"
    assert client.api_keys.update(key.id, tags={"stage": "trial"}).tags == {"stage": "trial"}
    assert client.api_keys.update_limits(key.id, rate_limit_per_minute=60).rpm == 60
    assert client.api_keys.get_limits(key.id).rpm == 60
    assert not client.api_keys.disable(key.id).enabled
    assert client.api_keys.enable(key.id).enabled
    assert client.api_keys.rotate(key.id, expires_in=1).primary != key.key
    assert client.api_keys.status(key.id).enabled
    assert client.api_keys.usage(key.id, granularity="day").total_requests == 0

    client.routing.set(
        name,
        rules=[
            {"name": "short", "match_conditions": {"max_output_tokens": 9}, "target_model": MODEL}
        ],
    )
    assert [rule.name for rule in client.routing.get(name).rules] == ["short"]
    resolved = client.routing.resolve(
        name,
        request={"model": "auto", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]},
    )
    assert (resolved.model, resolved.rule) == (MODEL, "short")
    assert client.routing.delete(name).deleted


def money(client: Paddock, name: str, organization: str) -> None:
    credit = client.credits.create(namespace=name, amount_usd=20, kind="top_up")
    again = client.credits.create(
        namespace=name, amount_usd=20, kind="top_up", reference=credit.reference
    )
    assert again.id == credit.id
    assert client.credits.list(namespace=name).first().balance_usd == 20
    assert [each.id for each in client.credits.list(namespace=name)] == [credit.id]
    client.credits.set_auto_refill(name, below_usd=1, amount_usd=5, at_most_per_month_usd=10)
    assert client.credits.get_auto_refill(name).amount_usd == 5
    assert client.credits.delete_auto_refill(name).deleted

    reserved = client.reservations.create(name, estimated_cost_usd=2)
    assert reserved.approved
    assert client.reservations.get(name, reserved.reservation_id).status == "open"
    assert [each.reservation_id for each in client.reservations.list(name)] == [
        reserved.reservation_id
    ]
    assert client.reservations.release(name, reserved.reservation_id).status == "released"

    client.corrections.create(namespace=name, amount_usd=1, reason="a test")
    assert [each.amount_usd for each in client.corrections.list(namespace=name)] == [1]
    assert client.monitoring.balance().currency == "USD"
    costs = client.monitoring.cost_attribution(namespace=name, group_by="namespace")
    assert list(costs) == [name]


def notices(client: Paddock, name: str, receiver: str) -> None:
    hook = client.webhooks.create(name, events=["quota_95_percent"], url=receiver)
    assert hook.secret
    assert client.webhooks.get(hook.id).url == receiver
    both: list[WebhookEvent] = ["quota_80_percent", "quota_95_percent"]
    assert client.webhooks.update(hook.id, events=both).events == both
    assert [each.id for each in client.webhooks.list(name)] == [hook.id]
    client.corrections.create(namespace=name, amount_usd=125, reason="a test")
    first = eventually(lambda: list(client.webhooks.list_deliveries(hook.id, status="delivered")))[
        0
    ]
    assert first.event == "quota_80_percent"
    (again,) = client.webhooks.replay_events(hook.id, event_ids=[first.event_id]).data
    assert (again.event_id, again.target_url) == (first.event_id, receiver)
    assert client.webhooks.delete(hook.id).deleted

    alert = client.alerts.create(name, name="half", action="throttle", threshold_pct=50)
    assert client.alerts.get(name, alert.id).threshold_pct == 50
    assert client.alerts.update(name, alert.id, threshold_pct=60).threshold_pct == 60
    assert [each.id for each in client.alerts.list(name)] == [alert.id]
    assert client.alerts.delete(name, alert.id).deleted


def reports(client: Paddock, name: str, organization: str, calling: Callable[[str], None]) -> None:
    assert client.teams.usage(name).namespace == name
    assert client.teams.usage_by_user(namespace=name, period="7d").total_requests >= 0
    actions = [each.action for each in client.audit.list(namespace=name, action="key.")]
    assert "key.create" in actions
    assert client.audit.verify(organization=organization).valid
    assert client.monitoring.openapi()["openapi"].startswith("3.1")
    assert client.monitoring.health().status == "ok"
    assert client.monitoring.readiness().status == "ready"
    assert "paddock_http_requests" in client.monitoring.metrics()
    assert client.monitoring.reconcile(events=[]).received == 0
    (key,) = client.api_keys.list(namespace=name)
    calling(client.api_keys.rotate(key.id).primary)
    with client.monitoring.stream_usage(namespace=name, granularity="1s") as events:
        # A correction is usage too.
        event = next(event for event in events if event.key_id == key.id)
        assert event.namespace == name
        assert events.last_event_id
    call = client.monitoring.list_requests(key=key.id).first().data[0]
    assert client.monitoring.get_request(call.id).namespace == name
    assert client.monitoring.usage_series(namespace=name, group_by="key").groups
    assert client.monitoring.usage_table(namespace=name, group_by="key").first().data
    assert {each.version for each in client.monitoring.list_gateways() if each.protocol == 1}
    assert client.api_keys.revoke_secondary(key.id).id == key.id
    assert client.api_keys.whoami().role == "operator"


def prices(client: Paddock, name: str) -> None:
    model = f"{name}-model"
    price = client.prices.set(
        model, input_usd_per_million=1, output_usd_per_million=2, upstream="openai"
    )
    assert client.prices.get(model).model == price.model
    assert model in {each.model for each in client.prices.list()}
    later = datetime(2099, 1, 1, tzinfo=UTC)
    client.prices.set(model, input_usd_per_million=3, effective_from=later)
    assert client.prices.withdraw(model, effective_from=later).later == []
    assert client.aliases.set(f"{name}-alias", model=model).model == model
    assert f"{name}-alias" in {each.alias for each in client.aliases.list()}
    assert client.aliases.delete(f"{name}-alias").deleted


def people(client: Paddock, name: str, organization: str) -> None:
    member = client.members.create(
        user_id="ada", email="ada@example.com", namespace=name, role="viewer"
    )
    assert client.members.get(member.id).user_id == "ada"
    assert client.members.update(member.id, role="developer").role == "developer"
    assert [each.id for each in client.members.list(namespace=name)] == [member.id]
    assert client.members.delete(member.id).deleted
    made = client.budgets.set(
        organization, "dear", covers={"models": ["gpt-4.1"]}, monthly_quota_usd=5.0
    )
    assert made.covers.models == ["gpt-4.1"]
    assert client.budgets.get(organization, "dear").budgets[0].limit_usd == 5.0
    assert [each.name for each in client.budgets.list(organization)] == ["dear"]
    assert client.budgets.delete(organization, "dear").deleted
    assert {role.name for role in client.roles.list(organization=organization)} >= {"viewer"}
    client.roles.set(organization, "viewer", can_view_analytics=False)
    assert not client.roles.get(organization, "viewer").can_view_analytics
    assert client.roles.reset(organization, "viewer").can_view_analytics
