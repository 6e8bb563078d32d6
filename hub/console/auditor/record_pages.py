"""One record of the log: what was decided and why, what auditors found in it, and its proof, to be downloaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from starlette.responses import Response

from audit.record import encode
from audit.stores.base import StoreFault
from hub.auditor.review_marks import Marks
from hub.console.arrival import Arrival
from hub.console.auditor.reading import Shown, record_at
from hub.console.auditor.terms import LOG, number_of
from hub.console.desk import HOME, Desk
from hub.console.lanes import Lane
from hub.console.log_words import log_words
from hub.console.page import Page, Way
from hub.console.pages import HEADERS
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from policies.stewards import Role

RECORD: Final = "log/record"
PROOF: Final = f"{RECORD}/proof"
LINKED: Final = {each: each for each in ("case", "purpose", "application", "department")} | {"subject": "who"}
"""What of a record leads to those that share it, by the term of the search."""
TOLD: Final = (
    *("operation_name", "kind", "result", "http_status", "application", "department", "region", "subject"),
    *("actor_application", "actor", "purpose", "case", "nodes", "duration_us", "policy_version"),
    *("catalogue_version", "request_id", "request_digest", "operation"),
)
"""What a record says of a request, in this order: what and how it ended, who, for what, then what proves it."""


class RecordPages:
    """The page of one record of one console, for auditors; marks lie in the store behind `engine`."""

    def __init__(self, desk: Desk, engine: sa.Engine) -> None:
        self._desk, self._marks = desk, Marks(engine)

    def ways(self) -> tuple[Way, ...]:
        """The page and its file, by their paths."""
        auditors = frozenset({Role.AUDITOR})
        return (Page(RECORD, self.show, auditors), Page(PROOF, self.proof, auditors))

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """One record; `index` says which."""
        index, shown = await self._asked(arrival)
        await self._desk.record_reading(visitor, "log record", {"index": str(index)})
        marks = await self._desk.beside(Lane.SESSIONS, lambda: self._marks.of((index,)))
        numbers = await self._desk.beside(Lane.POLICY, self._numbers)
        record = json.loads(encode(shown.logged.record))
        return self._desk.page(
            "record",
            arrival,
            visitor,
            shown=shown,
            record=record,
            names=TOLD,
            effects=record.pop("decision", {}),
            search=HOME + LOG,
            linked=LINKED,
            told=log_words(self._desk, arrival.language),
            number=numbers.get(shown.logged.record.policy_version or ""),
            marks=marks.get(index, ()),
            known=dict(self._desk.hub.catalogue.coordinates()),
            proof=f"{HOME}{PROOF}?index={index}",
        )

    async def proof(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The proof of a record as `audit prove` writes it: as JSON, or with `form=tlog-proof` for other software."""
        form = arrival.request.query_params.get("form", "json")
        if form not in {"json", "tlog-proof"}:
            raise PageRefused("choice", name="form")
        index, shown = await self._asked(arrival)
        if shown.proof is None:
            raise PageRefused("record_unproved")
        await self._desk.record_reading(visitor, "log record proof", {"index": str(index)}, "proof")
        if form == "json":
            written = (json.dumps(shown.proof.as_json(), indent=2, sort_keys=True) + "\n").encode()
            return _file(f"record-{index}.proof", written, "application/json")
        return _file(f"record-{index}.tlog-proof", shown.proof.as_tlog_proof(), "text/plain; charset=utf-8")

    async def _asked(self, arrival: Arrival) -> tuple[int, Shown]:
        index = number_of(arrival.request.query_params.get("index", ""))
        if index is None:
            raise PageRefused("record")
        try:
            return index, await self._desk.beside(Lane.LOG, lambda: record_at(self._desk.hub, index))
        except IndexError:
            raise PageRefused("record") from None
        except StoreFault:
            raise PageRefused("store") from None

    def _numbers(self) -> Mapping[str, int]:
        """By the hash that records name: the number of each policy version; of two with one content, the later."""
        follower = self._desk.hub.policy_follower
        known = [] if follower is None else follower.store.history()
        return {each.version.hash: each.version.number for each in known}


def _file(name: str, content: bytes, media_type: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
