"""What is said of a setting that cannot be used: its name as one writes it, the nearest name, and never its value."""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable
from typing import Final

PREFIX: Final = "SLUICEGATE_"


def unknown_setting(name: str, known: Iterable[str]) -> str:
    """What to write instead of a variable that is no setting: the nearest, or where all are listed."""
    nearest = difflib.get_close_matches(name.upper(), known, 3, 0.8)
    said = f"nearest: {', '.join(nearest)}" if nearest else "docs/operations.md lists them; unset it"
    return f"unknown setting {name}; {said}"


def named(place: str, message: str, settings: Container[str]) -> str:
    """One line about a fault; a setting is named as one writes it on the command line and in the environment."""
    if place in settings:
        return f"{place}: {message} ({PREFIX}{place.upper()})"
    return f"{place or 'settings'}: {message}"


def is_of_platform(name: str, value: str) -> bool:
    """Whether a container platform set the variable for a service of the hub's name."""
    # Kubernetes and Docker links set NAME_PORT=tcp://…, NAME_SERVICE_HOST and the like for each service.
    return name.upper().startswith(PREFIX) and (
        value.startswith(("tcp://", "udp://", "sctp://"))
        or name.upper().startswith((f"{PREFIX}SERVICE_", f"{PREFIX}PORT_"))
    )
