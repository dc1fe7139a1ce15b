"""A report that may be large."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2

from paddock_client._async.transport import AsyncTransport, failed
from paddock_client._call import Call


class AsyncReport:
    """A report, which is made and sent when it is read. Each reading makes it anew."""

    def __init__(self, transport: AsyncTransport, call: Call) -> None:
        self._transport = transport
        self._call = call

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its bytes, as they come. Nothing but the chunk is in memory.

        Raises:
            ConnectionFailed: it broke off, so that what came is not the whole.
        """
        response = await self._transport.stream(self._call)
        try:
            async for chunk in response.aiter_bytes():
                yield chunk
        except httpx2.TransportError as fault:
            raise failed(fault, self._transport.base_url) from fault
        finally:
            await response.aclose()

    async def text(self) -> str:
        """The whole, in memory."""
        return b"".join([chunk async for chunk in self.chunks()]).decode()

    async def save(self, path: str | Path) -> None:
        """Writes it to a file, which has the whole or does not exist: a part is never left behind."""
        path = Path(path)
        part = path.with_name(path.name + ".part")
        try:
            with part.open("wb") as file:
                async for chunk in self.chunks():
                    file.write(chunk)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
