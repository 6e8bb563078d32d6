"""The audit record of one request, and its canonical bytes.

Equal records are equal bytes, and `decode` accepts exactly what `encode` makes. A record says who asked what, for which
purpose, and what was decided; never what was answered. Personal values stand in it only as keyed digests, which the
caller makes with a `Digester`.

The bytes are canonical JSON (`audit/parts/canonical_json.py`) of version 5. Version 4, which had no `answered`, version
3, which had no `actor`, and version 2, which had no `catalogue_version` either, are read as they were written; version
1, which had no `region`, is recognised and refused. 65,535 bytes is the limit of a C2SP tlog-tiles entry; `split` keeps
to it.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from audit.parts.canonical_json import canonical_json
from audit.parts.digester import DIGEST_LENGTH as DIGEST_LENGTH  # noqa: PLC0414 - named here by whoever makes records
from audit.parts.digester import Digester as Digester  # noqa: PLC0414

VERSION: Final = 5
READ_VERSIONS: Final = (2, 3, 4, VERSION)
"""Versions whose records are read; a new record has the last."""
KINDS: Final = (
    "query",  # answered, in whole or in part
    "refusal",
    "continuation",  # further data subjects of the record before it
    "flood",  # refusals of one source, counted
    "preview",
    "policy",  # drafts, approvals, activations, and those that were refused
    "replay",
    "pull",
    "access",  # an application was told what it may see
    "delivery",  # events that an application pushed: what came, and what became of it
    "search",
    "export",
    "subject",  # who saw a person's data
    "proof",
    "schema",  # an application read the GraphQL schema
    "admin",
)
BEGUN: Final = "BEGUN"
"""The result of a record that is made before an act; a second one with its request id says how the act ended."""
MAX_BYTES: Final = 65_535
MAX_TEXT: Final = 256  # bytes of JSON for one text; nothing legitimate comes near it
MAX_LIST: Final = 8_192  # bytes of JSON for one list of coordinates
MAX_VARIABLES: Final = 16_384  # bytes of JSON for the variables; the hub refuses a request with more
MAX_INT: Final = 2**63 - 1

_NUMBERS: Final = ("http_status", "nodes", "duration_us")
_TEXT: Final = {str}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_SALT = re.compile(r"[0-9a-f]{32}")


class RecordInvalid(ValueError):
    """A record, or its bytes, do not have the format. The text names a field, never its value."""


def utc_now() -> str:
    """The present as a record's time: UTC, ISO 8601, milliseconds, `Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def new_salt() -> str:
    """Sixteen random bytes in hex: without them a leaf hash would confirm a guessed record."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """What was decided: the coordinates (`Person.phone`) of each effect."""

    clear: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    aggregated: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What happened in one request; refusals, continuations and pulls are records too.

    `kind` is one of KINDS, `v` one of READ_VERSIONS. `subject`, `case`, `request_digest` and `subjects` are keyed
    digests; so is `purpose` where it is not a known id. `region` is the jurisdiction of the one who asked, as a path
    (`14/03/21/`). `operation` is the SHA-256 (hex) of the normalised text, `duration_us` is in microseconds,
    `http_status` is 0 where there was no HTTP, `variables` maps a path (`$where.phone.eq`) to a keyed digest or to a
    word that shows nothing personal. `actor_application` is an application that acted for a user of `application`, and
    `actor` the keyed digest of who worked it. `policy_version` and `catalogue_version` are hashes of what was in force.
    RecordInvalid for an unknown kind, for a malformed time, salt or number, and for what a record of its
    version does not have.
    """

    kind: str
    request_id: str
    result: str
    http_status: int
    time: str = field(default_factory=utc_now)
    application: str | None = None
    department: str | None = None
    region: str | None = None
    subject: str | None = None
    purpose: str | None = None
    case: str | None = None
    policy_version: str | None = None
    catalogue_version: str | None = None
    operation: str | None = None
    operation_name: str | None = None
    request_digest: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    decision: Coordinates = field(default_factory=Coordinates)
    nodes: int = 0
    subjects: tuple[str, ...] = ()
    duration_us: int = 0
    salt: str = field(default_factory=new_salt)
    actor_application: str | None = None
    actor: str | None = None
    v: int = VERSION

    def __post_init__(self) -> None:
        _check_version(self.v)
        for name in _LATER[self.v]:
            if getattr(self, name) is not None:
                raise RecordInvalid(f"a record of version {self.v} has no {name}")
        if self.decision.answered and ANSWERED not in _EFFECTS_OF[self.v]:
            raise RecordInvalid(f"a record of version {self.v} has no {ANSWERED}")
        _check_form(self.kind, self.time, self.salt, (self.http_status, self.nodes, self.duration_us))
        object.__setattr__(self, "variables", MappingProxyType(dict(self.variables)))


