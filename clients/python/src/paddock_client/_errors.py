"""What the client raises. Everything is a `PaddockError`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

# Of an answer that is not the API's, such as a proxy's page.
LONGEST_MESSAGE = 500


class PaddockError(Exception):
    """Anything that went wrong with a call."""


class ConnectionFailed(PaddockError):
    """No answer came: the address is wrong, the network or the service is down."""


class TimedOut(ConnectionFailed):
    """No answer came in time."""


class UnexpectedAnswer(PaddockError):
    """The answer is not what the API answers: it comes from something else, or from another version."""


class APIError(PaddockError):
    """The API refused the call.

    Attributes:
        status: The HTTP status.
        code: For programs, such as `not_found`.
        type: The kind of refusal, such as `permission_error`.
        message: For people.
        param: The argument it is about, if it is about one.
        violations: Everything that is wrong, each a phrase; empty if the message says all.
        scope: The scope that decided, such as `namespace:search`.
        request_id: The call in the service's log and audit.
        retry_after: Seconds to wait, if the answer says so.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        detail = _detail(body)
        self.status = status
        self.code = _text(detail, "code") or f"http_{status}"
        self.type = _text(detail, "type") or "unknown"
        plain = body.decode(errors="replace").strip()[:LONGEST_MESSAGE]
        self.message = _text(detail, "message") or plain or f"HTTP status {status}"
        self.param = _text(detail, "param")
        listed = detail.get("violations")
        self.violations = tuple(str(each) for each in listed) if isinstance(listed, list) else ()
        self.scope = _text(detail, "scope")
        self.request_id = headers.get("x-request-id")
        self.retry_after = _seconds(headers.get("retry-after"))
        self._detail = detail
        super().__init__(status, self.code)

    def __str__(self) -> str:
        about = f"{self.status} {self.code}: {self.message}"
        missing = [each for each in self.violations if each not in self.message]
        lines = [about, *(f"- {each}" for each in missing)]
        if self.request_id:
            lines[0] += f" (request {self.request_id})"
        return "\n".join(lines)


class InvalidRequest(APIError):
    """400: an argument is wrong, or limits are wider than the parent's. See `violations`."""


class InvalidKey(APIError):
    """401: no key, or one that is not accepted."""


class BudgetExceeded(APIError):
    """402: a cap or a prepaid balance cannot cover it.

    Attributes:
        remaining: US dollars that are left.
        resets_at: When the budget resets; None for a prepaid balance.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status, headers, body)
        remaining, resets_at = self._detail.get("remaining"), _text(self._detail, "resets_at")
        self.remaining = float(remaining) if isinstance(remaining, int | float) else None
        self.resets_at = datetime.fromisoformat(resets_at) if resets_at else None


class NotAllowed(APIError):
    """403: the key may not do this."""


class NotFound(APIError):
    """404: what is named does not exist, or is not yours."""


class Conflict(APIError):
    """409: something of this name is there already, or it changed meanwhile."""


class TooManyRequests(APIError):
    """429: the caller calls too often. Calls are tried again before this is raised."""


class ServiceFailed(APIError):
    """5xx: the service or a proxy before it failed."""


_OF_STATUS: dict[int, type[APIError]] = {
    400: InvalidRequest,
    401: InvalidKey,
    402: BudgetExceeded,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    429: TooManyRequests,
}


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> APIError:
    """The exception of an answer that refuses."""
    default = ServiceFailed if status >= 500 else APIError
    return _OF_STATUS.get(status, default)(status, headers, body)


def _detail(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    detail = answer.get("error") if isinstance(answer, dict) else None
    return detail if isinstance(detail, dict) else {}


def _text(detail: Mapping[str, object], name: str) -> str | None:
    value = detail.get(name)
    return value if isinstance(value, str) else None


def _seconds(value: str | None) -> int | None:
    return int(value) if value is not None and value.isascii() and value.isdigit() else None
