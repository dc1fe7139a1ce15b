# Written by `make python-client` from _async/client.py: edit that.
"""The client."""

from __future__ import annotations

from types import TracebackType

import httpx2

from paddock_client._retry import Retries
from paddock_client._settings import Settings
from paddock_client._sync.calls import Groups
from paddock_client._sync.transport import Transport


class Paddock(Groups):
    """The management API of Paddock, with the rights of one key. It is synchronous, for time.

    Close it, or use it in a `with` statement.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 30.0,
        max_retries: int = 3,
        http_client: httpx2.Client | None = None,
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
        self._http = http_client or httpx2.Client(timeout=timeout)
        self._base_url = settings.base_url
        super().__init__(
            Transport(
                http=self._http,
                base_url=settings.base_url,
                api_key=settings.api_key,
                user_agent=settings.user_agent,
                retries=Retries(max_retries),
            )
        )

    def __repr__(self) -> str:
        return f"Paddock({self._base_url!r})"

    def close(self) -> None:
        """Closes its connections."""
        if self._own_http:
            self._http.close()

    def __enter__(self) -> Paddock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
