"""Server-sent events that resume where they broke off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from types import TracebackType
from typing import Generic, TypeVar

import httpx2

from paddock_client._async.transport import AsyncTransport, failed
from paddock_client._call import Call
from paddock_client._decode import decode
from paddock_client._errors import UnexpectedAnswer
from paddock_client._retry import pause

Event = TypeVar("Event")

# The service sends a comment at least this often while there are no events.
SILENCE_SECONDS = 60.0


class AsyncEvents(Generic[Event]):
    """Events without end. The `with` statement opens it, and closes it; iterate over it within. A broken
    stream is opened again behind the last event that came.

    Attributes:
        last_event_id: Of the last event that came. To go on after a restart, pass it to the call.
    """

    def __init__(
        self, transport: AsyncTransport, call: Call, kind: type[Event], last_event_id: str | None
    ) -> None:
        self._transport = transport
        self._call = call
        self._kind = kind
        self._response: httpx2.Response | None = None
        self.last_event_id = last_event_id

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            fault = httpx2.TransportError("the stream ended")
            try:
                async for event in self._events():
                    yield event
            except httpx2.TransportError as broken:
                fault = broken
            finally:
                await self.aclose()
            # The transport counts failures to open it: so a stream that opens is opened again for ever.
            if self._transport.retries.at_most == 0:
                raise failed(fault, self._transport.base_url) from fault
            await asyncio.sleep(pause(1))

    async def _open(self) -> httpx2.Response:
        call = self._call
        if self.last_event_id is not None:
            call = replace(call, headers={"Last-Event-ID": self.last_event_id})
        self._response = await self._transport.stream(call, read=SILENCE_SECONDS)
        return self._response

    async def _events(self) -> AsyncIterator[Event]:
        """What comes until the connection ends."""
        response = self._response or await self._open()
        event_id, data = self.last_event_id, ""
        async for line in response.aiter_lines():
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

    async def aclose(self) -> None:
        """Ends the stream."""
        response, self._response = self._response, None
        if response is not None:
            await response.aclose()

    async def __aenter__(self) -> AsyncEvents[Event]:
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
