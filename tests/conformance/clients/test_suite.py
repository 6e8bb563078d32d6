"""The suite `graphql-http` 1.23 finds the common profile as it should be, but for what would need GET."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.clients.node_programs import install, run
from tests.support.serving import Served, serving

pytestmark = [pytest.mark.conformance, pytest.mark.slow]

BY_GET = {"5A70", "D6D5", "6A70"}
"""Audits of what a server may do: to answer GET. Ours refuses it, because URLs are kept in logs and caches."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("suite") / "home") as running:
        yield running


def test_all_that_must_and_should_be_is(served: Served, tmp_path: Path) -> None:
    token = served.issuer.issue("fire-inspection", "inspector-1")
    headers = {"Authorization": f"Bearer {token}", "Access-Purpose": "safety.fire.rental"}
    before = len(served.records())
    found = run(install(tmp_path), "audit", f"http://127.0.0.1:{served.port}/graphql", [{"headers": headers}])
    asked = Counter(each["name"].split()[0] for each in found)
    assert asked == {"MUST": 13, "SHOULD": 23, "MAY": 25}
    failed = {each["id"]: (each["name"], each["reason"]) for each in found if each["status"] != "ok"}
    assert failed.keys() == BY_GET, failed
    assert all(name.startswith("MAY") for name, _ in failed.values())
    assert len(served.records()) == before + len(found), "each of them is recorded"
