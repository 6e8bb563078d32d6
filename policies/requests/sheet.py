"""A filled form, checked against the policy in force, and the requests that it makes: one for each owner and kind."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from policies.decide import decide
from policies.model import PolicySet, Purpose
from policies.purposes import implies
from policies.requests.model import (
    AGGREGATE,
    ANSWER,
    CLEAR,
    FURTHER_DAYS,
    LONGEST_DAYS,
    LONGEST_LINE,
    LONGEST_TEXT,
    MATCH,
    MOST_FIELDS,
    AccessRequest,
    Kind,
    is_sound,
)
from policies.requests.working_days import after_working_days
from policies.review.check import subject_of
from policies.stewards import Steward
from policies.versions import moment
from schema.catalogue import Catalogue, Coordinate
from schema.classification import Scalar
from schema.declarations import Answer, Field

_FORM: Final = re.compile(r"[0-9a-f]{32}\Z")


class Fault(StrEnum):
    """What a form lacks, or cannot say."""

    APPLICATION = "application"
    PURPOSE = "purpose"
    NO_FIELDS = "no_fields"
    FIELDS = "fields"
    WISHES = "wishes"
    ROWS = "rows"
    BASIS = "basis"
    UNTIL = "until"
    REASON = "reason"
    FORM = "form"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a form says, as it was written; `fields` says for each coordinate what is wanted."""

    form: str = ""
    application: str = ""
    purpose: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    rows: str = ""
    basis: str = ""
    until: str = ""
    reason: str = ""


def new_form() -> str:
    """The name of an empty form: what is sent twice under one name asks once."""
    return secrets.token_hex(16)


def wishes_of(each: Coordinate) -> tuple[str, ...]:
    """What may be asked of a coordinate, least first: its masks, counts, to find by it, in clear.

    Of an answer whose argument is no region, a form cannot say for which values: its owner is asked in words.
    """
    if isinstance(each, Answer):
        return (ANSWER,) if each.argument is None or each.argument.scalar is Scalar.REGION else ()
    if not isinstance(each, Field):
        return (CLEAR,)
    counts, match = ((AGGREGATE,) if each.buckets else ()), ((MATCH,) if each.matchable else ())
    return (*counts, *match, *each.masks, CLEAR)


def purposes_to_ask(policy: PolicySet, today: dt.date) -> Mapping[str, Purpose]:
    """The purposes for which something may still be asked."""
    return {name: each for name, each in policy.purposes.items() if last_day(policy, name, today) > today}


def last_day(policy: PolicySet, purpose: str, today: dt.date) -> dt.date:
    """The last day that may be asked for: when the purpose or one above it ends, and in a year at the latest."""
    ends = [each.expires for each in policy.purposes.values() if each.expires and implies(each.id, purpose)]
    return min([today + dt.timedelta(days=LONGEST_DAYS), *ends])


def faults_of(
    sheet: Sheet, catalogue: Catalogue, policy: PolicySet, mine: Collection[str], today: dt.date
) -> tuple[Fault, ...]:
    """All that is wrong with a form; `mine` are the applications that may be asked for."""
    named = _faults_of_names(sheet, policy, mine, today)
    return (*named, *_faults_of_fields(sheet.fields, catalogue), *_faults_of_texts(sheet, policy, today))


def _faults_of_names(sheet: Sheet, policy: PolicySet, mine: Collection[str], today: dt.date) -> Iterator[Fault]:
    if not _FORM.match(sheet.form):
        yield Fault.FORM
    if sheet.application not in mine:
        yield Fault.APPLICATION
    if sheet.purpose not in purposes_to_ask(policy, today):
        yield Fault.PURPOSE


def _faults_of_fields(fields: Mapping[str, str], catalogue: Catalogue) -> Iterator[Fault]:
    known = dict(catalogue.coordinates())
    if not fields:
        yield Fault.NO_FIELDS
    elif len(fields) > MOST_FIELDS or not fields.keys() <= known.keys():
        yield Fault.FIELDS
    elif any(wanted not in wishes_of(known[name]) for name, wanted in fields.items()):
        yield Fault.WISHES


def _faults_of_texts(sheet: Sheet, policy: PolicySet, today: dt.date) -> Iterator[Fault]:
    if not is_sound(sheet.rows, LONGEST_TEXT, lines=True):
        yield Fault.ROWS
    if not is_sound(sheet.basis, LONGEST_LINE):
        yield Fault.BASIS
    day = day_of(sheet.until)
    if day is None or not today < day <= last_day(policy, sheet.purpose, today):
        yield Fault.UNTIL
    if not is_sound(sheet.reason, LONGEST_TEXT, lines=True):
        yield Fault.REASON


def day_of(text: str) -> dt.date | None:
    """The day that a form names; None for anything else."""
    try:
        return dt.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        return None


def requests_of(
    sheet: Sheet, catalogue: Catalogue, policy: PolicySet, asker: Steward, now: dt.datetime, days: int
) -> tuple[AccessRequest, ...]:
    """The requests of a form without faults, each to be answered within so many working `days`."""
    today, until = now.date(), day_of(sheet.until)
    if until is None:
        raise ValueError("the form has faults")
    parts: dict[tuple[str, Kind], dict[str, str]] = {}
    masked = masks_now(sheet, catalogue, policy, today)
    for name, wanted in sheet.fields.items():
        owner = policy.owners.get(name.partition(".")[0], "")
        kind = Kind.UNMASK if wanted == CLEAR and name in masked else Kind.ACCESS
        parts.setdefault((owner, kind), {})[name] = wanted
    due = after_working_days(today, days)
    return tuple(
        AccessRequest(
            id=secrets.token_hex(6),
            form=sheet.form,
            account=asker.account,
            person=asker.person,
            application=sheet.application,
            purpose=sheet.purpose,
            kind=kind,
            owner=owner,
            fields=fields,
            rows=sheet.rows,
            basis=sheet.basis,
            reason=sheet.reason,
            until=until,
            asked=moment(now),
            due=due,
            lapses=after_working_days(due, FURTHER_DAYS),
        )
        for (owner, kind), fields in sorted(parts.items())
    )


def masks_now(sheet: Sheet, catalogue: Catalogue, policy: PolicySet, today: dt.date) -> Mapping[str, tuple[str, ...]]:
    """The coordinates of a form that the application sees masked, on some rows at least, for the purpose so far.

    Each with its masks. The application and the coordinates have to be of the policy and the catalogue.
    """
    decision = decide(catalogue, policy, subject_of(policy.applications[sheet.application]), sheet.purpose, today)
    parts = {name: name.partition(".") for name in sheet.fields}
    masks = {name: decision.of(entity).of(own).masks for name, (entity, _, own) in parts.items()}
    return {name: tuple(rung for rung, _ in found) for name, found in masks.items() if found}
