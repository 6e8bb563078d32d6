"""Mutations of what protects the residents' own page and their objections, each a text that stands once in its file."""

from __future__ import annotations

from tests.mutation import Mutation

RESIDENTS = "tests/attacks/console/test_i_residents.py"
OBJECTIONS = "tests/attacks/console/test_objections.py"

RESIDENT = (
    Mutation(
        "a change of a resident has the token of their session",
        "hub/console/resident/resident_pages.py",
        "        check_form(form, resident.held)\n",
        "",
        RESIDENTS,
    ),
    Mutation(
        "a steward finds the objections of their departments alone",
        "hub/console/objections/desk_work.py",
        " or not answering(steward, hub.policy.stewards.values()).holds(found)",
        "",
        OBJECTIONS,
    ),
    Mutation(
        "an objection is in the log before it is kept",
        "hub/console/objections/store.py",
        "            record(new)\n",
        "",
        OBJECTIONS,
    ),
    Mutation(
        "what a resident reads is recorded first",
        "hub/console/resident/resident_pages.py",
        '        await self._record("subject", "my data", resident.digests, {"month": month} if month else {})\n',
        "",
        RESIDENTS,
    ),
    Mutation(
        "a session of a resident that was held before ends at the next sign-in",
        "hub/console/sessions/residents.py",
        "_SESSION.c.digest == digest_of(before), ",
        "",
        RESIDENTS,
    ),
)
