"""One call of the API before it is sent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Final, Literal
from urllib.parse import quote


class _Omit(Enum):
    OMIT = "omitted"

    def __repr__(self) -> str:
        return "OMIT"


Omit = Literal[_Omit.OMIT]
#: What an argument is that is not sent. `None` is sent, and mostly means the default or the parent's value.
OMIT: Final = _Omit.OMIT


@dataclass(frozen=True)
class Call:
    """What is sent. `repeatable`: sent twice, it does nothing the second time."""

    method: str
    path: str
    query: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, object] = field(default_factory=dict)
    body: Mapping[str, object] | None = field(default=None, repr=False)
    repeatable: bool = False

    def sent_query(self) -> dict[str, str]:
        return {name: _text(value) for name, value in self.query.items() if value is not OMIT}

    def sent_headers(self) -> dict[str, str]:
        return {name: _text(value) for name, value in self.headers.items() if value is not OMIT}

    def sent_body(self) -> bytes | None:
        if self.body is None:
            return None
        fields = {name: value for name, value in self.body.items() if value is not OMIT}
        return json.dumps(fields, default=_json, allow_nan=False).encode()


def segment(name: str) -> str:
    """A name as one segment of a path.

    Raises:
        ValueError: it is empty, `.` or `..`, which would name another path.
    """
    if name in ("", ".", ".."):
        raise ValueError(f"{name!r} cannot be a name or an id")
    return quote(name, safe="")


def new_idempotency_key() -> str:
    return str(uuid.uuid4())


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _moment(value) if isinstance(value, date) else str(value)


def _json(value: object) -> object:
    if isinstance(value, date):
        return _moment(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent")


def _moment(value: date) -> str:
    """RFC 3339. A moment without a time zone is refused: it could be meant in any."""
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None:
        raise ValueError("a datetime needs a time zone, such as datetime.now(UTC)")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
