"""The example of the red wall, from its raw files to the log: one base for three uses that must not meet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest

from connectors.manifest import ManifestError
from connectors.sources import load_sources
from hub.graph.local import GraphAddress
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from schema.strict_yaml import YamlFileError
from tests.support.examples.running import Running, running
from tests.support.examples.steps import Ask, Example, Recorded, Step
from tests.support.project import ROOT

pytestmark = [pytest.mark.examples, pytest.mark.slow]

EXAMPLE = Example(ROOT / "examples" / "red-wall")
USES = [
    ("relief-visits", "welfare.aid"),
    ("health-desk", "epidemic.respiratory"),
    ("holiday-desk", "safety.holiday"),
]
IDS = '{ dwellings(where: {code: {eq: "FW-003"}}) { edges { node { id residents { id } } } } }'


@pytest.fixture(scope="module")
def street(
    tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> Iterator[Running]:
    with running(EXAMPLE, tmp_path_factory.mktemp("red-wall"), empty_graph, graph_driver) as made:
        yield made


@pytest.mark.parametrize("step", EXAMPLE.steps, ids=str)
def test_each_step_does_what_it_says(street: Running, step: Step) -> None:
    street.take(step)


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": None},
        {"status": 403, "errors": ("PURPOSE_DENIED",)},
        {"errors": ()},
        {"statements": 0},
        {"hidden": ("needsVisit",)},
        {"record": Recorded(nodes=4)},
        {"record": Recorded(denied=("Person.watches",))},
    ],
    ids=str,
)
def test_a_step_that_says_otherwise_is_noticed(street: Running, wrong: dict[str, Any]) -> None:
    step = next(each for each in EXAMPLE.steps if isinstance(each, Ask))
    with pytest.raises(AssertionError):
        street.take(step.model_copy(update=wrong))


def test_the_policies_have_no_fault_and_the_log_is_whole(street: Running) -> None:
    street.bring_in()
    street.check_policies()
    street.check_log()


def test_the_three_uses_cannot_join_their_answers_by_id(street: Running) -> None:
    street.bring_in()
    ids = {}
    for app, purpose in USES:
        (edge,) = street.served.ask(IDS, app=app, purpose=purpose).json()["data"]["dwellings"]["edges"]
        ids[purpose] = {edge["node"]["id"], *(each["id"] for each in edge["node"]["residents"])}
    assert {purpose: len(found) for purpose, found in ids.items()} == {
        "welfare.aid": 2,
        "epidemic.respiratory": 3,
        "safety.holiday": 5,
    }
    assert len(set().union(*ids.values())) == sum(map(len, ids.values()))
    for app, purpose in USES:
        for each in set().union(*(found for other, found in ids.items() if other != purpose)):
            answer = street.served.ask(
                "query($id: ID!) { node(id: $id) { id } }", app=app, purpose=purpose, variables={"id": each}
            )
            assert answer.json()["data"] == {"node": None}


@pytest.mark.parametrize("field", ["faceImage", "travelRecords"])
def test_the_base_has_no_place_for_faces_and_travel(tmp_path: Path, field: str) -> None:
    slices = shutil.copytree(EXAMPLE.path("slices"), tmp_path / "slices")
    path = slices / "collection.yaml"
    text = path.read_text("utf-8")
    wanted = f"      {field}: {{type: String, zh: 采集照片, en: What, kind: code, grade: general-4}}\n"
    path.write_text(text.replace("      collectorName:\n", f"{wanted}      collectorName:\n"), "utf-8")
    with pytest.raises(YamlFileError, match=rf"collection.yaml:\d+: .*never stored; leave {field} out"):
        catalogue_of(Settings.load(home=tmp_path / "home", slices=slices))


@pytest.mark.parametrize("column", ["人脸照片", "出行轨迹"])
def test_no_source_brings_them_under_another_name(tmp_path: Path, column: str) -> None:
    sources = shutil.copytree(EXAMPLE.path("sources"), tmp_path / "sources")
    path = sources / "people.yaml"
    path.write_text(path.read_text("utf-8").replace("人员信息/姓名", f"人员信息/{column}"), "utf-8")
    catalogue = catalogue_of(Settings.load(home=tmp_path / "home", slices=EXAMPLE.path("slices")))
    with pytest.raises(ManifestError, match=r"people.yaml:\d+.*never stored"):
        load_sources(sources, catalogue, {"DATA": "data"})
