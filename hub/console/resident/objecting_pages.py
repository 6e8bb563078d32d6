"""The resident's forms: of an objection to one access or to all of its department, and of taking one back.

What they write goes by a form into the version store: it is in no address, and in the log by its digest alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.objections.objection import KEPT_DAYS, LONGEST_REASON, MOST_OF_A_DAY, MOST_OPEN
from hub.console.objections.store import Objections, TooMany
from hub.console.page import SHOW, OwnChange, OwnPage, Way, shown_again
from hub.console.pages import form_field
from hub.console.refusals import PageRefused
from hub.console.resident.objecting import SCOPES, Written, chosen, covers, send, withdraw
from hub.console.resident.recording import own_record
from hub.console.resident.seen import read_or_refuse, told_to
from hub.console.sessions.residents import Resident
from hub.request.accesses import RecordedAccess
from hub.request.denials import EXPECTED_WORKING_DAYS
from policies.requests.model import is_sound, text_of
from policies.versions import ChangeRefused

OBJECT: Final = "my-data/object"
WITHDRAW: Final = "my-data/withdraw"
_FORM: Final = re.compile(r"[0-9a-f]{32}")


class ObjectingPages:
    """The pages by which a resident objects."""

    def __init__(self, desk: Desk, objections: Objections) -> None:
        self._desk, self._objections = desk, objections

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (
            OwnPage(OBJECT, self.show),
            OwnChange(f"{OBJECT}/send", self.send, shown_again),
            OwnChange(WITHDRAW, self.withdraw),
        )

    async def show(self, arrival: Arrival, resident: Resident) -> Response:
        """The form for the access that was chosen."""
        written = Written(arrival.request.query_params.get("access", ""))
        record = own_record(self._desk.hub.digester, "subject", "my data object", resident.digests, {})
        await self._desk.hub.log.append(record)
        access, _ = await self._chosen(resident, written.access)
        return await self._form(arrival, resident, written, access)

    async def send(self, arrival: Arrival, resident: Resident, form: Mapping[str, str]) -> Response:
        """Send an objection, or tell what it lacks and keep what was written."""
        names = {name: form.get(name, "") for name in ("access", "form", "scope")}
        written = Written(**names, reason=text_of(form.get("reason", "")))
        if written.scope not in SCOPES or not _FORM.fullmatch(written.form):
            raise PageRefused("my_access")
        access, told = await self._chosen(resident, written.access)
        if form.get("act") == SHOW:
            return await self._form(arrival, resident, written, access)
        if not is_sound(written.reason, LONGEST_REASON, lines=True):
            page = await self._form(arrival, resident, written, access, unsound=True)
            page.status_code = 400
            return page
        hub, kept = self._desk.hub, self._objections
        try:
            await self._desk.beside(Lane.RESIDENTS, lambda: send(hub, kept, resident, written, access, told))
        except TooMany:
            raise PageRefused("my_many", most=str(MOST_OPEN), day=str(MOST_OF_A_DAY)) from None
        return go_to(f"{HOME}my-data?sent=1#objections")

    async def withdraw(self, _: Arrival, resident: Resident, form: Mapping[str, str]) -> Response:
        """Take back an objection that waits."""
        hub, kept, name = self._desk.hub, self._objections, form.get("id", "")
        try:
            await self._desk.beside(Lane.RESIDENTS, lambda: withdraw(hub, kept, resident, name))
        except ChangeRefused:
            raise PageRefused("my_withdrawn") from None
        return go_to(f"{HOME}my-data#objections")

    async def _chosen(self, resident: Resident, handle: str) -> tuple[RecordedAccess, Sequence[RecordedAccess]]:
        """The access of a handle, and all of which the resident is told; PageRefused if it is none of them."""
        hub, policy = self._desk.hub, self._desk.hub.policy
        work = read_or_refuse(lambda: told_to(hub, policy, resident.digests))
        told = await self._desk.beside(Lane.RESIDENTS, work)
        access = chosen(resident, handle, told)
        if access is None:
            raise PageRefused("my_access")
        return access, told

    async def _form(
        self, arrival: Arrival, resident: Resident, written: Written, access: RecordedAccess, *, unsound: bool = False
    ) -> Response:
        sent = await self._desk.beside(Lane.RESIDENTS, lambda: self._objections.of(resident.digests))
        return self._desk.page(
            "my_object",
            arrival,
            None,
            access=access,
            written=written,
            scopes=SCOPES,
            unsound=unsound,
            before=next((each for each in sent if each.waits and covers(each, access)), None),
            written_signs=str(len(written.reason)),
            purposes=self._desk.hub.policy.purposes,
            longest=str(LONGEST_REASON),
            working_days=str(EXPECTED_WORKING_DAYS),
            kept=str(KEPT_DAYS),
            form_token=form_field(resident.held),
        )
