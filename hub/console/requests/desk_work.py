"""Opens the requests of a hub, reads where each stands, and does what pages ask; blocks, for a thread.

Each step is in the audit log before it counts. A record names the request, its application, purpose and owner, and
none of the texts that people wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from hub.console.refusals import PageRefused
from hub.console.steward.versions import changes_of
from hub.home.personal_texts import PersonalTexts
from hub.request.denials import EXPECTED_WORKING_DAYS
from hub.request.running import Hub
from hub.steward.actor import Actor
from hub.steward.changes import Changes, reading_record
from policies.model import Application
from policies.requests.model import AccessRequest
from policies.requests.progress import Standing, State
from policies.requests.rule_text import check_rule, files_for, rule_of
from policies.requests.sheet import Fault, Sheet, faults_of, requests_of
from policies.requests.store import MOST_DONE, Recorder, Requests
from policies.stewards import Steward
from policies.versions import ChangeRefused, Version

_GOES_ON: Final = frozenset({State.ASKED, State.DRAFTED, State.APPROVED, State.IN_FORCE})
NOTE: Final = "access request {}"
"""The note of a version that was drafted of a request."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A request, where it stands, and whether the day by which it was to be answered is over.

    `days` are those from today to that day; negative once it is over.
    """

    request: AccessRequest
    state: State
    late: bool
    days: int


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for an answer, what is due first before the rest; what was drafted and refused, the newest first."""

    waiting: Sequence[Followed]
    drafted: Sequence[Followed]
    refused: Sequence[Followed]


@dataclass(frozen=True, slots=True)
class Ready:
    """A request with the rule that it would be, and the version and files of the policy that may take it."""

    followed: Followed
    rule: str
    base: int
    files: Sequence[str]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a steward has drafted: the rule as they wrote it, in which file of which version."""

    rule: str
    file: str
    base: int


@contextmanager
def _opened(hub: Hub, actor: Actor) -> Iterator[tuple[Changes, Requests]]:
    with changes_of(hub) as changes:
        yield changes, Requests(changes.store.engine, _recorder(hub, actor), hub.now)


def _recorder(hub: Hub, actor: Actor) -> Recorder:
    def record(act: str, request: AccessRequest) -> None:
        facts = {
            "request": request.id,
            "kind": str(request.kind),
            "application": request.application,
            "purpose": request.purpose,
            "owner": request.owner,
            "fields": str(len(request.fields)),
        }
        hub.log.append_sync(reading_record(hub.digester, "admin", f"console request {act}", actor, facts))

    return record


def _standing(hub: Hub, changes: Changes) -> Standing:
    versions = {past.version.number: past for past in changes.store.history()}
    return Standing(versions, hub.policy, hub.now().date())


def _followed(standing: Standing, request: AccessRequest) -> Followed:
    days = (request.due - standing.today).days
    return Followed(request, standing.state(request), standing.is_late(request), days)


# What developers do.


def applications_of(hub: Hub, steward: Steward) -> Mapping[str, Application]:
    """The applications on which somebody works, by the version in force."""
    mine = steward.subject
    return {
        name: each for name, each in hub.policy.applications.items() if mine is not None and mine in each.developers
    }


def ask(
    hub: Hub, asker: Steward, actor: Actor, sheet: Sheet, texts: PersonalTexts
) -> Sequence[AccessRequest] | tuple[Fault, ...]:
    """The requests that a form made, or what is wrong with it; raises TooMany."""
    now, mine = hub.now(), applications_of(hub, asker)
    if faults := faults_of(sheet, hub.catalogue, hub.policy, mine, now.date()):
        return faults
    if any(map(texts.found_in, (sheet.rows, sheet.basis, sheet.reason))):
        return (Fault.PERSONAL,)
    new = requests_of(sheet, hub.catalogue, hub.policy, asker, now, EXPECTED_WORKING_DAYS)
    with _opened(hub, actor) as (_, requests):
        return requests.ask(new)


def asked_already(hub: Hub, asker: Steward, actor: Actor, sheet: Sheet) -> Followed | None:
    """The newest request of this person that asks one of these wishes already, and waits or is in force.

    None for a form that was sent before: it asks nothing new.
    """
    found = asked_by(hub, asker, actor)
    if any(each.request.form == sheet.form for each in found):
        return None
    for each in found:
        asked = each.request
        same = (asked.application, asked.purpose) == (sheet.application, sheet.purpose)
        if same and each.state in _GOES_ON and asked.fields.items() & sheet.fields.items():
            return each
    return None


def asked_by(hub: Hub, asker: Steward, actor: Actor) -> Sequence[Followed]:
    """What a person asked, the newest first."""
    with _opened(hub, actor) as (changes, requests):
        standing = _standing(hub, changes)
        return [_followed(standing, each) for each in requests.of(asker)]


def own_request(hub: Hub, asker: Steward, actor: Actor, name: str) -> Followed:
    """A request of this person; PageRefused for any other, as for one that does not exist."""
    with _opened(hub, actor) as (changes, requests):
        return _followed(_standing(hub, changes), _mine(requests, asker, name))


def withdraw(hub: Hub, asker: Steward, actor: Actor, name: str) -> None:
    """Take back a request of this person that nobody answered; raises as `own_request`, and ChangeRefused."""
    with _opened(hub, actor) as (changes, requests):
        found = _mine(requests, asker, name)
        _check_waits(_standing(hub, changes), found)
        requests.withdraw(found)


def _mine(requests: Requests, asker: Steward, name: str) -> AccessRequest:
    found = requests.find(name)
    if found is None or not found.is_own(asker):
        raise PageRefused("ask_missing")
    return found


# What stewards do.


def queue_of(hub: Hub, steward: Steward, actor: Actor) -> Queue:
    """The requests of a steward's departments."""
    with _opened(hub, actor) as (changes, requests):
        standing, owners = _standing(hub, changes), hub.policy.owners
        mine = [_followed(standing, each) for each in requests.waiting() if each.is_for(steward, owners)]
        refused = [_followed(standing, each) for each in requests.refused() if each.is_for(steward, owners)]
    waiting = sorted((each for each in mine if each.state is State.ASKED), key=lambda each: each.request.due)
    rest = [each for each in mine if each.state not in {State.ASKED, State.LAPSED}]
    return Queue(waiting, rest[::-1][:MOST_DONE], refused[:MOST_DONE])


