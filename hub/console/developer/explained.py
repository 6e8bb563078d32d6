"""A query explained without being asked: effects by field, its one statement, and what the log would say of it.

It is prepared as the hub prepares a request, and never sent. Of the conditions on rows it says what an application is
told of them; of values nothing, and a digest is told as such, so that no guess at a person can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from audit.record import Coordinates, Digester, Record
from hub.console.developer.asked import Asked
from hub.request.auth import registered, unauthenticated
from hub.request.endpoint import compose, read
from hub.request.own_access.row_words import scope_in_words
from hub.request.pipeline import prepare_request
from hub.request.record import Trail, make_record
from hub.request.running import Hub
from hub.steward.actor import Actor
from hub.steward.changes import reading_record
from hub.steward.explain import Explanation, explain
from policies.model import Application

SAID = (
    "kind", "result", "application", "department", "region", "purpose", "policy_version", "catalogue_version",
)  # fmt: skip
DIGESTED = ("subject", "case", "request_digest")
PLAIN = frozenset({"true", "false", "null"})
"""What a record says of a value that identifies nobody."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What the log would say: its words, which of it are digests, the values by place, what was decided, the text.

    A value is empty where the record has a digest of it.
    """

    words: Mapping[str, str]
    digests: tuple[str, ...]
    values: Mapping[str, str]
    decided: Mapping[str, tuple[str, ...]]
    operation: str


@dataclass(frozen=True, slots=True)
class Explained:
    """An operation, explained."""

    explanation: Explanation
    logged: Logged


def explain_asked(hub: Hub, application: str, person: str, asked: Asked, language: str) -> Explained:
    """What the hub would decide, send and record; raises VariablesUnread, and the HubError of its refusal."""
    now, policy = hub.now(), hub.policy
    trail = Trail(asked.arrival(language, "", {}), policy, hub.catalogue.version)
    trail.subject = registered(policy, application, person)
    if trail.subject is None:
        raise unauthenticated()
    trail.request = read(trail.arrival, hub.settings)
    prepared = prepare_request(hub, trail, now)
    explanation = explain(prepared.planned, prepared.statement, scope_in_words)
    return Explained(explanation, _logged(trail, asked, hub.digester))


def explained_record(
    hub: Hub,
    actor: Actor,
    application: Application,
    asked: Asked,
    decided: Mapping[str, tuple[str, ...]],
    result: str = "OK",
) -> Record:
    """The record that a developer had an operation explained: of which application, for which purpose, what of it."""
    facts = {"application": application.id}
    if asked.purpose:
        # What is not a known purpose may be any text.
        known = asked.purpose in hub.policy.purposes
        facts["purpose"] = asked.purpose if known else f"#{hub.digester.digest('purpose', asked.purpose)}"
    record = reading_record(hub.digester, "search", "console developer explain", actor, facts, result)
    return replace(record, decision=Coordinates(**decided))


def _logged(trail: Trail, asked: Asked, digester: Digester) -> Logged:
    record, text = make_record(trail, compose(trail.arrival, trail.policy.version, {}, ()), digester)
    return Logged(
        words={name: str(found) for name in SAID if (found := getattr(record, name)) is not None},
        digests=tuple(name for name in DIGESTED if _has(record, name, asked)),
        values={path: value if value in PLAIN else "" for path, value in record.variables.items()},
        decided={each.name: getattr(record.decision, each.name) for each in fields(Coordinates)},
        operation=text or "",
    )


def _has(record: Record, name: str, asked: Asked) -> bool:
    """Whether the record would have a digest of this; nobody sent a token here, so no case was read of a head."""
    return bool(asked.case) if name == "case" else getattr(record, name) is not None
