"""Requests of yesterday and before, written into the log of a console's hub as if applications had made them."""

from __future__ import annotations

import datetime as dt

from audit.record import Coordinates, Record
from hub.auditor.search_terms import person_digests, surrogate_of
from hub.home.seals import load_key
from tests.support.console.browsing import ConsoleScene
from tests.support.console.written_log import at

NUMBER = "110101199003070011"
"""The id number of the person whom they touched."""


def write_use(scene: ConsoleScene, own: str = "wu") -> int:
    """Write them; the index of yesterday's only refusal, which a person with the subject `own` met."""
    hub = scene.served.hub
    # As a hub makes them: the person of a number by the surrogate that pulls make of it.
    load_key(scene.settings.graph_key)
    person = person_digests(hub.digester, surrogate_of(scene.settings)(NUMBER))[0]
    zone = scene.settings.zone
    midnight = dt.datetime.combine(scene.settings.now().date(), dt.time(), zone)
    own_index = -1
    for number in (*range(16, 24), *range(16)):  # in the order of time
        who, kind = f"clerk{number % 6}", "refusal" if number in {7, 23} else "query"
        if kind == "refusal" and number == 7:
            who = own
        hours = dt.timedelta(hours=24 if number < 16 else 24 * 40, minutes=-number)
        receipt = hub.log.append_sync(
            Record(
                kind=kind,
                request_id=f"{number:032x}",
                result="OK" if kind == "query" else "PURPOSE_DENIED",
                http_status=200,
                time=at(midnight - hours + dt.timedelta(hours=3)),
                application="fire-inspection",
                department="fire",
                subject=hub.digester.digest("subject", who),
                purpose="safety.fire.rental" if number % 3 else "safety.fire",
                case=hub.digester.digest("case", "EV-9") if number % 2 else None,
                decision=Coordinates(clear=("Person.name", "Person.idNumber"), masked=("Person.phone",)),
                nodes=1,
                subjects=(person,) if kind == "query" else (),
            )
        )
        if number == 7:
            own_index = receipt.index
    return own_index
