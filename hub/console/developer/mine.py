"""Which applications are a developer's own, and what one of them may see; nothing is told of another one.

An application that is another's and one that does not exist are refused alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from hub.console.desk import Desk
from hub.console.refusals import PageRefused
from hub.console.steward.matrix import Effect
from hub.console.visitor import Visitor
from hub.errors import HubError
from hub.request.auth import registered
from hub.request.own_access.table import Asker
from hub.request.own_access.told import Told
from hub.request.pipeline import tell_access
from policies.model import Application, PolicySet
from policies.rules import Subject
from policies.stewards import Role
from schema.interface.languages import name_in

DEVELOPERS = frozenset({Role.DEVELOPER})


def subject_name(visitor: Visitor) -> str:
    """The `sub` under which a developer asks: that of their sign-in."""
    return visitor.session.identity.subject


def own_applications(policy: PolicySet, visitor: Visitor) -> list[Application]:
    """The applications that name a person under `developers`, in the order of the policy."""
    return [each for each in policy.applications.values() if subject_name(visitor) in each.developers]


def chosen_application(policy: PolicySet, visitor: Visitor, asked: str | None) -> Application | None:
    """The application that is asked for; the first without a name, None where a person has none at all.

    PageRefused for the name of any other.
    """
    own = own_applications(policy, visitor)
    if asked is None:
        return own[0] if own else None
    return own_application(policy, visitor, asked)


def own_application(policy: PolicySet, visitor: Visitor, asked: str) -> Application:
    """The application of this name, if it is the person's; else PageRefused."""
    found = {each.id: each for each in own_applications(policy, visitor)}.get(asked)
    if found is None:
        raise PageRefused("dev_application")
    return found


def own_subject(policy: PolicySet, visitor: Visitor, application: Application) -> Subject:
    """The developer as the one who asks for their application, as the registry makes them of a token."""
    subject = registered(policy, application.id, subject_name(visitor))
    if subject is None:
        raise PageRefused("dev_application")
    return subject


async def own_access(
    desk: Desk, visitor: Visitor, policy: PolicySet, application: Application, language: str, *, has_case: bool = False
) -> Told:
    """What a developer's application may see for each of its purposes, as `myAccess` tells it."""
    subject = own_subject(policy, visitor, application)
    asker = Asker(policy, subject, desk.hub.now().date(), has_case)
    try:
        return await tell_access(desk.hub, ("console", visitor.account, ""), asker, language)
    except HubError:
        raise PageRefused("many") from None


async def made_beside(desk: Desk, visitor: Visitor, work: Callable[[], Response]) -> Response:
    """A page that takes long to make for many purposes and fields, made beside the event loop."""
    try:
        return await desk.hub.processor.do(("console", visitor.account, ""), work, long=True)
    except HubError:
        raise PageRefused("many") from None


def effect_of(told: Mapping[str, Any]) -> Effect:
    """The strongest effect that `myAccess` tells of a coordinate."""
    if told["effect"] != "DENIED":
        return {"CLEAR": Effect.CLEAR, "MASKED": Effect.MASK, "ANSWERED": Effect.ANSWER}[told["effect"]]
    rows = {each["effect"].partition("(")[0] for each in told["rows"]}
    return next((each for each in (Effect.AGGREGATE, Effect.MATCH, Effect.VERIFY) if each in rows), Effect.NOTHING)


def titles_of(policy: PolicySet, purposes: list[str], language: str) -> dict[str, str]:
    """What each purpose is called."""
    known = policy.purposes
    return {each: name_in(language, known[each]) for each in purposes}
