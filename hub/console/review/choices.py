"""What a form of these pages may name: names of a policy version and of the catalogue, and nothing else.

So no value of a person gets into an address. A name that the version does not have is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from hub.console.refusals import PageRefused
from hub.console.steward.versions import changes_of, loaded
from hub.request.running import Hub
from policies.model import PolicySet
from policies.versions import ChangeRefused, Past
from schema.strict_yaml import YamlFileError

IN_FORCE = "in force"


def number_of(text: str) -> int:
    """A number of a version; PageRefused for anything else."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise PageRefused("choice", name="number")
    return int(text)


def version_chosen(hub: Hub, text: str) -> tuple[int, list[Past], PolicySet]:
    """The version that a form names, the one in force if it names none; all versions, newest first; its policy.

    Blocks, for a thread. PageRefused if there is no such version, or it does not load with the catalogue of today.
    """
    with changes_of(hub) as changes:
        known = changes.store.history()[::-1]
        number = number_of(text) if text else number_in_force(known)
        try:
            policy = loaded(hub, changes.store.files(number))
        except ChangeRefused:
            raise PageRefused("choice", name="number") from None
        except YamlFileError:
            raise PageRefused("review_unread", number=str(number)) from None
    return number, known, policy


def number_in_force(known: Iterable[Past]) -> int:
    """The number of the version in force."""
    return next(past.version.number for past in known if past.state == IN_FORCE)


def chosen_of(asked: Mapping[str, str], known: Mapping[str, Collection[str]]) -> dict[str, str]:
    """What was chosen of each kind of name, empty where nothing was; PageRefused for a name that there is not."""
    chosen = {name: asked.get(name, "") for name in known}
    for name, value in chosen.items():
        if value and value not in known[name]:
            raise PageRefused("choice", name=name)
    return chosen


def attributes_known(policy: PolicySet) -> dict[str, list[str]]:
    """The departments, roles, levels and places of applications and their staff; a rule can name no others."""
    applications = policy.applications.values()
    found = {
        name: sorted({getattr(each, name) for each in applications} - {""}) for name in ("department", "role", "level")
    }
    places = {place for each in applications for place in (each.jurisdiction, *each.staff.values())}
    return {**found, "jurisdiction": sorted(places - {""})}


def day_of_form(text: str, today: dt.date) -> dt.date:
    """The day that a form names, today if it names none; PageRefused for anything else."""
    try:
        return dt.date.fromisoformat(text) if text else today
    except ValueError:
        raise PageRefused("choice", name="day") from None
