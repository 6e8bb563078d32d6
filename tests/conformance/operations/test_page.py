"""The commands of docs/operations-registered.md put a document in force, and a hub with that policy answers its id."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.language import load, load_files
from schema import SPINE
from tests.support.pages.commands import PORT, ran, reads_like, shell_of
from tests.support.pages.steps import steps_of
from tests.support.serving import COUNTY, serving

pytestmark = [pytest.mark.conformance, pytest.mark.wide]
PAGE = (Path(__file__).parents[3] / "docs" / "operations-registered.md").read_text("utf-8")
WRITE, EXPORT, ADD, FORCE, ASK = [each for each in steps_of(PAGE) if each.kind == "sh"]


def test_the_commands_do_what_the_page_says(tmp_path: Path) -> None:
    shell = {**shell_of(tmp_path), "SLUICEGATE_POLICIES": str(COUNTY)}
    for step in (WRITE, EXPORT, ADD, FORCE):
        done = ran(tmp_path, shell, step.text, int(PORT))
        assert done.returncode == 0, done.stderr
        assert step.told is None or reads_like(done.stdout, step.told.replace("sha256:aa…", "sha256:…")), done.stdout
    with serving(tmp_path / "served", policy=load(tmp_path / "policies", SPINE)) as hub:
        token = hub.issuer.issue("fire-inspection", "inspector-1")
        known = {"HUB": f"http://127.0.0.1:{hub.port}", "TOKEN": token, "NO_PROXY": "*"}
        done = ran(tmp_path, {**shell, **known}, ASK.text, int(PORT))
        assert done.returncode == 0 and "GRAPH_UNAVAILABLE" in done.stdout, done.stdout + done.stderr
        record = hub.records()[-1]
    (operation,) = hub.hub.policy.operations.values()
    assert (record.operation_name, record.purpose) == (operation.id, "safety.fire")


@pytest.mark.parametrize("number", [0, 1])
def test_the_entries_of_the_page_are_those_of_a_registry(number: int) -> None:
    step = [each for each in steps_of(PAGE) if each.kind == "yaml"][number]
    named = step.text.replace("    department:", "    zh: 应用\n    en: App\n    department:")
    (application,) = load_files({"applications.yaml": named.encode()}, SPINE).applications.values()
    assert (application.documents, application.dpop) == [("registered", "accepted"), ("any", "required")][number]
