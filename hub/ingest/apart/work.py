"""The process that tries a source, or lets its refused rows in again, for a hub: `python -m hub.ingest.apart.work`.

It reads its task from standard input and writes a line of JSON for each thing that it found: names, counts and reasons,
and no value of a row and no secret. It gives way to the hub's own work.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import select
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from audit import checkpoint
from audit.log import AuditUnavailable
from connectors.base import ConnectorError
from connectors.manifest import ManifestError
from hub.graph.driver import GraphWriteError
from hub.graph.loaded_catalogue import CatalogueMisfit
from hub.graph.local import GraphAddress
from hub.home.key_files import KeyRefused
from hub.home.settings import Settings
from hub.ingest.lease import SourceBusy, SourcesBusy
from hub.ingest.runs.retried_rows import retry_refused
from hub.ingest.source_locations import SourceLocations
from hub.ingest.trial.dry_run import Tried
from hub.ingest.trial.remedies import kind_of
from hub.ingest.trial.trials import try_sources
from hub.log_lines import describe_exception
from schema.strict_yaml import YamlFileError

TRY, RETRY = "try", "retry"
PAGE_ROWS: Final = 200
"""How many rows of a stream are read when a source is tried."""
NICE: Final = 10
TOLD: Final = (
    AuditUnavailable,
    CatalogueMisfit,
    GraphWriteError,
    KeyRefused,
    ManifestError,
    YamlFileError,
    checkpoint.KeyRefused,
)
"""Errors whose texts are written for people, and hold no value."""
OTHER_KINDS: Final = ("busy_run", "secret", "stops", "variable")
"""What else there is to say a remedy for: another pull runs, a secret or a variable is not set, a pull would stop."""
_NO_SECRET: Final = re.compile("environment variable .* is missing|file of the secret is missing")
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """What to do (TRY or RETRY) with one source, and where everything is."""

    act: str
    source: str
    settings: Settings
    address: GraphAddress = field(repr=False)
    locations: SourceLocations = field(repr=False)


def lines_of(task: Task) -> Iterator[Line]:
    """What is found, each as `{"stream": …}` or `{"problem": …, "kind": …}`; the last of a retry has `before`, `after`.

    `kind` is one of `remedies.REMEDIES` or OTHER_KINDS, or None.
    """
    try:
        yield from _tried(task) if task.act == TRY else _retried(task)
    except (SourceBusy, SourcesBusy) as busy:
        yield {"problem": busy.problem, "kind": "busy_run"}
    except ConnectorError as wrong:
        yield {"problem": str(wrong), "kind": _kind_of(wrong)}
    except TOLD as wrong:
        yield {"problem": str(wrong), "kind": "variable" if "unknown variable" in str(wrong) else None}
    except Exception as fault:
        # Its text may quote data; its class and its place in the code do not.
        yield {"problem": f"internal fault ({describe_exception(fault)}); please report it", "kind": None}


def _kind_of(error: ConnectorError) -> str | None:
    return "secret" if _NO_SECRET.search(error.problem) else kind_of(error)


def _tried(task: Task) -> Iterator[Line]:
    where = task.locations
    for each in try_sources(
        task.settings,
        Path(where.sources),
        [task.source],
        Path(where.data),
        where.variables,
        first=PAGE_ROWS,
        shown=0,
    ):
        if not isinstance(each, Tried):
            yield {"stream": each.stream, "problem": each.error.problem, "kind": _kind_of(each.error)}
            continue
        yield {
            "stream": each.stream,
            "problem": each.stops,
            "kind": None if each.stops is None else "stops",
            "read": each.read,
            "whole": each.whole,
            "columns": len(each.columns),
            "refused": each.refused,
            "refusals": [asdict(why) for why in each.refusals],
            "notes": [{"rule": note.rule, "text": note.in_words} for note in each.notes],
        }


def _retried(task: Task) -> Iterator[Line]:
    where = task.locations
    done = retry_refused(
        task.settings,
        Path(where.sources),
        task.source,
        Path(where.data),
        where.variables,
        lambda *_: None,
        task.address,
    )
    yield {"before": dict(done.before), "after": dict(done.after)}


def end_with_hub() -> None:
    """End this process when nobody reads what it writes any more: the hub has ended, however it did."""
    pipe = select.poll()
    pipe.register(sys.stdout.fileno(), 0)  # errors alone, which are always told

    def watch() -> None:
        pipe.poll()
        os._exit(1)

    threading.Thread(target=watch, name="end with the hub", daemon=True).start()


def main() -> None:
    """Do the task of standard input; a trial ends with its hub, and a pull goes on."""
    os.nice(NICE)
    task: Task = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the hub that started this process
    if task.act == TRY:
        end_with_hub()
    for line in lines_of(task):
        print(json.dumps(line, ensure_ascii=True), flush=True)


if __name__ == "__main__":
    main()
