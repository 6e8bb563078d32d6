"""The rows of the version store as frozen data, their seals, and which activation is in force at a moment.

A row is believed only with its seal: HMAC-SHA-256 under a key that is kept outside the database. The same rows mean
the same everywhere; nothing here reads a clock or a database. Times are UTC, ISO 8601 with microseconds and `Z`, so
that sorting their texts sorts the times.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BOOTSTRAP = "bootstrap"
"""Author, approver and activator of version 1: the folder that an empty store took."""


class PolicyStoreError(RuntimeError):
    """The version store cannot do what was asked; the text is meant to be read, and holds no secret."""


class StoreUnavailable(PolicyStoreError):
    """The store does not answer now."""


class ChangeRefused(PolicyStoreError):
    """A change breaks a rule: who may approve what, and when."""


class Tampered(PolicyStoreError):
    """A row is not what was sealed, or one is missing."""


class Conflict(ChangeRefused):
    """The version in force is not the one that the draft was made from. `diff` shows what each side changed."""

    def __init__(self, text: str, diff: str) -> None:
        super().__init__(text)
        self.diff = diff


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable version: who wrote it, from which base. `person` is the human being behind the account.

    `signed` says how they were known: provider and subject, or `local`; empty in rows of older programs.
    """

    number: int
    hash: str
    author: str
    person: str
    base: int | None
    note: str
    made: str
    seal: str = field(default="", repr=False)
    signed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Approval:
    """One steward's approval of exactly one content; `signed` as in Version."""

    version: int
    hash: str
    account: str
    person: str
    made: str
    seal: str = field(default="", repr=False)
    signed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Activation:
    """From `starts` on the version is in force, if its base is in force until then; `signed` as in Version."""

    id: int
    version: int
    base: int | None
    hash: str
    starts: str
    author: str
    approver: str
    account: str
    made: str
    seal: str = field(default="", repr=False)
    signed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class InForce:
    """The version in force, with its files as they were drafted."""

    version: Version
    activation: Activation
    files: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Past:
    """One version with what became of it: `state` is draft, approved, scheduled, in force, past or lapsed."""

    version: Version
    approvals: tuple[Approval, ...]
    activation: Activation | None
    state: str


def utc_now() -> dt.datetime:
    """The present moment, in UTC."""
    return dt.datetime.now(dt.UTC)


def moment(when: dt.datetime) -> str:
    """An aware time as the store writes it; ValueError for a time without a zone."""
    if when.tzinfo is None:
        raise ValueError("a time without a zone")
    return when.astimezone(dt.UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def both_times(time: str, zone: dt.tzinfo | None) -> str:
    """A time of the store as people in `zone` read it, with the zone's name, and in UTC; whole seconds if it is so."""
    when = dt.datetime.fromisoformat(time)
    precision = "milliseconds" if when.microsecond else "seconds"
    plain = f"{when.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=' ', timespec=precision)} UTC"
    if zone is None or str(zone) == "UTC":
        return plain
    return f"{when.astimezone(zone).isoformat(sep=' ', timespec=precision)} {zone} ({plain})"


def seal(key: bytes, row: Version | Approval | Activation, before: str = "") -> str:
    """The seal of a row; `before` is the seal of the activation before it, so that none can be taken out."""
    # A row of an older program has no `signed`, and was sealed without it.
    values = [getattr(row, name) for name in row.__slots__ if name != "seal" and (name != "signed" or row.signed)]
    text = json.dumps([type(row).__name__, before, *values], ensure_ascii=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def check_seal(key: bytes, row: Version | Approval | Activation, before: str = "") -> None:
    """Raises Tampered unless the row bears its seal."""
    if not hmac.compare_digest(seal(key, row, before), row.seal):
        raise Tampered(f"the policy store was changed from outside: {type(row).__name__.lower()} {_place(row)}")


def _place(row: Version | Approval | Activation) -> str:
    return f"of version {row.number if isinstance(row, Version) else row.version}"


def check_chain(key: bytes, activations: Iterable[Activation]) -> None:
    """Raises Tampered unless each activation, in order, bears a seal that continues the one before."""
    before = ""
    for at, each in enumerate(activations, start=1):
        if each.id != at:
            raise Tampered(f"the policy store was changed from outside: activation {at} is missing")
        check_seal(key, each, before)
        before = each.seal


def activation_in_force(activations: Iterable[Activation], now: str) -> Activation | None:
    """The activation in force at `now`; one whose base is not in force when it starts never takes effect."""
    current: Activation | None = None
    for each in sorted(activations, key=lambda each: (each.starts, each.id)):
        if each.starts <= now and each.base == (current.version if current else None):
            current = each
    return current


def past(version: Version, approvals: Iterable[Approval], chain: list[Activation], now: str) -> Past:
    """What became of a version by `now`, from all approvals and activations."""
    mine = tuple(each for each in approvals if each.version == version.number)
    activation = next((each for each in chain if each.version == version.number), None)
    return Past(version, mine, activation, _state(mine, activation, chain, now))


def _state(mine: tuple[Approval, ...], activation: Activation | None, chain: list[Activation], now: str) -> str:
    if activation is None:
        return "approved" if mine else "draft"
    if activation.starts > now:
        return "scheduled"
    if activation_in_force(chain, now) == activation:
        return "in force"
    return "past" if activation_in_force(chain, activation.starts) == activation else "lapsed"
