"""Removes the records of a stream that are no longer at its source.

Only a stream that declares `full: true` says by leaving a record out that it is gone, and only after a read that is
complete and in which every row has a number that can be read. If more is gone than `limits.vanished` allows, the source
itself must be wrong: the run stops, and nothing is removed (attack catalogue K05, K13).
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from connectors.base import Broken, ConnectorError, GraphSink, Note, Refused, Row, StreamPlan, Written
from connectors.findings import Findings
from connectors.results import add

BATCH_RECORDS = 2_000
VANISHED = "vanished"
"""The rule of the note that counts the records that were removed."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came in a full read: keys of valid records, keys of refused rows, and how many rows nobody can tell apart.

    `complete`: the source gave all that it says it has.
    """

    valid: Set[str]
    refused: Set[str]
    unnamed: int
    complete: bool


def remove_vanished(
    plan: StreamPlan, sink: GraphSink, run: str, came: Came, most: float, findings: Findings
) -> Written:
    """Remove the records that the graph holds and that did not come; raises ConnectorError above the share `most`."""
    held = sink.count_records(plan)
    gone = _gone(plan, sink, held, came)
    if not gone:
        return Written()
    text = f"records are no longer at the source, the first is {gone[0].partition(':')[2]}"
    if came.unnamed or not came.complete:
        doubt = f"of {came.unnamed} refused rows nobody can say which records they are"
        why = doubt if came.unnamed else "the read was not complete"
        findings.note(Note("not-removed", f"{text}; they stay, because {why}", len(gone)))
        return Written()
    if len(gone) > most * held:
        raise ConnectorError(
            plan.name,
            f"{len(gone)} of {held} {text}: more than the limit of {most:.0%} (limits.vanished). Nothing is removed; "
            "see that the source gives all its records, or raise the limit for one pull",
        )
    done = Written()
    for start in range(0, len(gone), BATCH_RECORDS):
        done = add(done, sink.remove(plan, run, gone[start : start + BATCH_RECORDS]))
    text = f"{text}; {done.removed} nodes, which no other record describes, are removed with them"
    findings.note(Note(VANISHED, text, len(gone)))
    return done


def is_unnamed(shaped: object, row: Row | Broken) -> bool:
    """Whether nobody can say which record a refused row is.

    Of a row that is broken as a whole, what looks like its number may be another cell.
    """
    return isinstance(shaped, Refused) and (not shaped.is_named or (isinstance(row, Broken) and row.field == "row"))


def _gone(plan: StreamPlan, sink: GraphSink, held: int, came: Came) -> list[str]:
    """The keys that the graph holds and that did not come."""
    written = len(came.valid) - len(came.valid & came.refused)
    # Each valid record that came is in the graph by now: if as many are, they are the same.
    if held <= written:
        return []
    return sorted(sink.record_keys(plan) - came.valid - came.refused)
