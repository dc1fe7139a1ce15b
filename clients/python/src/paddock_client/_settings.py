"""What a client is told, or finds in the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import httpx2


@dataclass(frozen=True)
class Settings:
    """Where to send calls, and with which key."""

    base_url: str
    api_key: str = field(repr=False)
    user_agent: str

    @staticmethod
    def read(base_url: str | None, api_key: str | None, max_retries: int) -> Settings:
        """The environment's where an argument is None.

        Raises:
            ValueError: something is missing or wrong. It does not show the key.
        """
        base_url = base_url or os.environ.get("PADDOCK_URL")
        api_key = api_key or os.environ.get("PADDOCK_ADMIN_KEY")
        if not base_url:
            raise ValueError("There is no address. Pass base_url or set PADDOCK_URL.")
        if not api_key:
            raise ValueError("There is no key. Pass api_key or set PADDOCK_ADMIN_KEY.")
        url = httpx2.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query:
            raise ValueError(
                "base_url must be http:// or https:// with a host, without a user or a query."
            )
        if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
            raise ValueError("api_key has a character that no key has, such as a line break.")
        if max_retries < 0:
            raise ValueError("max_retries must be 0 or more.")
        # Clients of models get it with /v1.
        base_url = base_url.rstrip("/").removesuffix("/v1")
        return Settings(base_url, api_key, f"paddock-client/{own_version()}")


def own_version() -> str:
    """The version of this package; `source` if it is not installed."""
    try:
        return version("paddock-client")
    except PackageNotFoundError:
        return "source"
