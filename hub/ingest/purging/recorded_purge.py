"""A purge that is recorded in the audit log: that it began, and how it ended, with the digest of its report.

Nothing is removed before the first record is durable. One that was killed has begun in the log and has not ended, and
`sluicegate audit verify` tells so; the next one goes on, and its report counts what both removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from audit.record import Record
from connectors.sources import NONE, load_sources
from connectors.stream_plans import plan_streams
from hub.graph.change_notes import told_types
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.audit_log import begin_record, digester_of, end_record, open_log
from hub.home.catalogue import catalogue_of
from hub.home.policy_in_force import Purposes, purposes_in_force
from hub.home.settings import Settings
from hub.ingest.graph_key import open_to_write
from hub.ingest.kept_rows import KeptRows
from hub.ingest.known_plans import KnownPlans
from hub.ingest.purging.batch import Known
from hub.ingest.purging.purge import Purge, Work
from hub.ingest.purging.report import Report, write_report
from policies.collecting.endings import Ended, end_of
from policies.purposes import implies
from schema.catalogue import Catalogue

KIND: Final = "admin"
NAME: Final = "purge"


class PurgeRefused(RuntimeError):
    """A purpose cannot be purged; the text says why, and when it can. Nothing was removed."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A purpose that has ended, by the version in force."""

    purpose: str
    end: Ended
    force: Purposes


def allowed_purge(settings: Settings, purpose: str) -> Allowed:
    """Raises PurgeRefused before the end of a purpose, and what `purposes_in_force` raises."""
    force = purposes_in_force(settings)
    if force is None:
        raise PurgeRefused("no policy version is in force in this home, so no purpose has ended; nothing is purged")
    if purpose not in force.by_id:
        known = ", ".join(sorted(force.by_id))
        raise PurgeRefused(f"the policy in force has no such purpose; known: {known}")
    end = end_of(force.by_id, purpose)
    if end is None:
        raise PurgeRefused(
            f"{purpose} has no end in version {force.number}, which is in force: neither it nor one above it says "
            "`expires` or `purge`; nothing is purged"
        )
    if end.since > settings.now().date():
        raise PurgeRefused(
            f"{purpose} has not ended: version {force.number}, which is in force, lets it be purged from {end.since} "
            f"on, by `{end.purpose.id}`; nothing is purged"
        )
    return Allowed(purpose, end, force)


def foreseen_purge(
    settings: Settings, folder: Path, allowed: Allowed, data: Path, variables: Mapping[str, str], address: GraphAddress
) -> dict[str, Any]:
    """What a purge would remove, counted; nothing is written but what makes the graph ready, and nothing recorded."""
    with _opened(settings, folder, allowed.purpose, data, variables, address, catalogue_of(settings)) as purge:
        return {"purpose": allowed.purpose, **purge.foresee()}


def recorded_purge(
    settings: Settings, folder: Path, allowed: Allowed, data: Path, variables: Mapping[str, str], address: GraphAddress
) -> tuple[Work, Report]:
    """Purge, report and record; raises what `Purge.run` raises, and KeyRefused, ManifestError and AuditUnavailable."""
    catalogue = catalogue_of(settings)
    begun = _begin(settings, allowed, catalogue)
    with closing(open_log(settings)) as log, ExitStack() as stack:
        log.append_sync(begun)
        facts, result = dict(begun.variables), "INTERRUPTED"
        try:
            purge = stack.enter_context(_opened(settings, folder, allowed.purpose, data, variables, address, catalogue))
            work = purge.run()
            report = write_report(settings, allowed.purpose, allowed.end, allowed.force, catalogue.version, work)
            facts |= _facts(work, report)
            result = "OK"
        except Exception:
            result = "FAILED"
            raise
        finally:
            log.append_sync(end_record(begun, f"{NAME} end", facts, result))
        # Not before the record of its end: if it is killed in between, the next one makes the same report.
        purge.end()
    return work, report


def _facts(work: Work, report: Report) -> dict[str, str]:
    counts = work.counts
    return {"records": str(counts.records), "nodes": str(sum(counts.nodes.values())), "report": report.digest}


def _begin(settings: Settings, allowed: Allowed, catalogue: Catalogue) -> Record:
    facts = {"since": allowed.end.since.isoformat(), "by": allowed.end.purpose.id}
    begun = begin_record(digester_of(settings), KIND, NAME, facts)
    return replace(
        begun,
        purpose=allowed.purpose,
        policy_version=allowed.force.version,
        catalogue_version=catalogue.version,
    )


@contextmanager
def _opened(
    settings: Settings,
    folder: Path,
    purpose: str,
    data: Path,
    variables: Mapping[str, str],
    address: GraphAddress,
    catalogue: Catalogue,
) -> Iterator[Purge]:
    """A purge on a graph that is open to be written."""
    filled = {"DATA": str(data.absolute()), **variables}
    sources = load_sources(folder, catalogue, filled, NONE)
    streams = plan_streams(sources, catalogue)
    declared = [each.name for each in sources if implies(purpose, each.collected_for)]
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        writer.check_reachable()
        key = open_to_write(settings, writer, catalogue)
        known = Known(catalogue, streams, KnownPlans(streams, key, told_types(catalogue)))
        rows = KeptRows(settings.kept_rows, key)
        yield Purge(writer, known, rows, purpose, declared, settings.pull_lease)
