"""What is sent, what is read, and what is never shown."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, date, datetime

import httpx2
import pytest

from paddock_client import OMIT, ConnectionFailed, Paddock, UnexpectedAnswer, models
from paddock_client._call import Call, segment
from paddock_client._decode import decode
from paddock_client._settings import Settings
from paddock_client.models import Cost, Health, Key, UsageStep


def test_what_is_omitted_is_not_sent_and_none_is() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    call = Call("PUT", "/", body={"a": OMIT, "b": None, "c": moment, "d": [{"e": 1}]})
    assert json.loads(call.sent_body() or b"") == {
        "b": None,
        "c": "2026-01-02T03:04:05Z",
        "d": [{"e": 1}],
    }
    call = Call("GET", "/", query={"a": OMIT, "b": True, "c": date(2026, 1, 2), "d": 5})
    assert call.sent_query() == {"b": "true", "c": "2026-01-02", "d": "5"}


def test_what_could_mean_several_things_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Call("PUT", "/", body={"at": datetime(2026, 1, 1)}).sent_body()
    for name in ("", ".", ".."):
        with pytest.raises(ValueError, match="cannot be a name"):
            segment(name)
    assert segment("a/b?c#d %") == "a%2Fb%3Fc%23d%20%25"
    for url in ("paddock.test", "ftp://paddock.test", "http://user:word@paddock.test", "http://"):
        with pytest.raises(ValueError, match="base_url"):
            Paddock(url, "key")
    for key in ("two words", "line\nbreak", "schlüssel"):
        with pytest.raises(ValueError, match="api_key") as raised:
            Paddock("http://paddock.test", key)
        assert key not in str(raised.value)


def test_answers_of_later_versions_are_read() -> None:
    later = decode(Health, {"status": "a new word", "version": "9.0.0", "more": 1})
    assert later == Health(status="a new word", version="9.0.0")
    cost = {"total": 1, "request_count": 2, "tokens": 3}
    assert isinstance(decode(dict[str, Cost], {"g": cost})["g"], Cost)
    step = decode(
        UsageStep, {"start": "2026-01-01T00:00:00Z", "requests": 1, "tokens": 2, "cost_usd": 3}
    )
    assert step.start == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("answer", [{}, {"status": 5}, [], None, {"status": None}])
def test_answers_that_are_something_else_are_not(answer: object) -> None:
    with pytest.raises(UnexpectedAnswer, match="Health"):
        decode(Health, answer)


def test_secrets_are_not_shown() -> None:
    secret = "pk-very-secret"
    with_secret = {
        name: [field for field, each in kind.__dataclass_fields__.items() if not each.repr]
        for name, kind in vars(models).items()
        if hasattr(kind, "__dataclass_fields__") and kind.__module__ == Key.__module__
    }
    assert {name: fields for name, fields in with_secret.items() if fields} == {
        "CreatedAlert": ["secret"],
        "CreatedKey": ["key"],
        "CreatedWebhook": ["secret"],
        "RotatedKey": ["key", "primary"],
    }
    assert secret not in repr(Settings("http://paddock.test", secret, "agent"))
    assert secret not in repr(Call("POST", "/", body={"secret": secret}))

    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("reset")

    http = httpx2.Client(transport=httpx2.MockTransport(refuse))
    client = Paddock("http://paddock.test", secret, http_client=http, max_retries=0)
    with pytest.raises(ConnectionFailed) as raised:
        client.webhooks.create(
            "n", url="http://hook.test", events=["quota_exceeded"], secret=secret
        )
    everything = [repr(client), repr(client.webhooks), *traceback.format_exception(raised.value)]
    # The line of this test's own source is in the traceback: it says `secret`, not what it is.
    assert secret not in "".join(everything)
