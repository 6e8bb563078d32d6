"""The searchable columns of a run of records.

The same records give the same columns, and no personal value is in them. The words of records come from small
vocabularies (who asked, what for, how it ended; which coordinates had which effect), so a record becomes a time and two
numbers: its `Shape` and its decision. A digest becomes a posting: a number made from the digest and from where it
stood, with the place of the record in its run. The number keeps 48 bits of the digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from audit.record import DIGEST_LENGTH, READ_VERSIONS, Coordinates, RecordInvalid
from audit.stores.base import Row
from audit.tree import leaf_hash

Times = NDArray[np.int64]
Codes = NDArray[np.uint32]
Keys = NDArray[np.uint64]
Places = NDArray[np.uint16]

SUBJECT: Final = "subject"
VALUE: Final = "value"
CASE: Final = "case"
WHO: Final = "who"
TERMS: Final = (SUBJECT, VALUE, CASE, WHO)
"""Where a digest may stand: data subject, variable or literal, case, the person who asked or acted for them."""

_ODD: Final = 0x9E3779B97F4A7C15
_INVERSE: Final = pow(_ODD, -1, 2**64)
_EIGHTH: Final = 0x8080808080808080
_SIXTH: Final = 0x2020202020202020
_PLAIN: Final = frozenset(("null", "true", "false"))
_MASK: Final = 2**64 - 1
_COUNT: Final = re.compile("[1-9][0-9]{0,17}", re.ASCII)


class Shape(NamedTuple):
    """The words that a record shares with many others. An unknown purpose is `#`, because the record has its digest."""

    kind: str
    result: str
    application: str | None
    department: str | None
    region: str | None
    purpose: str | None
    policy_version: str | None
    catalogue_version: str | None
    actor_application: str | None


@dataclass(frozen=True, slots=True)
class Columns:
    """A run of records: `times` in milliseconds since 1970 (UTC), codes of shapes and decisions, sorted postings."""

    times: Times
    shapes: Codes
    decisions: Codes
    keys: Keys
    places: Places

    def __len__(self) -> int:
        return len(self.times)


def key_of(where: str, digest: str) -> int:
    """The key of the posting of a digest that stands at `where`, one of TERMS."""
    return int(_keys(where, [digest])[0])


def unmix(keys: Keys) -> Keys:
    """The numbers of which keys were made, for `heads_at`: the head of a digest under the salt of where it stands."""
    return keys * np.uint64(_INVERSE)


def heads_at(where: str, unmixed: Keys) -> tuple[NDArray[np.int64], Keys]:
    """Which of these numbers are of digests that stand at `where`, and the heads of those; see `head_of`.

    A word that is no digest may pass for one: of those that stand elsewhere, one in some thousand.
    """
    salt = np.uint64(_salt(where))
    # No sign of a digest has an eighth bit, in which the salts of the places differ; each has a sixth or a seventh.
    here = np.flatnonzero((unmixed & np.uint64(_EIGHTH)) == (salt & np.uint64(_EIGHTH)))
    heads = unmixed[here] ^ salt
    proper = (((heads >> np.uint64(1)) | heads) & np.uint64(_SIXTH)) == np.uint64(_SIXTH)
    return here[proper], heads[proper]


def head_of(digest: str) -> int:
    """The first 48 bits of a digest as a number: what the index keeps of it."""
    return _head(digest)


def join_runs(parts: Sequence[Columns]) -> Columns:
    """Neighbouring runs as one run."""
    offsets = np.cumsum([0, *(len(each) for each in parts)])
    places = [each.places.astype(np.int64) + offset for each, offset in zip(parts, offsets, strict=False)]
    keys, where = _sorted(np.concatenate([each.keys for each in parts]), np.concatenate(places))
    return Columns(
        np.concatenate([each.times for each in parts]),
        np.concatenate([each.shapes for each in parts]),
        np.concatenate([each.decisions for each in parts]),
        keys,
        where,
    )


@dataclass(slots=True)
class ColumnBuilder:
    """Collects the columns of a run, record by record."""

    times: list[str] = field(default_factory=list)
    shapes: list[int] = field(default_factory=list)
    decisions: list[int] = field(default_factory=list)
    terms: dict[str, list[str]] = field(default_factory=lambda: {each: [] for each in TERMS})
    counts: dict[str, list[int]] = field(default_factory=lambda: {each: [] for each in TERMS})

    def __len__(self) -> int:
        return len(self.times)

    def add(self, document: Mapping[str, Any], shape: int, decision: int) -> None:
        """Add one record, given as its parsed JSON object."""
        self.times.append(document["time"])
        self.shapes.append(shape)
        self.decisions.append(decision)
        self._add_terms(SUBJECT, document["subjects"])
        self._add_terms(VALUE, [each for each in document["variables"].values() if each not in _PLAIN])
        self._add_terms(CASE, [document["case"]] if document["case"] else [])
        self._add_terms(WHO, [each for each in (document["subject"], document.get("actor")) if each])

    def _add_terms(self, where: str, terms: Sequence[str]) -> None:
        self.terms[where].extend(terms)
        self.counts[where].append(len(terms))

    def columns(self) -> Columns:
        """The columns of the records added so far; RecordInvalid for a malformed time."""
        places = np.arange(len(self), dtype=np.int64)
        keys = np.concatenate([_keys(each, self.terms[each]) for each in TERMS])
        spread = np.concatenate([np.repeat(places, self.counts[each]) for each in TERMS])
        return Columns(
            _times(self.times),
            np.array(self.shapes, np.uint32),
            np.array(self.decisions, np.uint32),
            *_sorted(keys, spread),
        )


def document_of(row: Row, index: int) -> dict[str, Any]:
    """The JSON object in the row at `index`; RecordInvalid unless its bytes have the leaf hash that the tree holds."""
    body = row.body
    if row.index != index or not isinstance(body, bytes) or leaf_hash(body) != row.leaf:
        raise RecordInvalid(f"record {index} is not as it was written; run `sluicegate audit verify`")
    try:
        document = _loads(body)
    except (ValueError, RecursionError):
        raise RecordInvalid(f"record {index} is not JSON") from None
    if not isinstance(document, dict) or document.get("v") not in READ_VERSIONS:
        raise RecordInvalid(f"record {index} was written by another version")
    return document


_EMPTY: Final[Mapping[str, Any]] = {name: [] for name in sorted(each.name for each in fields(Coordinates))}


def shape_of(document: Mapping[str, Any]) -> Shape:
    """The words of a record, given as its JSON object."""
    # Records of older versions name no catalogue, or nobody who acted for another.
    found = Shape._make(document.get(name) for name in Shape._fields)
    # Unknown purposes share one shape: each may be different, and there would be as many shapes as requests.
    return found._replace(purpose="#") if found.purpose is not None and found.purpose.startswith("#") else found


def decision_of(document: Mapping[str, Any]) -> str:
    """The decision of a record as one text, of an older version as if it had said that nothing was answered."""
    found = document["decision"]
    return _dumps(found if len(found) == len(_EMPTY) else dict(sorted((_EMPTY | found).items())))


def flood_counts(document: Mapping[str, Any]) -> dict[str, int]:
    """How many refusals of each code a flood record stands for, given as its JSON object."""
    variables = document["variables"]
    counts = {
        name: int(text)
        for name, text in variables.items()
        if name not in {"source", "count"} and isinstance(text, str) and _COUNT.fullmatch(text)
    }
    return counts or {document["result"]: 1}


def words_of(shape: Shape) -> str:
    """The words of a shape as one text."""
    return _dumps(list(shape))


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # orjson refuses half a surrogate pair, which the log keeps as an escape.
        return json.loads(body)


def _dumps(words: object) -> str:
    try:
        return orjson.dumps(words).decode()
    except TypeError:
        return json.dumps(words)


NOTHING: Final = _dumps(_EMPTY)
"""A decision about no coordinate."""


def _times(texts: Iterable[str]) -> Times:
    try:
        return np.array([each[:-1] for each in texts], "datetime64[ms]").astype(np.int64)
    except ValueError:
        raise RecordInvalid("time is not UTC ISO 8601 with milliseconds") from None


def _sorted(keys: Keys, places: NDArray[np.int64]) -> tuple[Keys, Places]:
    order = np.argsort(keys, kind="stable")
    return keys[order], places[order].astype(np.uint16)


def _keys(where: str, terms: list[str]) -> Keys:
    salt = _salt(where)
    if terms and set(map(len, terms)) == {DIGEST_LENGTH} and (text := "".join(terms)).isascii():
        heads = np.frombuffer(text.encode(), np.uint8).reshape(-1, DIGEST_LENGTH)[:, :8]
        found: Keys = np.ascontiguousarray(heads).view("<u8").reshape(-1)
        # An odd factor maps different numbers to different ones, and fills the upper bits that choose a bucket.
        return (found ^ np.uint64(salt)) * np.uint64(_ODD)
    return np.array([((_head(each) ^ salt) * _ODD) & _MASK for each in terms], np.uint64)


def _salt(where: str) -> int:
    return int.from_bytes(hashlib.sha256(where.encode()).digest()[:8], "little")


def _head(term: str) -> int:
    if len(term) == DIGEST_LENGTH and term.isascii():
        return int.from_bytes(term.encode()[:8], "little")
    return int.from_bytes(hashlib.sha256(term.encode("utf-8", "surrogatepass")).digest()[:8], "little")
