"""What is tried again, after how long, and with which idempotency key."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx2
import pytest

from paddock_client import (
    ConnectionFailed,
    Paddock,
    PaddockError,
    ServiceFailed,
    TimedOut,
    TooManyRequests,
    UnexpectedAnswer,
)

Answer = httpx2.Response | Exception


class Service:
    """Answers one after the other, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, max_retries: int = 3) -> Paddock:
        http = httpx2.Client(transport=httpx2.MockTransport(self))
        return Paddock("http://paddock.test", "key", http_client=http, max_retries=max_retries)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made: none lasts."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


def error(status: int, code: str = "x", **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"code": code}}, headers=headers)


HEALTHY = {"status": "ok", "version": "1.0.0"}


def test_retry_after_is_obeyed(pauses: list[float]) -> None:
    service = Service(error(429, **{"retry-after": "7"}), httpx2.Response(200, json=HEALTHY))
    assert service.client().monitoring.health().status == "ok"
    assert pauses == [7]


def test_pauses_grow_and_end(pauses: list[float]) -> None:
    service = Service(*(error(503) for _ in range(4)))
    with pytest.raises(ServiceFailed):
        service.client().monitoring.health()
    assert len(service.requests) == 4
    assert all(low <= made <= 2 * low for low, made in zip((0.25, 0.5, 1), pauses, strict=True))


@pytest.mark.parametrize(
    "answer",
    [
        error(429, **{"retry-after": "3600"}),
        error(503, **{"x-should-retry": "false"}),
        error(500),
        error(404),
    ],
)
def test_what_waiting_does_not_cure_is_raised_at_once(answer: httpx2.Response) -> None:
    service = Service(answer)
    with pytest.raises(PaddockError):
        service.client().monitoring.health()
    assert len(service.requests) == 1


def create_key(client: Paddock) -> object:
    return client.api_keys.create(name="k")


def delete_key(client: Paddock) -> object:
    return client.api_keys.delete("k")


@pytest.mark.parametrize("call", [create_key, delete_key])
@pytest.mark.parametrize("lost", [error(503), error(504), httpx2.ReadError("reset")])
def test_what_may_have_been_done_is_not_done_twice(
    call: Callable[[Paddock], object], lost: Answer
) -> None:
    service = Service(lost)
    with pytest.raises((ServiceFailed, ConnectionFailed)):
        call(service.client())
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "undone", [error(429), error(503, "accounting_unavailable"), httpx2.ConnectError("refused")]
)
def test_what_was_not_done_is_tried_again(undone: Answer) -> None:
    service = Service(undone, error(404))
    with pytest.raises(PaddockError):
        create_key(service.client())
    assert len(service.requests) == 2


def test_an_idempotency_key_stays_the_same_in_all_attempts() -> None:
    services = [
        Service(httpx2.ReadTimeout("lost"), error(502), httpx2.Response(201, json={}))
        for _ in range(2)
    ]
    keys = []
    for service in services:
        with pytest.raises(UnexpectedAnswer):
            service.client().credits.create(namespace="n", amount_usd=1, kind="top_up")
        keys.append({json.loads(request.content)["reference"] for request in service.requests})
        assert len(service.requests) == 3 and len(keys[-1]) == 1
    assert keys[0] != keys[1]


def test_none_are_made_if_none_are_wanted() -> None:
    with pytest.raises(TooManyRequests):
        Service(error(429)).client(max_retries=0).monitoring.health()
    with pytest.raises(TimedOut):
        Service(httpx2.ReadTimeout("")).client(max_retries=0).monitoring.health()


def test_a_redirect_does_not_take_the_key_elsewhere() -> None:
    service = Service(httpx2.Response(307, headers={"location": "http://elsewhere.test/"}))
    with pytest.raises(PaddockError):
        service.client().monitoring.health()
    assert [request.url.host for request in service.requests] == ["paddock.test"]