def request_to_answer(hub: Hub, steward: Steward, actor: Actor, name: str) -> Ready:
    """A request of a steward's queue with its rule; PageRefused for any other, as for one that does not exist."""
    with _opened(hub, actor) as (changes, requests):
        found = _in_queue(hub, requests, steward, name)
        followed = _followed(_standing(hub, changes), found)
        rule, current = rule_of(found, hub.catalogue), changes.store.in_force()
        names = list(files_for(current.files, rule, found)) if followed.state is State.ASKED else []
        return Ready(followed, rule, current.version.number, names)


def refuse(hub: Hub, steward: Steward, actor: Actor, name: str, answer: str) -> None:
    """Refuse a request with a reason; raises as `request_to_answer`, and ChangeRefused."""
    with _opened(hub, actor) as (changes, requests):
        found = _in_queue(hub, requests, steward, name)
        _check_answers(hub, steward, found)
        _check_waits(_standing(hub, changes), found)
        requests.refuse(found, steward.account, answer)


def draft(hub: Hub, steward: Steward, actor: Actor, name: str, wish: Wish) -> Version:
    """Draft a version with the rule of a request; raises as `refuse` and as PolicyStore.draft."""
    with _opened(hub, actor) as (changes, requests):
        found = _in_queue(hub, requests, steward, name)
        _check_answers(hub, steward, found)
        _check_waits(_standing(hub, changes), found)
        check_rule(found, wish.rule)
        files = changes.store.files(wish.base)
        added = files_for(files, wish.rule, found)
        if wish.file not in added:
            raise ChangeRefused(f"the rule cannot stand at the end of {wish.file}; choose another file")
        after = {**files, wish.file: added[wish.file]}

        def note(connection: sa.Connection, version: Version) -> None:
            requests.drafted(connection, found, steward.account, version.number)

        return changes.draft(after, actor, wish.base, NOTE.format(found.id), note)


def _in_queue(hub: Hub, requests: Requests, steward: Steward, name: str) -> AccessRequest:
    found = requests.find(name)
    if found is None or not found.is_for(steward, hub.policy.owners):
        raise PageRefused("ask_missing")
    return found


def _check_waits(standing: Standing, request: AccessRequest) -> None:
    if (state := standing.state(request)) is not State.ASKED:
        raise ChangeRefused(f"request {request.id} waits for no answer any more: it is {state.replace('_', ' ')}")


def _check_answers(hub: Hub, steward: Steward, request: AccessRequest) -> None:
    if request.is_of(steward, hub.policy.stewards):
        raise ChangeRefused("nobody answers their own request, with any of their accounts; ask another steward")
