"""Who may ask what they would see with another role or level: the developers of an application, by its registry entry.

Application and department stay the asker's own, so that nothing is told of what is granted to others by their names.
"""

from __future__ import annotations

import re
from dataclasses import replace

from hub.errors import Code, HubError
from hub.request.own_access.table import Asker
from schema.shapes import NAME

MAX_NAME = 64


def other_asker(asker: Asker, role: str | None, level: str | None) -> Asker:
    """The asker with another role or level; raises ASKER_DENIED, and VALIDATION for what says nothing."""
    if asker.subject.sub not in asker.policy.applications[asker.subject.application].developers:
        raise HubError(
            Code.ASKER_DENIED,
            "only a developer may ask what the application would see with another role or level: ask a steward of your "
            "department to name your account under `developers` of the application in the policy",
        )
    stated = {name: value for name, value in (("role", role), ("level", level)) if value is not None}
    if not stated or not all(map(_is_name, stated.values())):
        text = "the asker takes a role, a level or both, each a name as the policy writes it, or empty for none"
        raise HubError(Code.VALIDATION, text)
    own = asker.subject
    subject = replace(own, role=stated.get("role", own.role), level=stated.get("level", own.level))
    return replace(asker, subject=subject, hypothetical=True)


def _is_name(text: str) -> bool:
    return len(text) <= MAX_NAME and (not text or re.fullmatch(NAME, text) is not None)
