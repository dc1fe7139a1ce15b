"""Client of Paddock's management API."""

from paddock_client._async.client import AsyncPaddock
from paddock_client._call import OMIT, Omit
from paddock_client._errors import (
    APIError,
    BudgetExceeded,
    Conflict,
    ConnectionFailed,
    InvalidKey,
    InvalidRequest,
    NotAllowed,
    NotFound,
    PaddockError,
    ServiceFailed,
    TimedOut,
    TooManyRequests,
    UnexpectedAnswer,
)
from paddock_client._sync.client import Paddock

__all__ = [
    "OMIT",
    "APIError",
    "AsyncPaddock",
    "BudgetExceeded",
    "Conflict",
    "ConnectionFailed",
    "InvalidKey",
    "InvalidRequest",
    "NotAllowed",
    "NotFound",
    "Omit",
    "Paddock",
    "PaddockError",
    "ServiceFailed",
    "TimedOut",
    "TooManyRequests",
    "UnexpectedAnswer",
]
