"""Finds out who acts, and whether the version in force lets them.

An act is by a person whom the OpenID provider signed in and whom the version in force names, with one of the roles that
the act needs. A name alone is believed only where SLUICEGATE_LOCAL_STEWARDS is set, and the record says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.home.session import signed_in
from hub.home.settings import Settings
from hub.home.sign_in import Identity, SignInRefused
from hub.steward.actor import Actor
from hub.steward.changes import files_in_force
from policies.stewards import Role, Steward
from policies.yaml_models import stewards_of

READERS = (Role.STEWARD, Role.APPROVER, Role.AUDITOR)
"""Who may read versions, preview drafts and replay them."""


def acting(settings: Settings, named: str | None, *roles: Role) -> Actor:
    """Who acts in this home, with one of the roles; `named` is the account of `--as`.

    Without roles it is for the store to refuse, which is recorded. SignInRefused if nobody is signed in, or the version
    in force does not give them one of the roles.
    """
    stewards = stewards_of(files_in_force(settings))
    actor = _named(settings, named) if named is not None else _signed_in(settings, stewards)
    if not roles:
        return actor
    steward = stewards.get(actor.account)
    if steward is None:
        raise SignInRefused(f"{actor.account!r} is no steward of the version in force; known: {', '.join(stewards)}")
    if not set(roles) & set(steward.roles):
        raise SignInRefused(
            f"{actor.account!r} has not the role {' or '.join(roles)} in the version in force; it has:"
            f" {', '.join(steward.roles) or 'none'}"
        )
    return actor


def _named(settings: Settings, account: str) -> Actor:
    if not settings.local_stewards:
        raise SignInRefused(
            "a name alone is not believed; sign in (sluicegate login) and leave out --as. Only for trying things out:"
            " SLUICEGATE_LOCAL_STEWARDS=1"
        )
    return Actor(account)


def _signed_in(settings: Settings, stewards: Mapping[str, Steward]) -> Actor:
    identity = signed_in(settings)
    steward = steward_of(stewards, identity)
    if steward is not None:
        return Actor(steward.account, identity)
    raise SignInRefused(
        f"{identity.issuer} signed in {identity.subject!r}, whom the version in force does not name; a steward adds"
        " them under `stewards:` with this `subject`"
    )


def steward_of(stewards: Mapping[str, Steward], identity: Identity) -> Steward | None:
    """Whom the version in force has for a sign-in; None if it names nobody with this subject at this provider."""
    for each in stewards.values():
        if each.subject == identity.subject and each.issuer in {None, identity.issuer}:
            return each
    return None
