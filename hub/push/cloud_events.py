"""Reads the events of a delivery: CloudEvents 1.0 in structured, batched or binary mode over HTTP.

An event that is no CloudEvent is named by its place in the delivery, and costs the others nothing. Nothing of an event
stands in an error. Source: CloudEvents 1.0.2, its JSON format and its HTTP binding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from hub.errors import Code, HubError
from hub.home.strict_json import NotStrict, loads
from hub.home.visible_names import is_visible
from hub.request.answers.preferences import JSON
from hub.request.endpoint import Arrival

STRUCTURED: Final = "application/cloudevents+json"
BATCHED: Final = "application/cloudevents-batch+json"
VERSION: Final = "1.0"
COLUMN: Final = "ce:"
"""What the name of an attribute begins with where a source names it as a column (`ce:time`)."""
LENGTHS: Final[Mapping[str, int]] = {"id": 256, "source": 512, "type": 256, "subject": 512, "time": 64}
"""The most characters of an attribute."""
REQUIRED: Final = ("specversion", "id", "source", "type")
_HEADER: Final = "ce-"
_NAME = re.compile(r"[a-z0-9]{1,20}\Z")
_JSON_CONTENT = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;.*)?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `row` holds the members of its data, and its attributes as `ce:…`; `content` is all of it, in one form
    whatever the mode in which it came.
    """

    index: int
    id: str = field(repr=False)
    source: str = field(repr=False)
    type: str = field(repr=False)
    row: Mapping[str, Any] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Invalid:
    """Something in a delivery that is no event; `field` is the attribute or member that is wrong."""

    index: int
    field: str
    reason: str


class _Wrong(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field)
        self.field, self.reason = field, reason


def mode_of(arrival: Arrival) -> str:
    """The media type of a delivery; raises UNSUPPORTED_MEDIA_TYPE for one that is not taken."""
    kind, *parameters = [part.strip().lower() for part in next(iter(arrival.header("content-type")), "").split(";")]
    known = {STRUCTURED, BATCHED, *([JSON] if arrival.header(f"{_HEADER}specversion") else [])}
    if kind not in known or any(part not in {"charset=utf-8", 'charset="utf-8"'} for part in parameters):
        text = f"send one event as {STRUCTURED}, several as {BATCHED}, or its data as {JSON} with ce- headers; in UTF-8"
        raise HubError(Code.UNSUPPORTED_MEDIA_TYPE, text)
    return kind


def read_events(arrival: Arrival, most: int) -> list[Event | Invalid]:
    """What a delivery holds, `most` at the most; raises BAD_REQUEST, TOO_LARGE or UNSUPPORTED_MEDIA_TYPE."""
    mode = mode_of(arrival)
    try:
        content = loads(arrival.body)
    except NotStrict as wrong:
        raise HubError(Code.BAD_REQUEST, f"the body cannot be read: {wrong}") from None
    if mode == JSON:
        return [_binary(arrival, content)]
    if mode == STRUCTURED:
        return [_structured(0, content)]
    if not isinstance(content, list):
        raise HubError(Code.BAD_REQUEST, f"the body of a batch must be an array of events; send one as {STRUCTURED}")
    if len(content) > most:
        raise HubError(Code.TOO_LARGE, f"one delivery to this source holds {most} events at most; send fewer at once")
    return [_structured(index, each) for index, each in enumerate(content)]


def _structured(index: int, content: Any) -> Event | Invalid:
    if not isinstance(content, dict):
        return Invalid(index, "event", "an event must be an object")
    if "data_base64" in content:
        return Invalid(index, "data_base64", "send the data as an object of JSON, in `data`")
    attributes = {name: value for name, value in content.items() if name != "data" and value is not None}
    return _event(index, attributes, content.get("data"))


def _binary(arrival: Arrival, data: Any) -> Event | Invalid:
    attributes: dict[str, Any] = {}
    for key, value in arrival.headers:
        name = key.removeprefix(_HEADER)
        if name == key:
            continue
        if name in attributes:
            return Invalid(0, "attributes", "a ce- header appears more than once")
        try:
            attributes[name] = unquote(value.encode("latin-1").decode("ascii"), errors="strict")
        except UnicodeDecodeError:
            return Invalid(
                0, "attributes", "the value of a ce- header must be ASCII, anything else percent-encoded UTF-8"
            )
    return _event(0, attributes, data)


def _event(index: int, attributes: Mapping[str, Any], data: Any) -> Event | Invalid:
    try:
        for name, value in attributes.items():
            _check_attribute(name, value)
        _check_known(attributes)
    except _Wrong as wrong:
        return Invalid(index, wrong.field, wrong.reason)
    if not isinstance(data, dict):
        return Invalid(index, "data", "must be an object, whose members are the columns of the source")
    # How the data was wrapped is no part of what it says.
    said = {name: value for name, value in attributes.items() if name != "datacontenttype"}
    row = {**data, **{f"{COLUMN}{name}": value for name, value in said.items()}}
    content = json.dumps([said, data], sort_keys=True).encode()
    return Event(index, attributes["id"], attributes["source"], attributes["type"], row, content)


def _check_attribute(name: str, value: Any) -> None:
    # An unknown name is not repeated: anything may stand there.
    if not _NAME.match(name):
        raise _Wrong("attributes", "names of attributes are up to 20 lower-case letters and digits")
    if name in LENGTHS or name in {"specversion", "datacontenttype", "dataschema"}:
        if not isinstance(value, str) or not value or not is_visible(value):
            raise _Wrong(name, "must be a text of visible characters")
        if len(value) > LENGTHS.get(name, 512):
            raise _Wrong(name, f"longer than {LENGTHS.get(name, 512)} characters")
    elif not isinstance(value, str | int):
        raise _Wrong("attributes", "an attribute beside the known ones must be a text, a whole number or a truth value")


def _check_known(attributes: Mapping[str, Any]) -> None:
    for name in REQUIRED:
        if name not in attributes:
            raise _Wrong(name, "is missing")
    if attributes["specversion"] != VERSION:
        raise _Wrong("specversion", f"must be {VERSION}")
    if not _JSON_CONTENT.match(attributes.get("datacontenttype", JSON)):
        raise _Wrong("datacontenttype", f"must be {JSON}")
