"""Every way out × every purpose: no value leaves that the purpose may not see, and no statement reads one.

The graph holds a canary in each cell; who may see which is asked of the naive view. `WAYS_OUT` sets how many probes of
each way each asker sends; `TEST_SEED` repeats a run. The tests stand in this order: what the last ones search is what
the first ones left in log, spans and lines.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.support.leak_search import files, found, leaks
from tests.support.ways_out.commands import OF_AN_ASKER, run, run_all
from tests.support.ways_out.coverage import COMMANDS, ROUTES, Addresses, Command
from tests.support.ways_out.lists import METHODS
from tests.support.ways_out.scene import Scene, whole

pytestmark = [pytest.mark.attack, pytest.mark.slow]
DOSE = int(os.environ.get("WAYS_OUT", "1"))
SHOWN = 5
"""How many faults a message tells."""


def none(faults_: list[str]) -> None:
    """Fail with the first of them."""
    assert not faults_, f"{len(faults_)} faults; the first:\n" + "\n\n".join(faults_[:SHOWN])


def test_no_address_lets_out_what_only_a_query_may(scene: Scene) -> None:
    """Each address by each method: of nobody, and of each asker by GET."""
    receipt = scene.send(scene.askers[0], query="{ __typename }").json()["extensions"]["receipt"]
    named = [path for each in ROUTES.values() if isinstance(each, Addresses) for path in each.paths]
    addresses = [path.format(leaf=receipt["leafHash"]) for path in named]
    content, statuses = [], Counter[str]()
    for path in addresses:
        asked: list[tuple[str, dict[str, str]]] = [(method, {}) for method in METHODS]
        asked += [("GET", scene.headers(each)) for each in scene.askers]
        for method, headers in asked:
            response = scene.served.client.request(method, path, headers=headers)
            statuses[f"{path} {response.status_code}"] += 1
            content.append(whole(response))
    assert found(b"\n".join(content), scene.canaries.sought) == set()
    good = {each.partition(" ")[0] for each in statuses if each.endswith(" 200")}
    assert len(good) >= 12, statuses


def test_no_command_prints_or_writes_a_canary(scene: Scene, tmp_path: Path) -> None:
    ran = list(run_all(scene, tmp_path))
    told = [f"{each.command}: {each.code}\n{each.content.decode(errors='replace')}" for each in ran if each.code]
    none(told)
    assert {each.command: leaked for each in ran if (leaked := found(each.content, scene.canaries.sought))} == {}


@pytest.mark.parametrize("name", OF_AN_ASKER)
def test_a_command_that_asks_tells_what_its_asker_may_see(
    scene: Scene, rng: random.Random, tmp_path: Path, name: str
) -> None:
    command, wrong = COMMANDS[name], []
    assert isinstance(command, Command)
    let_in = [each for each in scene.askers if each.is_let_in and not each.sight.case]
    for asker in rng.sample(let_in, min(len(let_in), 3 * DOSE)):
        for each in run(scene, name, command, asker, tmp_path):
            leaked = scene.leaked(asker, each.content)
            wrong += [f"{each.command} shows {sorted(leaked)}"] if leaked else []
            wrong += [f"{each.command}: {each.content!r}"] if each.code not in {0, 1} else []
    none(wrong)


def test_nothing_that_is_kept_holds_a_canary(scene: Scene) -> None:
    home = scene.served.hub.settings.home
    kept = files(scene.folder, apart=home / "keys")
    assert "audit.db" in {path.name for path in kept}
    assert leaks(kept, scene.canaries.sought) == {}
    spans, lines = b"\n".join(scene.spans.bodies), "\n".join(scene.lines.lines).encode()
    assert spans
    assert found(spans + lines, scene.canaries.sought) == set()
