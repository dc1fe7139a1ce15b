# Written by `make python-client` from _async/events.py: edit that.
"""Server-sent events that resume where they broke off."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Generic, TypeVar

import httpx2

from paddock_client._call import Call
from paddock_client._decode import decode
from paddock_client._errors import UnexpectedAnswer
from paddock_client._retry import pause
from paddock_client._sync.transport import Transport, failed

Event = TypeVar("Event")

# The service sends a comment at least this often while there are no events.
SILENCE_SECONDS = 60.0


class Events(Generic[Event]):
    """Events without end. The `with` statement opens it, and closes it; iterate over it within. A broken
    stream is opened again behind the last event that came.

    Attributes:
        last_event_id: Of the last event that came. To go on after a restart, pass it to the call.
    """

    def __init__(
        self, transport: Transport, call: Call, kind: type[Event], last_event_id: str | None
    ) -> None:
        self._transport = transport
        self._call = call
        self._kind = kind
        self._response: httpx2.Response | None = None
        self.last_event_id = last_event_id

    def __iter__(self) -> Iterator[Event]:
        while True:
            fault = httpx2.TransportError("the stream ended")
            try:
                for event in self._events():
                    yield event
            except httpx2.TransportError as broken:
                fault = broken
            finally:
                self.close()
            # The transport counts failures to open it: so a stream that opens is opened again for ever.
            if self._transport.retries.at_most == 0:
                raise failed(fault, self._transport.base_url) from fault
            time.sleep(pause(1))

    def _open(self) -> httpx2.Response:
        call = self._call
        if self.last_event_id is not None:
            call = replace(call, headers={"Last-Event-ID": self.last_event_id})
        self._response = self._transport.stream(call, read=SILENCE_SECONDS)
        return self._response

    def _events(self) -> Iterator[Event]:
        """What comes until the connection ends."""
        response = self._response or self._open()
        event_id, data = self.last_event_id, ""
        for line in response.iter_lines():
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                event_id = value
            elif name == "data":
                data += value
            elif not line and data:
                event = self._event(data)
                self.last_event_id, data = event_id, ""
                yield event

    def _event(self, data: str) -> Event:
        try:
            return decode(self._kind, json.loads(data))
        except ValueError:
            raise UnexpectedAnswer(f"{self._call.path} sent an event that is not JSON.") from None

    def close(self) -> None:
        """Ends the stream."""
        response, self._response = self._response, None
        if response is not None:
            response.close()

    def __enter__(self) -> Events[Event]:
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
