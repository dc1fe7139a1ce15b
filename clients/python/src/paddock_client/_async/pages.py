"""Lists that come page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from paddock_client._async.transport import AsyncTransport
from paddock_client._call import Call
from paddock_client._decode import decode


class AsyncHasRows(Protocol):
    """A page."""

    @property
    def data(self) -> list[Any]:
        """Its rows."""


Row = TypeVar("Row")
Page = TypeVar("Page", bound=AsyncHasRows)


class AsyncPages(Generic[Row, Page]):
    """All rows of a list: iterate over it. Each page is asked for when its first row is."""

    def __init__(
        self, transport: AsyncTransport, call: Call, page: type[Page], onward: str | None = None
    ) -> None:
        self._transport = transport
        self._call = call
        self._page = page
        # The parameter that asks for the next page; None if there is only one.
        self._onward = onward

    async def first(self) -> Page:
        """The first page, with what it says beside its rows."""
        return decode(self._page, await self._transport.json(self._call))

    async def pages(self) -> AsyncIterator[Page]:
        """Page by page."""
        call = self._call
        while True:
            page = decode(self._page, await self._transport.json(call))
            yield page
            if self._onward is None or not getattr(page, "has_more", False):
                return
            last = "next_cursor" if self._onward == "cursor" else "last_id"
            call = replace(call, query={**call.query, self._onward: getattr(page, last)})

    async def __aiter__(self) -> AsyncIterator[Row]:
        async for page in self.pages():
            for row in page.data:
                yield row
