# Written by `make python-client` from _async/transport.py: edit that.
"""Sends calls, and tries again what may be."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx2

from paddock_client._call import Call
from paddock_client._errors import APIError, ConnectionFailed, TimedOut, UnexpectedAnswer, refusal
from paddock_client._retry import Retries


@dataclass(frozen=True, repr=False)
class Transport:
    """The connections of one client."""

    http: httpx2.Client
    base_url: str
    api_key: str
    user_agent: str
    retries: Retries

    def json(self, call: Call) -> Any:
        """The answer of a call, read as JSON."""
        response = self._send(call)
        try:
            return json.loads(response.content)
        except ValueError:
            raise UnexpectedAnswer(f"{call.path} did not answer JSON.") from None

    def text(self, call: Call) -> str:
        """The answer of a call, as text."""
        return (self._send(call)).text

    def stream(self, call: Call, **timeouts: float) -> httpx2.Response:
        """An answer that is still to be read, and then closed. `timeouts` as `httpx2.Timeout` names it."""
        return self._send(call, stream=True, **timeouts)

    def _send(self, call: Call, *, stream: bool = False, **timeouts: float) -> httpx2.Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self._send_once(call, stream, timeouts)
            except httpx2.TransportError as fault:
                pause = self.retries.after_fault(call, fault, attempt)
                if pause is None:
                    raise failed(fault, self.base_url) from fault
            else:
                if response.status_code < 300:
                    return response
                error, hopeless = refused(response)
                pause = self.retries.after_refusal(call, error, attempt, not hopeless)
                if pause is None:
                    raise error
            time.sleep(pause)

    def _send_once(self, call: Call, stream: bool, timeouts: dict[str, float]) -> httpx2.Response:
        headers = {
            **call.sent_headers(),
            "authorization": f"Bearer {self.api_key}",
            "user-agent": self.user_agent,
        }
        body = call.sent_body()
        if body is not None:
            headers["content-type"] = "application/json"
        request = self.http.build_request(
            call.method,
            self.base_url + call.path,
            params=call.sent_query(),
            headers=headers,
            content=body,
        )
        request.extensions["timeout"] = {**request.extensions["timeout"], **timeouts}
        # A redirect would take the key elsewhere.
        return self.http.send(request, stream=stream, follow_redirects=False)


def refused(response: httpx2.Response) -> tuple[APIError, bool]:
    """The exception of a refusal, and whether it says that waiting does not help."""
    try:
        body = response.read()
    finally:
        response.close()
    hopeless = response.headers.get("x-should-retry") == "false"
    return refusal(response.status_code, response.headers, body), hopeless


def failed(fault: httpx2.TransportError, base_url: str) -> ConnectionFailed:
    """The exception of a call without an answer."""
    if isinstance(fault, httpx2.TimeoutException):
        return TimedOut(f"{base_url} did not answer in time.")
    return ConnectionFailed(f"{base_url} cannot be reached: {fault or type(fault).__name__}")
