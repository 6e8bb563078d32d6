"""L42: each key of a hub is rotated while it serves; no request fails by it, and what was made before is still good."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from audit.checkpoint import NoteRefused, Verifier, open_checkpoint
from audit.index import Index
from audit.search import Query, search
from audit.stores.open import open_reader
from audit.verify import verify
from hub.auditor.proofs import check_proof
from hub.home.audit_log import digester_of, verifier_of
from hub.home.following import LOOK_SECONDS
from hub.home.issuer import Issuer
from hub.home.key_files import KeyRefused
from hub.home.key_ring import FILES
from hub.home.revocations import revoke
from hub.home.rotation import AFTER_SECONDS, rotate
from hub.home.seals import seals_of
from tests.attacks.identity.asking import NODE, PAGE, under_load
from tests.support.attack_scene import Scene
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.attack

WHO: Mapping[str, Any] = {"app": "desk", "person": "clerk-1", "purpose": "event"}


def page(served: Served, after: str | None, **sent: Any) -> dict[str, Any]:
    answer = served.ask(PAGE, **WHO, variables={"after": after}, **sent)
    assert code_of(answer) == "OK", answer.text
    edges = answer.json()["data"]["people"]["edges"]
    return dict(edges[0]) if edges else {}


def whole_list(served: Served) -> list[dict[str, Any]]:
    """All people that the desk sees, page by page."""
    found: list[dict[str, Any]] = []
    while edge := page(served, found[-1]["cursor"] if found else None):
        found.append(edge)
    return found


def test_l42_keys_are_rotated_under_load(scene: Scene, tmp_path: Path) -> None:
    assert LOOK_SECONDS <= 5
    with serving(tmp_path / "home", scene.address, scene.policies) as served:
        settings = served.hub.settings
        old_key, old_digester = Verifier.parse(verifier_of(settings).text), digester_of(settings)
        before = whole_list(served)
        old_token, old_id = served.issuer.issue("desk", "clerk-1"), before[0]["node"]["id"]
        revoked = served.issuer.issue("desk", "clerk-3")
        revoke(settings, "desk", "clerk-3", None)
        with under_load(settings, old_token, old_id) as load:
            time.sleep(2)
            half = page(served, before[0]["cursor"])
            used = [rotate(settings, kind).since for kind in FILES]
            while time.time() < max(used) + LOOK_SECONDS + 2:
                time.sleep(0.1)
        assert (load.failed, min(load.asked.values()) > 10) == (Counter(), True), load

        # A list that began before goes on where it was, in its order; a new one has new ids, and another order.
        gone_on = [half["node"]["name"]]
        while edge := page(served, half["cursor"]):
            gone_on.append(edge["node"]["name"])
            half = edge
        assert gone_on == [each["node"]["name"] for each in before][1:]
        after = whole_list(served)
        assert {each["node"]["name"] for each in after} == {each["node"]["name"] for each in before}
        assert not {each["node"]["id"] for each in after} & {each["node"]["id"] for each in before}
        assert seals_of(settings).order_version == 2

        # Tokens of both keys are accepted, and one that was revoked before stays so.
        keys = json.loads((settings.keys_folder / "issuer.jwks.json").read_bytes())["keys"]
        assert len({each["kid"] for each in keys}) == 2
        fresh = Issuer(settings).issue("desk", "clerk-1")
        assert fresh.partition(".")[0] != old_token.partition(".")[0]
        codes = [code_of(served.ask(**WHO, token=each)) for each in (old_token, fresh, revoked)]
        assert codes == ["OK", "OK", "UNAUTHENTICATED"]

        _digests_of_both_keys_are_found(served, old_digester.digest("subject", "clerk-1"), tmp_path)
        _checkpoints_of_both_keys_are_one_history(served, old_key)


def _digests_of_both_keys_are_found(served: Served, old: str, folder: Path) -> None:
    new, *others = digester_of(served.hub.settings).every("subject", "clerk-1")
    assert others == [old] != [new]
    with closing(open_reader(served.hub.settings.audit_log)) as reader, closing(Index.open(folder / "index")) as index:
        index.follow(reader)
        found = [search(index, Query(who=each, kind="query")).total for each in ((old,), (new,), (new, old))]
    assert min(found[:2]) > 0
    assert found[2] == found[0] + found[1]


def _checkpoints_of_both_keys_are_one_history(served: Served, old_key: Verifier) -> None:
    settings = served.hub.settings
    time.sleep(1.0)
    both = Verifier.parse(verifier_of(settings).texts)
    new_key = Verifier.parse(both.text)
    newest = served.client.get("/audit/checkpoint").content
    assert open_checkpoint(newest, both) == open_checkpoint(newest, new_key)
    assert settings.audit_head.read_bytes() == newest
    with pytest.raises(NoteRefused):
        open_checkpoint(newest, old_key)
    assert verify(settings.audit_log, verifier=both, recorded_head=settings.audit_head).ok
    for alone in (old_key, new_key):
        assert not verify(settings.audit_log, verifier=alone, recorded_head=settings.audit_head).ok
    receipt = served.ask(NODE, **WHO, variables={"id": "x"}).json()["extensions"]["receipt"]
    time.sleep(1.5)
    proof = served.client.get("/audit/proof", params={"index": receipt["index"], "leafHash": receipt["leafHash"]})
    assert check_proof(proof.json(), both)
    admin = [(each.operation_name, each.result) for each in served.records() if each.kind == "admin"]
    rotated = [each for each in admin if each[0] and each[0].startswith("keys rotate")]
    assert rotated == [("keys rotate begin", "BEGUN"), ("keys rotate", "OK")] * len(FILES)


def test_l42_a_hub_that_starts_after_a_rotation_serves_and_says_what_is_lost(scene: Scene, tmp_path: Path) -> None:
    with serving(tmp_path / "home", scene.address, scene.policies) as served:
        kept = page(served, None)["node"]["id"]
        used = [rotate(served.hub.settings, kind).since for kind in FILES]
    time.sleep(max(0.0, max(used) - time.time()))
    with serving(tmp_path / "home", scene.address, scene.policies) as served:
        assert served.hub.log.healthy
        assert served.ask(NODE, **WHO, variables={"id": kept}).json()["data"]["node"]
        assert AFTER_SECONDS >= 2 * LOOK_SECONDS + 5
        (served.hub.settings.keys_folder / "rotated.json").unlink()
        served.hub.own_keys.poll()  # type: ignore[union-attr]
        assert "the hub's keys of before stay" in " ".join(served.client.get("/readyz").json()["warnings"])
        assert code_of(served.ask(**WHO)) == "OK"
    for opened in (seals_of, digester_of, verifier_of, Issuer):
        with pytest.raises(KeyRefused, match=r"rotated.json is missing beside"):
            opened(served.hub.settings)
