"""A preview for each purpose: nothing of the real graph is in it, and nothing that the draft denies.

`WAYS_OUT` sets for how many askers, drawn from all; the preview's own graph of invented people is started once.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from hub.graph.local import LocalGraph
from hub.steward import preview as preview_room
from hub.steward.actor import Actor
from hub.steward.preview import Question, preview
from tests.support.leak_search import found
from tests.support.serving import COUNTY
from tests.support.ways_out.probes import Probes, operation
from tests.support.ways_out.rules import Asker, loaded
from tests.support.ways_out.scene import Scene

pytestmark = [pytest.mark.attack, pytest.mark.slow, pytest.mark.wide]
DOSE = int(os.environ.get("WAYS_OUT", "1"))
ABOUT = ("Person", "Event", "Dwelling")


class Lasting(LocalGraph):
    """A graph that runs on, so that the next preview attaches to it."""

    started: list[LocalGraph] = []  # noqa: RUF012 - one list for all previews

    def stop(self, wait_seconds: float = 90.0) -> bool:
        self.started.append(self)
        return True


@pytest.fixture(scope="module", autouse=True)
def _lasting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preview_room, "LocalGraph", Lasting)
        yield
    for graph in Lasting.started:
        LocalGraph.stop(graph)


def denied_cells(asker: Asker, entity: str, page: dict[str, Any] | None) -> set[str]:
    """The coordinates of which a page shows something and the policy gives nothing."""
    nodes = [edge["node"] for edge in (page or {"edges": ()})["edges"]]
    shown = {name for node in nodes for name, value in node.items() if value is not None and name != "id"}
    return {f"{entity}.{name}" for name in shown if not asker.sight.gives(entity, name, "clear", "mask")}


def test_a_preview_shows_nothing_real_and_nothing_denied(scene: Scene, rng: random.Random) -> None:
    settings = scene.served.hub.settings.model_copy(
        update={"graph_url": scene.address.url, "graph_password": scene.served.hub.settings.graph_password}
    )
    let_in = [each for each in scene.askers if each.is_let_in and not each.sight.case]
    wrong, shown = set(), 0
    for asker in rng.sample(let_in, min(len(let_in), 2 * DOSE)):
        wholes = {
            each.root.partition("(")[0]: each
            for each in Probes(scene.served.hub.schema, scene.canaries, asker).wholes()
        }
        for name in ABOUT:
            entity = scene.canaries.catalogue.entity(name)
            text, _ = operation([wholes[entity.plural]])
            asked = Question(asker.application, None, asker.purpose, text, {})
            told = preview(settings, scene.served.hub.policy, asked, Actor("zhang"), COUNTY.parent / "sources", print)
            content = json.dumps(told.answer, ensure_ascii=False).encode()
            assert found(content, scene.canaries.sought) == set()
            page = (told.answer.get("data") or {}).get("r0")
            shown += bool(page and page["edges"])
            wrong |= denied_cells(asker, name, page)
    assert wrong == set()
    assert shown > 0


def test_the_draft_of_a_preview_is_that_of_the_scene(scene: Scene) -> None:
    files = {each.name: each.read_bytes() for each in scene.policies.iterdir()}
    assert loaded(files, scene.canaries.catalogue).version == scene.served.hub.policy.version
