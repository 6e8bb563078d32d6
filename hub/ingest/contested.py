"""Finds the records of a batch that say otherwise than another record of their stream about the same node.

One of the two is kept, always the same, and each pull that writes such a record tells so: a second row with a person's
number would otherwise take their place unnoticed. Only names of fields are told, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.base import Record, StreamPlan
from connectors.resolve import Assertion, contested
from hub.graph.driver import Transaction
from hub.ingest import sink_statements as cypher


def find_contested(
    transaction: Transaction,
    plan: StreamPlan,
    records: Sequence[tuple[str, Record]],
    live: Mapping[str, Sequence[Assertion]],
) -> dict[str, tuple[str, ...]]:
    """By key, the fields in which records (with their surrogates) differ; `live` are the records in the graph."""
    written = {record.key for _, record in records}
    sids = sorted(
        sid for sid, told in live.items() if any(each.stream == plan.name and each.key not in written for each in told)
    )
    rows = transaction.run(cypher.values(plan.entity), sids=sids) if sids else []
    return contested(plan, records, live, {row["sid"]: row["held"] for row in rows})