def _check_form(kind: str, time: str, salt: str, numbers: Iterable[object]) -> None:
    """RecordInvalid if kind, time, salt or one of the numbers (`_NUMBERS`) is malformed."""
    if kind not in KINDS:
        raise RecordInvalid("kind is not a known kind")
    if not _TIME.fullmatch(time):
        raise RecordInvalid("time is not UTC ISO 8601 with milliseconds")
    if not _SALT.fullmatch(salt):
        raise RecordInvalid("salt is not 16 bytes in hex")
    for name, number in zip(_NUMBERS, numbers, strict=True):
        if type(number) is not int or not 0 <= number <= MAX_INT:
            raise RecordInvalid(f"{name} is not a count")


_EFFECTS: Final = tuple(f.name for f in fields(Coordinates))
_EFFECT_NAMES: Final = frozenset(_EFFECTS)
ANSWERED: Final = "answered"
_EFFECTS_OF: Final = {
    version: _EFFECT_NAMES if version == VERSION else _EFFECT_NAMES - {ANSWERED} for version in READ_VERSIONS
}
"""By version: the lists of its decision."""
_NAMES: Final = tuple(f.name for f in fields(Record))
_LATER: Final = {
    2: frozenset({"catalogue_version", "actor_application", "actor"}),
    3: frozenset({"actor_application", "actor"}),
    4: frozenset[str](),
    VERSION: frozenset[str](),
}
"""By version: the fields that came later."""
_KEYS: Final = {version: frozenset(_NAMES) - later for version, later in _LATER.items()}
_REQUIRED_TEXTS: Final = ("kind", "request_id", "result", "time", "salt")
_OPTIONAL_TEXTS: Final = (
    "application",
    "department",
    "region",
    "subject",
    "purpose",
    "case",
    "policy_version",
    "catalogue_version",
    "operation",
    "operation_name",
    "request_digest",
    "actor_application",
    "actor",
)


def encode(record: Record) -> bytes:
    """The canonical bytes of `record`, at most 65,535; RecordInvalid if `split` was needed first."""
    body = _canonical(record)
    if len(body) > MAX_BYTES:
        raise RecordInvalid("the record is longer than 65,535 bytes")
    return body


def _canonical(record: Record) -> bytes:
    document: dict[str, object] = {name: getattr(record, name) for name in _KEYS[record.v]}
    document["variables"] = dict(record.variables)
    document["decision"] = {effect: getattr(record.decision, effect) for effect in _EFFECTS_OF[record.v]}
    return canonical_json(document)


def decode(body: bytes) -> Record:
    """The record whose canonical bytes are `body`; RecordInvalid for any other bytes."""
    document = _parse(body)
    document["decision"] = Coordinates(**{effect: tuple(listed) for effect, listed in document["decision"].items()})
    document["subjects"] = tuple(document["subjects"])
    return Record(**document)


def check(body: bytes) -> str:
    """The time of the record in `body`; RecordInvalid as `decode`, which is slower because it makes a `Record`."""
    return str(_parse(body)["time"])


