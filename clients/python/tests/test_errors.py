"""What a refusal of the running service becomes."""

from __future__ import annotations

import pytest

from paddock_client import (
    BudgetExceeded,
    ConnectionFailed,
    InvalidKey,
    InvalidRequest,
    NotAllowed,
    NotFound,
    Paddock,
)
from paddock_client.models import Namespace


def test_all_violations_are_in_the_exception(client: Paddock, team: Namespace) -> None:
    client.teams.update(team.name, allowed_models=["gpt-4.1"], rate_limit_per_minute=600)
    with pytest.raises(InvalidRequest) as raised:
        client.api_keys.create(
            name="wide",
            namespace=team.name,
            allowed_models=["o1-preview", "o1-pro"],
            monthly_quota_usd=5000,
            rate_limit_per_minute=9000,
        )
    error = raised.value
    assert error.violations == (
        "Cannot assign models ['o1-preview', 'o1-pro'] - not in team whitelist",
        "Monthly quota $5000.00 exceeds team limit of $100.00",
        "Rate limit 9000 requests per minute exceeds team limit of 600",
    )
    assert (error.status, error.type) == (400, "permission_error")
    for violation in error.violations:
        assert violation in str(error)
    assert error.request_id and error.request_id in str(error)


def test_each_status_has_an_exception(client: Paddock, team: Namespace) -> None:
    with pytest.raises(NotFound) as missing:
        client.teams.get("no-such-team")
    assert (missing.value.code, missing.value.status) == ("not_found", 404)
    with pytest.raises(InvalidRequest) as wrong:
        client.teams.update(team.name, priority="urgent")  # type: ignore[arg-type]
    assert wrong.value.param == "priority"
    with pytest.raises(BudgetExceeded) as unpaid:
        client.reservations.create(team.name, estimated_cost_usd=500)
    assert (unpaid.value.remaining, unpaid.value.scope) == (100, f"namespace:{team.name}")
    assert unpaid.value.resets_at is not None
    key = client.api_keys.create(name="viewer", namespace=team.name, role="viewer")
    with Paddock(api_key=key.key) as viewer, pytest.raises(NotAllowed):
        viewer.teams.create(name="another")
    with Paddock(api_key="pk-not-a-key") as nobody, pytest.raises(InvalidKey):
        nobody.monitoring.balance()
    with Paddock("http://127.0.0.1:1", max_retries=1) as nowhere, pytest.raises(ConnectionFailed):
        nowhere.monitoring.health()


def test_an_answer_that_is_not_the_apis_is_shown_in_part() -> None:
    import httpx2

    page = httpx2.MockTransport(lambda _: httpx2.Response(418, text="<h1>a proxy</h1>" * 1000))
    client = Paddock(http_client=httpx2.Client(transport=page))
    with pytest.raises(Exception, match="http_418: <h1>a proxy") as raised:
        client.monitoring.balance()
    assert len(str(raised.value)) < 1000
