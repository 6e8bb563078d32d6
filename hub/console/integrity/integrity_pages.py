"""The page of the whole log: its newest checkpoint with its signatures, a check of every record, and two files.

Checkpoint and key hold no record and are for anyone; who has every record checked is recorded, and so is what it found.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from audit.checkpoint import NoteRefused
from audit.record import BEGUN, Record
from audit.stores.base import StoreFault
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.integrity.checking import check_whole_log, public_key, published
from hub.console.integrity.checks import Checks
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.pages import HEADERS
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from hub.steward.changes import reading_record
from policies.stewards import Role

WHOLE: Final = "integrity"
NAME: Final = "console integrity check"
TEXT: Final = "text/plain; charset=utf-8"


class IntegrityPages:
    """The page of the whole log of one console, for auditors."""

    def __init__(self, desk: Desk, checks: Checks) -> None:
        self._desk, self._checks = desk, checks

    def ways(self) -> tuple[Way, ...]:
        """The page, its files and its form, by their paths."""
        auditors = frozenset({Role.AUDITOR})
        return (
            Page(WHOLE, self.show, auditors, "whole"),
            Page(f"{WHOLE}/checkpoint.txt", self.checkpoint, auditors),
            Page(f"{WHOLE}/key.txt", self.key, auditors),
            Change(f"{WHOLE}/check", self.check, auditors),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The newest checkpoint, and the check that runs or ran last."""
        newest, foreign = None, False
        try:
            newest = await self._desk.beside(Lane.LOG, lambda: published(self._desk.hub))
        except NoteRefused:
            foreign = True
        except StoreFault:
            raise PageRefused("store") from None
        last = await self._desk.beside(Lane.SESSIONS, self._checks.last)
        return self._desk.page(
            "integrity",
            arrival,
            visitor,
            newest=newest,
            foreign=foreign,
            last=last,
            verdict=json.loads(last.verdict) if last is not None and last.verdict else None,
            here_again=HOME + WHOLE,
        )

    async def checkpoint(self, _: Arrival, __: Visitor) -> Response:
        """The newest checkpoint, as `audit checkpoint` prints it."""
        try:
            newest = await self._desk.beside(Lane.LOG, lambda: published(self._desk.hub))
        except (NoteRefused, StoreFault):
            raise PageRefused("store") from None
        if newest is None:
            raise PageRefused("whole_none")
        return _file(f"checkpoint-{self._desk.hub.settings.now():%Y%m%d}-{newest.size}.txt", newest.note)

    async def key(self, _: Arrival, __: Visitor) -> Response:
        """The public key of the log, as `audit key` prints it."""
        return _file("log.pub", await self._desk.beside(Lane.LOG, lambda: public_key(self._desk.hub)))

    async def check(self, _: Arrival, visitor: Visitor, __: Mapping[str, str]) -> Response:
        """Begin a check of every record, unless one runs."""
        hub = self._desk.hub
        run = await self._desk.beside(Lane.SESSIONS, lambda: self._checks.begin(visitor.account))
        if run is None:
            raise PageRefused("whole_checked")
        begun = reading_record(hub.digester, "admin", f"{NAME} begin", visitor.actor, result=BEGUN)
        await hub.log.append(begun)
        # A thread of its own, of which there is one: it may take minutes, and does not keep a hub from stopping.
        threading.Thread(target=self._work, args=(run, begun), name="console-whole-log", daemon=True).start()
        return go_to(HOME + WHOLE)

    def _work(self, run: str, begun: Record) -> None:
        try:
            check_whole_log(self._desk.hub, self._checks, run, begun, NAME)
        except Exception as fault:
            self._desk.hub.telemetry.fault("console", fault)


def _file(name: str, content: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=TEXT, headers=headers)
