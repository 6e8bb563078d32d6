"""A pull that is recorded in the audit log: that it began, and for each source how it ended.

No row is read before the first record is written. A record after each source holds its counts, who pulled and the
result; a pull that was killed has begun in the log and has not ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from audit.log import AuditLog
from audit.record import Digester
from connectors.results import PullResult, Report
from hub.graph.local import GraphAddress
from hub.home.audit_log import command_record, digester_of, open_log
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.ingest.lease import SourceBusy
from hub.ingest.pull import COUNTS, run_pull

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
    digester, version = digester_of(settings), catalogue_of(settings).version
    with closing(open_log(settings)) as log:
        # How many and not which: until a name is known to be a source, any text may have been typed.
        begun = command_record(digester, KIND, "pull begin", {"sources": str(len(names)) if names else ALL})
        log.append_sync(replace(begun, catalogue_version=version))

        @contextmanager
        def recorder(source: str) -> Iterator[list[PullResult]]:
            with _recorded(log, digester, source, version) as done:
                try:
                    yield done
                finally:
                    ended.extend(done)

        return run_pull(
            settings, sources_folder, names, data_folder, variables, progress, address=address, recorder=recorder
        )


@contextmanager
def _recorded(log: AuditLog, digester: Digester, source: str, catalogue_version: str) -> Iterator[list[PullResult]]:
    done: list[PullResult] = []
    result = "INTERRUPTED"
    try:
        yield done
        result = "OK"
    except SourceBusy:
        result = "REFUSED"
        raise
    except Exception:
        result = "FAILED"
        raise
    finally:
        counts = {name: str(sum(getattr(each, name) for each in done)) for name in (*COUNTS, "vanished")}
        ended = command_record(digester, KIND, "pull", {"source": source, **counts}, result)
        log.append_sync(replace(ended, catalogue_version=catalogue_version))
