"""The pages for newcomers: docs/tutorial.md and README.md.

Every command in them runs and answers what stands below it, and the README's table of three purposes is true.
"""

import datetime as dt
import json
import re
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from hub.demo.tour import stops
from tests.support.county import ROOT, County, environment
from tests.support.pages.commands import ANYTHING, reads_like

pytestmark = [pytest.mark.examples, pytest.mark.slow, pytest.mark.wide]

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)( refused)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One block of commands, with the blocks that say what it answers."""

    commands: str
    refused: bool
    answer: str | None
    told: str | None


def steps(page: str) -> list[Step]:
    """A page's blocks, in order."""
    found: list[Step] = []
    for kind, refused, text in BLOCK.findall(page):
        if kind == "sh":
            found.append(Step(text, bool(refused), None, None))
        elif kind == "json":
            found[-1] = Step(found[-1].commands, found[-1].refused, text, found[-1].told)
        else:
            assert kind == "text", kind
            found[-1] = Step(found[-1].commands, found[-1].refused, found[-1].answer, text)
    return found


def same(found: Any, wanted: Any) -> bool:
    """Whether an answer is the one that is written down, in which … stands for anything."""
    if wanted == ANYTHING:
        return True
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict) and list(found) == list(wanted) and all(same(found[k], wanted[k]) for k in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
    return bool(found == wanted)


@pytest.mark.parametrize(
    "step", [*steps(TUTORIAL), *steps(README)], ids=lambda step: " ".join(step.commands.split())[:60]
)
def test_the_commands_answer_what_is_written(
    county: County, step: Step, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = environment({"home": county.hub.settings.home}, county.folder / "tmp") | {"COLUMNS": "140"}
    commands = step.commands.replace("127.0.0.1:8600", f"127.0.0.1:{county.hub.settings.port}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=ROOT, env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == int(step.refused), done.stderr
    if step.answer is not None:
        assert same(json.loads(done.stdout), json.loads(step.answer)), done.stdout
    if step.told is not None:
        # Data goes to standard output, the rest to standard error; where both are shown, the data stands above.
        shown = done.stderr if step.answer is not None or step.refused else done.stdout
        assert reads_like(shown, step.told), shown


def test_the_tutorial_covers_what_a_developer_meets() -> None:
    assert len(steps(TUTORIAL)) >= 10
    for word in (
        "FIELD_DENIED",
        "FIELD_NOT_FILTERABLE",
        "PURPOSE_DENIED",
        "SUPPRESSED",
        "BAD_CURSOR",
        "--explain",
        "curl",
    ):
        assert word in TUTORIAL


QUESTION = """query($no: String!) { people(where: {idNumber: {eq: $no}}) { edges { node {
  name idNumber phone gender dwellings { residents { name } } } } } }"""


def test_the_table_of_three_purposes_is_true(county: County) -> None:
    applications = {stop.purpose: stop.application for stop in stops(dt.date(2026, 6, 30))}
    head, *rows = re.findall(r"^\| `?\w+`?.* \|$", README.partition("three purposes\n")[2].partition("\n## ")[0], re.M)
    purposes = re.findall(r"`([\w.]+)`", head)
    for at, purpose in enumerate(purposes, start=2):
        answer = county.hub.ask(applications[purpose], purpose, QUESTION, {"no": "140321195703129022"})
        node = answer.data["people"]["edges"][0]["node"]
        names = [each["name"] for place in node["dwellings"] for each in place["residents"]]
        node["residents"] = ", ".join(sorted(names))
        written = {re.findall(r"`(\w+)`", row)[0]: row.split("|")[at].strip("` ") for row in rows}
        # In no order: residents come by their keys, which differ from home to home.
        written["residents"] = ", ".join(sorted(written["residents"].split(", ")))
        assert written == {name: node[name] or "denied" for name in written}, purpose
    assert len(purposes) == 3


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/tutorial.md"])
def test_its_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize(
    ("found", "wanted", "holds"),
    [("record 7, policy a", "record …, policy …", True), ("record 7", "record 8", False), ("a\nb", "a", False)],
)
def test_an_answer_that_differs_would_be_seen(found: str, wanted: str, holds: bool) -> None:
    assert reads_like(found, wanted) == holds
    assert same({"a": [found]}, {"a": [wanted]}) == (found == wanted)
