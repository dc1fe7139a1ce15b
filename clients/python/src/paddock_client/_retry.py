"""When a call is tried again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass

import httpx2

from paddock_client._call import Call
from paddock_client._errors import APIError

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0
# A service that asks for longer is not waited for.
LONGEST_RETRY_AFTER_SECONDS = 60
# The service did nothing, and says so.
UNDONE = "accounting_unavailable"


@dataclass(frozen=True)
class Retries:
    """`at_most` further attempts."""

    at_most: int

    def after_refusal(
        self, call: Call, error: APIError, attempt: int, wanted: bool
    ) -> float | None:
        """Seconds to wait before attempt number `attempt`, from 1; None to give up.

        `wanted` is whether the answer leaves it open that waiting helps (`x-should-retry`).
        """
        undone = error.status == 429 or error.code == UNDONE
        passing = undone or (call.repeatable and error.status in (408, 502, 503, 504))
        if attempt > self.at_most or not passing or not wanted:
            return None
        if error.retry_after is None:
            return pause(attempt)
        return error.retry_after if error.retry_after <= LONGEST_RETRY_AFTER_SECONDS else None

    def after_fault(self, call: Call, fault: httpx2.TransportError, attempt: int) -> float | None:
        """The same if no answer came. What may have been done is done again only if that changes nothing."""
        not_sent = isinstance(
            fault, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout
        )
        if attempt > self.at_most or not (not_sent or call.repeatable):
            return None
        return pause(attempt)


def pause(attempt: int) -> float:
    """Twice as long each time, and at random: clients that failed together do not return together."""
    longest: float = min(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
    return longest * random.uniform(0.5, 1)  # noqa: S311
