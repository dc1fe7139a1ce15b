"""A running Paddock: `PADDOCK_URL` and `PADDOCK_ADMIN_KEY`, which the Rust test `python_client` sets."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from paddock_client import Paddock
from paddock_client.models import Namespace


@pytest.fixture(scope="session")
def client() -> Iterator[Paddock]:
    with Paddock() as client:
        yield client


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """What takes longer than a minute has failed."""

    def end(*_: object) -> None:
        raise TimeoutError("the test took longer than a minute")

    signal.signal(signal.SIGALRM, end)
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.fixture
def name() -> str:
    """A name that nothing has yet."""
    return f"python-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def team(client: Paddock, name: str) -> Namespace:
    return client.teams.create(name=name, organization=f"{name}-org", monthly_quota_usd=100)


@pytest.fixture
def receiver() -> Iterator[str]:
    """The URL of a receiver of webhooks, which accepts everything."""

    class Accepting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Accepting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def calling() -> Iterator[Callable[[str], None]]:
    """Calls a model with a key, again and again, until the test ends."""
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def call(key: str) -> None:
        url = os.environ["PADDOCK_URL"].removesuffix("/v1") + "/v1/chat/completions"
        body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello!"}]}
        headers = {"authorization": f"Bearer {key}"}
        while not ended.wait(0.2):
            httpx2.post(url, json=body, headers=headers)

    def start(key: str) -> None:
        threads.append(threading.Thread(target=call, args=(key,)))
        threads[-1].start()

    yield start
    ended.set()
    for thread in threads:
        thread.join()
