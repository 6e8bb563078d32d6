"""A register is pulled only if that can be recorded, and what became of it is a record for each source.

A record of kind `pull` before the first row is read, and one after each source: counts, who pulled, how it ended. A
pull that was killed is one that began and did not end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from audit.log import AuditLog
from audit.record import Digester
from connectors.base import PullResult, Report
from hub.graph.local import GraphAddress
from hub.home.audit_log import command_record, digester_of, open_log
from hub.home.settings import Settings
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
) -> list[PullResult]:
    """`hub.ingest.pull.run_pull`, on record; raises what that and the audit log raise."""
    digester = digester_of(settings)
    with closing(open_log(settings)) as log:
        # How many and not which: a name that was typed may be anything until it is known to be a source.
        log.append_sync(command_record(digester, KIND, "pull begin", {"sources": str(len(names)) if names else ALL}))

        @contextmanager
        def witness(source: str) -> Iterator[list[PullResult]]:
            with _witnessed(log, digester, source) as done:
                yield done

        return run_pull(
            settings, sources_folder, names, data_folder, variables, progress, address=address, witness=witness
        )


@contextmanager
def _witnessed(log: AuditLog, digester: Digester, source: str) -> Iterator[list[PullResult]]:
    done: list[PullResult] = []
    result = "INTERRUPTED"
    try:
        yield done
        result = "OK"
    except Exception:
        result = "FAILED"
        raise
    finally:
        counts = {name: str(sum(getattr(each, name) for each in done)) for name in COUNTS}
        log.append_sync(command_record(digester, KIND, "pull", {"source": source, **counts}, result))
