"""How a hub is: its parts, versions, log, machine, and the limits that were reached; for a page.

What `/readyz` and `/metrics` know, in numbers with units. Nothing here says anything about the content of the log or of
a request. What reads files or the graph blocks, and is for a thread.
"""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from audit.publish import newest_checkpoint
from audit.stores.base import StoreFault
from audit.stores.open import open_reader
from hub.console.operator.source_reading import graph_of
from hub.graph.driver import GraphWriteError, GraphWriter
from hub.home.audit_log import verifier_of
from hub.home.settings import Settings
from hub.request.running import Hub
from hub.siblings import WorkerState

LIMITS: Final = {
    "RATE_LIMIT": "SLUICEGATE_RATE_OF_APPLICATION",
    "COST_LIMIT": "SLUICEGATE_BURST_OF_PERSON",
    "DAILY_CAP": "SLUICEGATE_FAILED_MATCHES",
    "RESULT_LIMIT": "SLUICEGATE_RESULT_NODE_CAP",
    "TOO_LARGE": "SLUICEGATE_BODY_LIMIT",
    "TOO_MANY_REQUESTS": "SLUICEGATE_GRAPH_STATEMENTS",
    "OVERLOADED": "SLUICEGATE_GRAPH_STATEMENTS",
    "TIMEOUT": "SLUICEGATE_GRAPH_DEADLINE",
    "AUDIT_UNAVAILABLE": "SLUICEGATE_AUDIT_DEADLINE",
}
"""Codes of refusals by which a limit shows, and the first setting to look at."""
_NEO4J: Final = "CALL dbms.components() YIELD name, versions, edition RETURN name, versions[0] AS version, edition"


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of the hub: the number of the policy version that it serves; None if it does not answer."""

    number: int
    policy: int | None
    age: float | None
    """Seconds since the version store last answered it."""


@dataclass(frozen=True, slots=True)
class Log:
    """The log: its records, those that the newest signed checkpoint covers, and when that was signed (Unix time).

    None if it cannot be read now.
    """

    records: int
    covered: int | None
    signed: float | None


@dataclass(frozen=True, slots=True)
class Machine:
    """Load of the last 1, 5 and 15 minutes a processor (1 is all of it); bytes of memory and of the home's disk."""

    processors: int
    load: tuple[float, float, float]
    memory: int
    free: int
    disk: int


def workers_of(number: int, own: bytes, others: Mapping[int, WorkerState | None]) -> Sequence[Worker]:
    """Every worker, by the metrics that it tells."""
    told = {**{each: None if state is None else state["metrics"] for each, state in others.items()}, number: own}
    return [_worker(each, text) for each, text in sorted(told.items())]


def _worker(number: int, metrics: bytes | str | None) -> Worker:
    if metrics is None:
        return Worker(number, None, None)
    found = {sample.name: sample.value for sample in _samples(metrics) if not sample.labels}
    policy = found.get("sluicegate_policy_number")
    return Worker(number, None if policy is None else int(policy), found.get("sluicegate_policy_age_seconds"))


def reached(texts: Sequence[bytes | str]) -> Mapping[str, int]:
    """How often each limit was reached since the hub started, by the code of the refusal, the most first."""
    counts: Counter[str] = Counter()
    for text in texts:
        for sample in _samples(text):
            code = sample.labels.get("code", "")
            if sample.name == "sluicegate_requests_total" and code in LIMITS:
                counts[code] += int(sample.value)
            if sample.name == "sluicegate_connections_refused_total":
                counts[CONNECTIONS] += int(sample.value)
    return {code: count for code, count in counts.most_common() if count}


CONNECTIONS: Final = "connections"
"""Stands for connections that were refused or closed, for whatever reason."""


def _samples(metrics: bytes | str) -> list[Sample]:
    text = metrics.decode() if isinstance(metrics, bytes) else metrics
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def log_of(settings: Settings) -> Log | None:
    """How far the log is signed; None if it cannot be read now."""
    try:
        with closing(open_reader(settings.audit_log)) as reader:
            newest = newest_checkpoint(reader, verifier_of(settings))
            size = reader.size
    except (StoreFault, OSError):
        return None
    return Log(size, newest[0].size if newest else None, _changed(settings.audit_head) if newest else None)


def _changed(file: Path) -> float | None:
    """When the recorded head was written: it is with each checkpoint that this home signs or sees."""
    try:
        return file.stat().st_mtime
    except OSError:
        return None


def machine_of(settings: Settings) -> Machine:
    """The machine on which this worker runs."""
    processors, disk = os.cpu_count() or 1, shutil.disk_usage(settings.home.absolute())
    one, five, fifteen = (each / processors for each in os.getloadavg())
    return Machine(processors, (one, five, fifteen), _memory(), disk.free, disk.total)


def _memory() -> int:
    """Bytes of memory that this process holds now."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def versions_of(hub: Hub) -> Mapping[str, str]:
    """What runs here, by a key of words; empty where it is not known now."""
    return {
        "product": version("sluicegate"),
        "python": platform.python_version(),
        "neo4j": _neo4j(hub.settings),
        "detector": hub.detector,
        "catalogue": hub.catalogue.version,
        "policy": hub.policy.version,
    }


def _neo4j(settings: Settings) -> str:
    graph = graph_of(settings)
    if graph is None:
        return ""
    try:
        with GraphWriter(graph.url, graph.user, graph.password, database=settings.graph_database) as writer:
            writer.check_reachable()
            row = writer.read(_NEO4J)[0]
    except GraphWriteError:
        return ""
    return f"{row['version']} ({row['edition']})"


def age(moment: float | None) -> int | None:
    """Seconds since a moment in Unix time."""
    return None if moment is None else max(0, int(time.time() - moment))
