"""Every way out × every purpose: no value leaves that the purpose may not see, and no statement reads one.

The graph holds a canary in each cell; who may see which is asked of the naive view. `WAYS_OUT` sets how many probes of
each way each asker sends; `TEST_SEED` repeats a run. The tests stand in this order: what the last ones search is what
the first ones left in log, spans and lines.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from policies.operations.registered import document_id
from tests.support.leak_search import files, found, leaks
from tests.support.ways_out.commands import OF_AN_ASKER, run, run_all
from tests.support.ways_out.coverage import COMMANDS, FORMS, MEDIA, ROUTES, Addresses, Command
from tests.support.ways_out.lists import METHODS
from tests.support.ways_out.probes import Probes, operation
from tests.support.ways_out.scene import Scene, Trial, registered_texts, whole
from tests.support.ways_out.subscribers import change_all, faults, listen_to_all, subscribed

pytestmark = [pytest.mark.attack, pytest.mark.slow, pytest.mark.wide]
DOSE = int(os.environ.get("WAYS_OUT", "1"))
VARIANTS: tuple[dict[str, str], ...] = (
    {},
    {"Access-Errors": "none", "Access-Cost": "tell"},
    {"Accept-Encoding": "gzip", "Accept-Language": "zh-CN"},
)
"""Headers besides the form that change what an answer says."""
AT_ONCE = 5
"""How many askers have subscriptions at a time."""
SHOWN = 5
"""How many faults a message tells."""


def none(faults_: list[str]) -> None:
    """Fail with the first of them."""
    assert not faults_, f"{len(faults_)} faults; the first:\n" + "\n\n".join(faults_[:SHOWN])


def test_no_query_of_any_purpose_is_answered_with_more_than_its_policy_gives(scene: Scene, rng: random.Random) -> None:
    wrong: list[str] = []
    for asker in scene.askers:
        trial = Trial(scene, asker)
        trial.ask_all(scene.probes(asker, rng, DOSE))
        wrong += trial.faults()
    print(f"\n{dict(scene.counts)}")
    none(wrong)
    ways = {name.partition(" ")[2] for name in scene.counts if name.startswith(("answered ", "refused "))}
    answered = {each for each in ways if scene.counts[f"answered {each}"]}
    assert len(answered) > len(ways) * 3 // 4, "of most ways something must be answered, or nothing could leave by them"


def test_a_foreign_cursor_opens_nothing(scene: Scene) -> None:
    askers = [each for each in scene.askers if each.is_let_in and not each.sight.case]
    cursor, wrong = "", []
    for asker in [*askers, askers[0]]:
        text = "query($after: String) { buildings(first: 1, after: $after) { edges { cursor node { id } } } }"
        if cursor:
            told = json.loads(scene.send(asker, query=text, variables={"after": cursor}).content)
            wrong += [asker.label] if (told.get("data") or {}).get("buildings") else []
        own = json.loads(scene.send(asker, query=text).content).get("data") or {}
        edges = (own.get("buildings") or {}).get("edges")
        cursor = edges[0]["cursor"] if edges else cursor
    assert cursor
    assert wrong == []


def test_a_registered_operation_answers_as_its_text_does(scene: Scene) -> None:
    wrong: list[str] = []
    answered = 0
    for asker in scene.askers:
        trial = Trial(scene, asker)
        for text in registered_texts(asker, scene.served.hub.schema, scene.canaries):
            response = scene.send(asker, documentId=document_id(text))
            trial.answered.append((text, whole(response)))
            trial.compare([], text, {}, response.json())
            answered += response.status_code == 200
        wrong += trial.faults()
    none(wrong)
    assert answered > 0


def test_no_form_of_an_answer_holds_more(scene: Scene, rng: random.Random) -> None:
    wrong: list[str] = []
    for asker in scene.askers:
        trial = Trial(scene, asker)
        for media in (each for each, by in MEDIA.items() if by == FORMS):
            for more in VARIANTS:
                for probe in rng.sample([*Probes(scene.served.hub.schema, scene.canaries, asker).wholes()], DOSE):
                    headers = scene.headers(asker, Accept=media, **more)
                    text, _ = operation([probe])
                    response = scene.served.client.post("/graphql", json={"query": text}, headers=headers)
                    trial.answered.append((text, whole(response)))
        wrong += trial.faults()
    none(wrong)


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


def test_no_delivery_tells_more(scene: Scene) -> None:
    scene.statements.clear()
    askers = [each for each in scene.askers if each.is_let_in and not each.sight.case]
    subscriptions = []
    for at in range(0, len(askers), AT_ONCE):
        opened = subscribed(scene, askers[at : at + AT_ONCE])
        change_all(scene)
        listen_to_all(scene, opened)
        subscriptions += opened
    none([fault for each in subscriptions for fault in faults(scene, each)])
    told = Counter(f"{type(each.connection).__name__} {each.name}" for each in subscriptions for _ in each.delivered)
    assert len(told) == 2 * len({each.name for each in subscriptions}), "each field told something over each transport"
    assert any(each.refused for each in subscriptions)


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
