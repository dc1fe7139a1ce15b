"""Events that resume, pages, and reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from paddock_client import AsyncPaddock, ConnectionFailed, InvalidRequest, Paddock
from paddock_client.models import Namespace

EVENT = (
    '"timestamp": "2026-01-01T00:00:00Z", "interval_seconds": 1, "namespace": "n", "key_id": "k",'
    ' "key_name": "k", "model": "m", "requests": 1, "total_tokens": 2'
)


class Broken(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """An event in two lines, a comment, part of an event, and the connection's end."""

    def __init__(self, number: int) -> None:
        text = f'id: {number}\ndata: {{{EVENT},\ndata: "cost_usd": {number}}}\n\n: alive\n\nid: 9\ndata: {{'
        self.parts = [text[:40].encode(), text[40:].encode()]

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts
        raise httpx2.ReadError("reset")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            yield part
        raise httpx2.ReadError("reset")


class Service:
    """Streams that break after an event each."""

    def __init__(self) -> None:
        self.resumed: list[str | None] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.resumed.append(request.headers.get("last-event-id"))
        return httpx2.Response(200, stream=Broken(len(self.resumed)))


def test_a_broken_stream_resumes_behind_the_last_whole_event() -> None:
    service = Service()
    http = httpx2.Client(transport=httpx2.MockTransport(service))
    client = Paddock("http://paddock.test", "key", http_client=http)
    with client.monitoring.stream_usage(last_event_id="0") as events:
        costs = [event.cost_usd for _, event in zip(range(3), events, strict=False)]
    assert costs == [1, 2, 3]
    assert service.resumed == ["0", "1", "2"]
    assert events.last_event_id == "3"


def test_it_does_so_asynchronously() -> None:
    service = Service()

    async def run() -> list[float]:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(service))
        client = AsyncPaddock("http://paddock.test", "key", http_client=http)
        costs = []
        async with client.monitoring.stream_usage() as events:
            async for event in events:
                costs.append(event.cost_usd)
                if len(costs) == 2:
                    break
        return costs

    assert asyncio.run(run()) == [1, 2]
    assert service.resumed[:2] == [None, "1"]


def test_a_stream_that_may_not_resume_breaks() -> None:
    http = httpx2.Client(transport=httpx2.MockTransport(Service()))
    client = Paddock("http://paddock.test", "key", http_client=http, max_retries=0)
    with pytest.raises(ConnectionFailed):
        list(client.monitoring.stream_usage())


def test_pages_follow_each_other(client: Paddock, team: Namespace) -> None:
    for number in range(5):
        client.api_keys.create(name=f"key-{number}", namespace=team.name)
    pages = client.api_keys.list(namespace=team.name, limit=2)
    assert [len(page.data) for page in pages.pages()] == [2, 2, 1]
    assert sorted(key.name for key in pages) == [f"key-{number}" for number in range(5)]
    entries = client.audit.list(namespace=team.name, action="key.create", limit=2)
    assert [entry.resource_type for entry in entries] == ["key"] * 5


def test_the_asynchronous_client_does_the_same(
    team: Namespace, calling: Callable[[str], None]
) -> None:
    async def run() -> None:
        async with AsyncPaddock() as client:
            made = [
                await client.api_keys.create(name=f"k{n}", namespace=team.name) for n in range(3)
            ]
            listed = [key.id async for key in client.api_keys.list(namespace=team.name, limit=2)]
            assert sorted(listed) == sorted(key.id for key in made)
            with pytest.raises(InvalidRequest) as raised:
                await client.api_keys.update(made[0].id, monthly_quota_usd=500)
            assert raised.value.violations
            report = client.audit.generate_report(namespace=team.name, fields="action,resource_id")
            assert (await report.text()).startswith("action,resource_id")
            calling(made[0].key)
            async with client.monitoring.stream_usage(
                namespace=team.name, granularity="1s"
            ) as events:
                async for event in events:
                    assert event.key_id == made[0].id
                    break

    asyncio.run(run())


def test_a_report_is_a_file_or_nothing(client: Paddock, team: Namespace, tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    client.audit.generate_report(namespace=team.name, fields="action,project").save(path)
    assert path.read_text() == f"action,project\nnamespace.create,{team.name}\n"
    broken = httpx2.Client(transport=httpx2.MockTransport(Service()))
    other = Paddock("http://paddock.test", "key", http_client=broken)
    with pytest.raises(ConnectionFailed):
        other.audit.generate_report().save(tmp_path / "part.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["audit.csv"]
