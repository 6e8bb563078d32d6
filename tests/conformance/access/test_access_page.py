"""The snippets of docs/access.md get an answer from a real hub, and its tables name the members that there are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schema.own_access.types import TYPES
from tests.support.serving import Served, serving

pytestmark = pytest.mark.conformance

PAGE = (Path(__file__).parents[3] / "docs" / "access.md").read_text("utf-8")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served") / "home") as hub:
        yield hub


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", [0, 1])
def test_the_commands_are_told_why(served: Served, number: int) -> None:
    token, path = served.issuer.issue("fire-inspection", "inspector-1"), Path(sys.executable).parent
    known = {"HUB": f"http://127.0.0.1:{served.port}", "TOKEN": token, "NO_PROXY": "*"}
    known |= {"SLUICEGATE_HOME": str(served.hub.settings.home), "PATH": f"{path}:{os.environ['PATH']}"}
    command = ["bash", "-c", snippets("sh")[number]]
    done = subprocess.run(command, env={**os.environ, **known}, capture_output=True, text=True, check=True, timeout=60)
    assert "Person.phone is not open to the purpose safety.fire" in done.stdout


def test_the_query_is_answered(served: Served) -> None:
    (query,) = snippets("graphql")
    found = served.ask(query).json()["data"]["myAccess"]
    assert found["why"]["purposesThatWould"] == ["safety.fire.rental"]
    assert [each["type"] for each in found["purpose"]["types"]] == [each.name for each in served.hub.catalogue]


def test_the_table_names_members_of_the_schema() -> None:
    rows = re.findall(r"^\|[^|]*\| (`[^|]+`) \|", PAGE.partition("## What is told\n")[2], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    members = {name for each in TYPES for name in each.fields}
    assert named and named <= members
    assert {"effect", "masks", "rows", "match", "groupBy", "needsCase", "dailyCaps", "caseRequired"} <= named
