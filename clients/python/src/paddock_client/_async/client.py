"""The client."""

from __future__ import annotations

from types import TracebackType

import httpx2

from paddock_client._async.calls import AsyncGroups
from paddock_client._async.transport import AsyncTransport
from paddock_client._retry import Retries
from paddock_client._settings import Settings


class AsyncPaddock(AsyncGroups):
    """The management API of Paddock, with the rights of one key. It is asynchronous, for asyncio.

    Close it, or use it in a `with` statement.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 30.0,
        max_retries: int = 3,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        """
        Args:
            base_url: Where Paddock is: Envoy or the service. `PADDOCK_URL` by default.
            api_key: The operator's key or any other. `PADDOCK_ADMIN_KEY` by default.
            timeout: Seconds that a connection, or the next part of an answer, may take.
            max_retries: How often a call is tried again; 0 is never.
            http_client: For proxies, certificates or tests. It is not closed with this client, and its own
                timeout counts.

        Raises:
            ValueError: the address or the key is missing or wrong.
        """
        settings = Settings.read(base_url, api_key, max_retries)
        self._own_http = http_client is None
        self._http = http_client or httpx2.AsyncClient(timeout=timeout)
        self._base_url = settings.base_url
        super().__init__(
            AsyncTransport(
                http=self._http,
                base_url=settings.base_url,
                api_key=settings.api_key,
                user_agent=settings.user_agent,
                retries=Retries(max_retries),
            )
        )

    def __repr__(self) -> str:
        return f"AsyncPaddock({self._base_url!r})"

    async def aclose(self) -> None:
        """Closes its connections."""
        if self._own_http:
            await self._http.aclose()

    async def __aenter__(self) -> AsyncPaddock:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
