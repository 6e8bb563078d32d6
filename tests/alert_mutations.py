"""Mutations of what keeps an alert from telling more, or costing more, than its aggregate.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_ALERTS, _WALKS = "tests/conformance/alerts/test_alerts.py", "tests/attacks/subscriptions/test_d_alerts.py"

ALERTS = (
    Mutation(
        "an alert asks for no number below the threshold",
        "hub/subscriptions/delivery.py",
        "        require_number(prepared, query.at_least)\n",
        "        pass\n",
        _ALERTS,
    ),
    Mutation(
        "an evaluation is counted against daily caps",
        "hub/subscriptions/delivery.py",
        "    await hub.caps.spend(prepared.planned, now)\n    row = await fetch_row",
        "    row = await fetch_row",
        _ALERTS,
    ),
    Mutation(
        "an alert waits between two evaluations",
        "hub/subscriptions/alert.py",
        "time.monotonic() + SECONDS",
        "0.0",
        _ALERTS,
    ),
    Mutation(
        "a group is told when it has just reached the number",
        "hub/subscriptions/alert.py",
        " if group not in (alert.reached or ())]",
        "]",
        _ALERTS,
    ),
    Mutation(
        "an alert takes no argument that its aggregate has for pages",
        "hub/subscriptions/as_query.py",
        " or not arguments.keys() <= ALERT_ARGUMENTS:",
        ":",
        _WALKS,
    ),
)
