"""Checks and converts the values that a condition compares with.

A value that is not of its field's scalar is refused, and the refusal never repeats the value. Texts get the normal form
in which they are stored, so that another spelling of a code or telephone finds it.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from schema.catalogue import Field, Scalar
from schema.normal_forms import date_form, normal_form, part_form, prefix_form

_REGION = re.compile(r"([0-9A-Za-z-]+/)*\Z")


def coerce(scalar: Scalar, field: Field, value: Any) -> Any:
    """`value` as the graph stores such values; raises ValueError or TypeError. Dates may come as ISO 8601 text."""
    return _COERCE[scalar](field, value)


def coerce_prefix(field: Field, value: str) -> str:
    """The beginning of a text as the graph stores such texts; raises ValueError."""
    return prefix_form(field.kind, value) if field.scalar is Scalar.STRING else coerce(field.scalar, field, value)


def coerce_part(field: Field, value: str) -> str:
    """A part of a text as the graph stores such texts, without its outer blanks."""
    return part_form(field.kind, value)


def expected(scalar: Scalar, field: Field) -> str:
    """What `coerce` takes, in words."""
    return _EXPECTED[scalar].format(values=", ".join(field.values))


def _enum(field: Field, value: str) -> str:
    if value not in field.values:
        raise ValueError("wrong type")
    return str(value)


def _region(_field: Field, value: str) -> str:
    if not _REGION.match(value):
        raise ValueError("wrong type")
    return value


def _number(_field: Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("wrong type")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("wrong type")
    return number


def _integer(_field: Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError("wrong type")
    return value


def _boolean(_field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("wrong type")
    return value


def _date(_field: Field, value: Any) -> dt.date:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date | str):
        raise ValueError("wrong type")
    return value if isinstance(value, dt.date) else date_form(value)


def _datetime(_field: Field, value: Any) -> dt.datetime:
    moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("wrong type")
    return moment


_COERCE: Mapping[Scalar, Callable[[Field, Any], Any]] = {
    Scalar.STRING: lambda field, value: normal_form(field.kind, str(value)),
    Scalar.ENUM: _enum,
    Scalar.REGION: _region,
    Scalar.FLOAT: _number,
    Scalar.INT: _integer,
    Scalar.BOOLEAN: _boolean,
    Scalar.DATE: _date,
    Scalar.DATETIME: _datetime,
}
_EXPECTED = {
    Scalar.STRING: "a string",
    Scalar.ENUM: "one of {values}",
    Scalar.REGION: "a region path whose segments each end in /",
    Scalar.FLOAT: "a number",
    Scalar.INT: "a 64-bit integer",
    Scalar.BOOLEAN: "true or false",
    Scalar.DATE: "a date such as 1957-03-01",
    Scalar.DATETIME: "a time with a zone such as 2026-06-30T08:00:00+08:00",
}
