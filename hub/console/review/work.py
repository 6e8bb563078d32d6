"""Long work of these pages, for a process of its own: functions that take names and settings and return plain data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.steward.actor import Actor
from hub.steward.policy_lookup import versions_of
from hub.steward.preview import Preview, Question, previews
from hub.steward.recorded_replay import replay_of
from hub.steward.replay import Replay


def preview_versions(
    settings: Settings, numbers: Sequence[int], question: Question, actor: Actor, sources: Path
) -> list[Preview | None]:
    """The answers to a question under several versions; None for one that does not register the application."""
    with versions_of(settings, catalogue_of(settings)) as versions:
        policies = [versions.find(str(number)) for number in numbers]
    asked = [each for each in policies if question.application in each.applications]
    found = iter(previews(settings, asked, question, actor, sources, lambda line: None))
    return [next(found) if each in asked else None for each in policies]


def replay_version(settings: Settings, number: int, since: dt.datetime, day: dt.date) -> Replay:
    """What a version would have done to what was asked since a moment; not recorded yet."""
    return replay_of(settings, str(number), since, day).result
