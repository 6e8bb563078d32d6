"""A pull that is recorded in the audit log: that it began, for each source how it ended, and how it ended as a whole.

No row is read before the first record is written. A record after each source holds its counts, who pulled and the
result. However a pull ends, its end is recorded; one that was killed has begun in the log and has not ended, and
`sluicegate audit verify` tells so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from audit.log import AuditLog
from audit.record import Record
from connectors.results import PullResult, Report
from hub.graph.local import GraphAddress
from hub.home.audit_log import begin_record, command_record, digester_of, end_record, open_log
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.ingest.lease import SourceBusy, SourcesBusy
from hub.ingest.pull import COUNTS, run_pull
from hub.ingest.purging.ended_sources import PurposeEnded, SourcesEnded

KIND = "pull"
ALL = "all"


def recorded_pull(
    settings: Settings,
    sources_folder: Path,
    names: Sequence[str],
    data_folder: Path,
    variables: Mapping[str, str],
    progress: Report,
    address: GraphAddress | None = None,
    results: list[PullResult] | None = None,
) -> list[PullResult]:
    """`hub.ingest.pull.run_pull`, recorded in the audit log; raises what both raise.

    What each stream did is put into `results` too, so that it is there where a later one fails.
    """
    ended = [] if results is None else results
    digester, catalogue = digester_of(settings), catalogue_of(settings)
    # How many and not which: until a name is known to be a source, any text may have been typed.
    begun = begin_record(digester, KIND, "pull", {"sources": str(len(names)) if names else ALL})
    begun = replace(begun, catalogue_version=catalogue.version)
    with closing(open_log(settings)) as log:
        log.append_sync(begun)

        @contextmanager
        def recorder(source: str) -> Iterator[list[PullResult]]:
            done: list[PullResult] = []

            def record(result: str) -> Record:
                facts = {"source": source, **_counts(done)}
                told = command_record(digester, KIND, "pull", facts, result)
                return replace(told, catalogue_version=catalogue.version)

            with _end_recorded(log, record):
                try:
                    yield done
                finally:
                    ended.extend(done)

        with _end_recorded(log, lambda result: end_record(begun, "pull end", begun.variables, result)):
            return run_pull(
                settings, sources_folder, names, data_folder, variables, progress,
                address=address, recorder=recorder, catalogue=catalogue,
            )  # fmt: skip


@contextmanager
def _end_recorded(log: AuditLog, record: Callable[[str], Record]) -> Iterator[None]:
    """Append the record of the result that the block has, however it ends."""
    result = "INTERRUPTED"
    try:
        yield
        result = "OK"
    except (SourceBusy, SourcesBusy, PurposeEnded, SourcesEnded):
        result = "REFUSED"
        raise
    except Exception:
        result = "FAILED"
        raise
    finally:
        log.append_sync(record(result))


def _counts(streams: Sequence[PullResult]) -> dict[str, str]:
    """The counts of a source's streams together; `incomplete` is how many of them gave less than they have."""
    return {name: str(sum(getattr(each, name) for each in streams)) for name in (*COUNTS, "vanished", "incomplete")}
