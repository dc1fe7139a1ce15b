"""JSON as the types of `models`."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from datetime import datetime
from typing import Any, TypeVar, cast

from paddock_client._errors import UnexpectedAnswer

T = TypeVar("T")


def decode(kind: type[T], value: object) -> T:
    """`value` as a `kind`. Fields that `kind` does not know are left out.

    Raises:
        UnexpectedAnswer: a field that must be there is not, or is something else.
    """
    return cast(T, _decoded(kind, value, kind.__name__ if isinstance(kind, type) else "answer"))


def _decoded(kind: Any, value: object, where: str) -> object:
    origin = typing.get_origin(kind)
    if origin is types.UnionType or origin is typing.Union:
        return _one_of(typing.get_args(kind), value, where)
    if origin is list and isinstance(value, list):
        (row,) = typing.get_args(kind)
        return [_decoded(row, each, where) for each in value]
    if origin is dict and isinstance(value, dict):
        of_values = typing.get_args(kind)[1]
        return {key: _decoded(of_values, each, f"{where}.{key}") for key, each in value.items()}
    if origin is typing.Literal and isinstance(value, str):
        # A later version may know more words.
        return value
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return _object(cast(type, kind), value, where)
    if kind is datetime and isinstance(value, str):
        return _moment(value, where)
    if kind is Any or (kind is type(None) and value is None):
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind in (str, int, bool) and type(value) is kind:
        return value
    raise UnexpectedAnswer(f"{where} is not what the API answers. Is this another version's?")


def _object(kind: type, value: dict[str, object], where: str) -> object:
    known = {}
    for name, (of_field, required) in _fields(kind).items():
        if name in value:
            known[name] = _decoded(of_field, value[name], f"{where}.{name}")
        elif required:
            raise UnexpectedAnswer(f"{where}.{name} is missing. Is this another version's?")
    return kind(**known)


def _one_of(kinds: tuple[Any, ...], value: object, where: str) -> object:
    for kind in kinds:
        try:
            return _decoded(kind, value, where)
        except UnexpectedAnswer:
            continue
    raise UnexpectedAnswer(f"{where} is not what the API answers. Is this another version's?")


def _moment(value: str, where: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise UnexpectedAnswer(f"{where} is not a time.") from None


@functools.cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    hints = typing.get_type_hints(kind)
    return {
        field.name: (hints[field.name], field.default is dataclasses.MISSING)
        for field in dataclasses.fields(kind)
    }