def _parse(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise RecordInvalid("the record is longer than 65,535 bytes")
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise RecordInvalid("the record is not JSON") from None
    if not isinstance(document, dict):
        raise RecordInvalid("the record is not a JSON object")
    _check_version(document.get("v"))
    if document.keys() != _KEYS[document["v"]]:
        raise RecordInvalid(f"the record does not have the fields of version {document['v']}")
    for name, value in document.items():
        _FIELD_CHECKS[name](name, value)
    if document["decision"].keys() != _EFFECTS_OF[document["v"]]:
        raise RecordInvalid(f"decision does not have the effects of version {document['v']}")
    _check_form(document["kind"], document["time"], document["salt"], map(document.__getitem__, _NUMBERS))
    if canonical_json(document) != body:
        raise RecordInvalid("the record is not in canonical form")
    return document


def _check_version(version: object) -> None:
    if type(version) is not int or version > VERSION or version < 1:
        raise RecordInvalid("the record is of an unknown version")
    if version not in READ_VERSIONS:
        raise RecordInvalid("the record was written by an older version")


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise RecordInvalid(f"{name} is not a text")


def _check_optional(name: str, value: object) -> None:
    if value is not None:
        _check_text(name, value)


def _check_number(name: str, value: object) -> None:
    if type(value) is not int:
        raise RecordInvalid(f"{name} is not a number")


def _check_texts(name: str, value: object) -> None:
    if not isinstance(value, list):
        raise RecordInvalid(f"{name} is not a list")
    if not set(map(type, value)) <= _TEXT:
        raise RecordInvalid(f"{name} holds something that is not a text")


def _check_variables(name: str, value: object) -> None:
    if not isinstance(value, dict):
        raise RecordInvalid(f"{name} is not a map")
    if not set(map(type, value.values())) <= _TEXT:
        raise RecordInvalid(f"{name} holds something that is not a text")


def _check_decision(name: str, value: object) -> None:
    if not isinstance(value, dict) or not value.keys() <= _EFFECT_NAMES:
        raise RecordInvalid(f"{name} does not have the effects of a decision")
    for effect, listed in value.items():
        _check_texts(effect, listed)


_FIELD_CHECKS: Final[dict[str, Callable[[str, object], None]]] = {
    **dict.fromkeys(_REQUIRED_TEXTS, _check_text),
    **dict.fromkeys(_OPTIONAL_TEXTS, _check_optional),
    "variables": _check_variables,
    "decision": _check_decision,
    "subjects": _check_texts,
    **dict.fromkeys((*_NUMBERS, "v"), _check_number),
}


def split(record: Record) -> tuple[Record, ...]:
    """`record` as records that `encode` takes: itself, then continuations with the subjects that did not fit.

    Other parts that are too long are replaced by `#` with their SHA-256 and length. A record that fits is unchanged.
    """
    return tuple(part for part, _ in _encoded_parts(record))


def pack(record: Record) -> tuple[bytes, ...]:
    """The bytes of each part of `split(record)`, in order."""
    return tuple(body for _, body in _encoded_parts(record))


def _encoded_parts(record: Record) -> Iterator[tuple[Record, bytes]]:
    whole = _shortened(record)
    body = _canonical(whole)
    rest: tuple[str, ...] = ()
    if len(body) > MAX_BYTES:
        room = MAX_BYTES - len(encode(replace(whole, subjects=())))
        first, rest = _split_subjects(whole.subjects, room)
        whole = replace(whole, subjects=first)
        body = encode(whole)
    yield whole, body
    yield from ((part, encode(part)) for part in _continuations(whole, rest))


def _continuations(whole: Record, rest: tuple[str, ...]) -> Iterator[Record]:
    number = 0
    while rest:
        number += 1
        # Derived, not random, so that split is a function; as hard to guess as the salt it comes from.
        salt = hashlib.sha256(f"{whole.salt}/{number}".encode()).hexdigest()[:32]
        bare = Record(
            kind="continuation",
            request_id=whole.request_id,
            time=whole.time,
            result=whole.result,
            http_status=whole.http_status,
            salt=salt,
            v=whole.v,
        )
        first, rest = _split_subjects(rest, MAX_BYTES - len(encode(bare)))
        yield replace(bare, subjects=first)


def _split_subjects(subjects: tuple[str, ...], room: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    used = 0
    for at, subject in enumerate(subjects):
        used += len(canonical_json(subject)) + 1
        if used > room:
            return subjects[:at], subjects[at:]
    return subjects, ()


def _shortened(record: Record) -> Record:
    changes: dict[str, Any] = {}
    for name in (*_REQUIRED_TEXTS, *_OPTIONAL_TEXTS):
        text = getattr(record, name)
        if text is not None and (short := _shortened_text(text)) is not text:
            changes[name] = short
    if _is_too_long((*record.variables, *record.variables.values()), MAX_VARIABLES):
        changes["variables"] = {"#": _digest_text(canonical_json(dict(record.variables)))}
    lists = {effect: getattr(record.decision, effect) for effect in _EFFECTS}
    if long := {
        effect: (_digest_text(canonical_json(listed)),) for effect, listed in lists.items() if _is_too_long(listed)
    }:
        changes["decision"] = replace(record.decision, **long)
    if any(len(subject) > DIGEST_LENGTH and _shortened_text(subject) is not subject for subject in record.subjects):
        changes["subjects"] = tuple(_shortened_text(subject) for subject in record.subjects)
    return replace(record, **changes) if changes else record


def _is_too_long(texts: Collection[str], most: int = MAX_LIST) -> bool:
    # The usual case needs no encoding: a sign takes two escapes at most.
    if sum(map(len, texts)) * 12 + len(texts) * 3 <= most:
        return False
    return sum(len(canonical_json(text)) + 1 for text in texts) > most


def _shortened_text(text: str) -> str:
    # Plain ASCII, the usual case, needs no encoding: only a quote or a backslash takes two bytes.
    if len(text) * 2 <= MAX_TEXT - 2 and text.isascii() and text.isprintable():
        return text
    listed = canonical_json(text)
    return text if len(listed) <= MAX_TEXT else _digest_text(listed)


def _digest_text(listed: bytes) -> str:
    return f"#sha256:{hashlib.sha256(listed).hexdigest()}:{len(listed)}"
