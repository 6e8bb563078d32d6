"""The rows that a batch gives to its statements: provenance, edges that wait, and entries in quarantine. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from connectors.base import EdgePlan, Record, Refused, StreamPlan
from hub.graph.lots import lot_number

OWN: Final = ("sid", "lot", "key", "record", "asOf", "hash", "rejected", "contested", "said")
"""What begins the row of a record, in lists: with maps, a statement takes a third longer. `sid` is that of its node."""
TARGET_MISSING = "target-not-found"


def shared_provenance(plan: StreamPlan, run: str) -> dict[str, Any]:
    """What all records of a batch have in common."""
    return {
        "source": plan.source,
        "stream": plan.name,
        "collectedFor": plan.collected_for,
        "trust": plan.trust,
        "run": run,
    }


def stream_of(key: str) -> str:
    """The name of the stream of a record with this key."""
    return key.partition(":")[0]


def provenance(
    record: Record, sid: str, rejected: Sequence[str], contested: Sequence[str], said: str | None
) -> list[Any]:
    """A record's own provenance, in the order of OWN; `said` is compared with what other sources say."""
    return [
        sid,
        lot_number(sid),
        record.key,
        record.number,
        # As text: the driver takes a hundred times as long for a moment.
        None if record.as_of is None else record.as_of.isoformat(),
        record.fingerprint,
        list(rejected) or None,
        list(contested) or None,
        said,
    ]


def orphan(record: Record, edge: EdgePlan, identity: str, column: str) -> Refused:
    """The refusal of a record without the node that it needs."""
    return Refused(
        record.key, record.number, column, TARGET_MISSING, f"no known {edge.target} has this identity", record.as_of,
        (edge.target, identity),
    )  # fmt: skip


def waiting_edge(plan: StreamPlan, run: str, edge: EdgePlan, record: Record, target: str) -> dict[str, Any]:
    """The entry of an edge whose target is not in the graph yet."""
    return {
        "key": f"{record.key}#{edge.name}",
        "values": {
            "source": plan.source,
            "stream": plan.name,
            "row": record.number,
            "record": record.key,
            "field": edge.name,
            "rule": TARGET_MISSING,
            "reason": f"no known {edge.target} has this identity yet; the row is in without the edge",
            "whole": False,
            "target": target,
            "entity": edge.target,
            "owner": edge.entity,
            "asOf": record.as_of,
            "run": run,
        },
    }


def refused_row(plan: StreamPlan, refused: Refused, target: str | None) -> dict[str, Any]:
    """The entry of a refused row; `target` is the surrogate of the node that it waits for."""
    return {
        "key": refused.key,
        "values": {
            "source": plan.source,
            "stream": plan.name,
            "row": refused.row,
            "record": refused.key,
            "field": refused.field,
            "rule": refused.rule,
            "reason": refused.reason,
            "whole": True,
            "target": target,
            "entity": refused.awaits[0] if refused.awaits else None,
            "asOf": refused.as_of,
        },
    }
