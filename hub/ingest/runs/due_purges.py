"""The purges that are due: told at each look, or done, as SLUICEGATE_PURGE says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from connectors.base import ConnectorError
from hub.graph.collected import COLLECTED
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.policy_in_force import purposes_in_force
from hub.home.settings import Settings
from hub.ingest.purging.recorded_purge import allowed_purge, recorded_purge
from hub.ingest.runs.outcomes import Outcome
from policies.collecting.endings import in_words, overdue
from policies.model import Purpose


def overdue_purposes(settings: Settings, writer: GraphWriter) -> Sequence[Purpose]:
    """The purposes whose day of `purge` has come, and of which something is in the graph.

    Raises GraphWriteError, KeyRefused and PolicyStoreError.
    """
    force = purposes_in_force(settings)
    if force is None:
        return ()
    held = [row["purpose"] for row in writer.read(COLLECTED)]
    return overdue(force.by_id, held, settings.now().date())


def purge_due(
    settings: Settings,
    folder: Path,
    data: Path,
    variables: Mapping[str, str],
    address: GraphAddress,
    purposes: Sequence[Purpose],
) -> list[Outcome]:
    """What came of each purpose: DUE, or what a purge of it came to; raises what no single source is to blame for."""
    return [_one(settings, folder, data, variables, address, each) for each in purposes]


def _one(
    settings: Settings,
    folder: Path,
    data: Path,
    variables: Mapping[str, str],
    address: GraphAddress,
    purpose: Purpose,
) -> Outcome:
    if settings.purge == "told":
        return Outcome(purpose.id, "DUE", in_words(purpose), ())
    try:
        _, report = recorded_purge(settings, folder, allowed_purge(settings, purpose.id), data, variables, address)
    except ConnectorError as held:
        return Outcome(purpose.id, "SKIPPED", str(held), ())
    return Outcome(purpose.id, "PURGED", f"what was collected for {purpose.id} is gone: {report.path}", ())
