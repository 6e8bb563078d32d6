"""Mutations of what an application is told of its own access, and to whom.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_GET, _MET = "tests/conformance/access/test_get_access.py", "tests/property/own_access/test_told_is_met.py"
_REMOTE = "tests/conformance/access/test_explain_remote.py"

ACCESS = (
    Mutation(
        "of a condition only what is about the asker's scope is told",
        "hub/request/own_access/row_words.py",
        "        case _ if _tells(predicate):\n",
        "        case _ if True:\n",
        "tests/unit/hub/request/own_access/test_row_words.py",
    ),
    Mutation(
        "an edge to a type that is not open is told as denied",
        "hub/request/own_access/table.py",
        "        if not shows(self.catalogue, decision, coordinate):\n",
        "        if not effects.shown:\n",
        _MET,
    ),
    Mutation(
        "what a case opens is not told as open without one",
        "hub/request/own_access/table.py",
        "decide(each, with_case=asker.has_case)",
        "decide(each, with_case=True)",
        _MET,
    ),
    Mutation(
        "no purpose is named that does not show the field",
        "hub/request/own_access/why.py",
        "        return shows(table.catalogue, table.decisions[other], coordinate)\n",
        "        return True\n",
        _MET,
    ),
    Mutation(
        "a stated purpose must be granted",
        "hub/access/endpoint.py",
        "stated not in purposes:",
        "False:",
        _GET,
    ),
    Mutation(
        "the address takes a coordinate and nothing else",
        "hub/access/endpoint.py",
        "[name for name, _ in pairs] != [WHY]:",
        "not pairs:",
        _GET,
    ),
    Mutation(
        "what is told is bounded, names included",
        "hub/request/own_access/told.py",
        "            left -= sum(map(size_of, value))\n",
        "",
        _GET,
    ),
    Mutation(
        "what is left of a cap of a person is theirs",
        "hub/request/caps/daily_caps.py",
        "uses = [self._use(each, 0, sub) for each in caps]",
        'uses = [self._use(each, 0, "") for each in caps]',
        "tests/unit/hub/request/caps/test_daily_caps.py",
    ),
    Mutation(
        "only a developer asks as another",
        "hub/request/own_access/hypothetical.py",
        "    if asker.subject.sub not in asker.policy.applications[asker.subject.application].developers:\n",
        "    if False:\n",
        "tests/conformance/access/test_hypothetical.py",
    ),
    Mutation(
        "a token goes over TLS, or to this machine",
        "hub/home/remote_hub.py",
        'parts.scheme == "http" and parts.hostname in LOOPBACK',
        'parts.scheme == "http"',
        _REMOTE,
    ),
)
"""What myAccess, `GET /access` and `policy explain --remote` rest on."""
