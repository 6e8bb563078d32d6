"""H13: an application acts for users of another one only by a token that says so, where the registry lets it."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from audit.index import Index
from audit.search import Query, search
from audit.stores.open import open_reader
from policies.decide import applicable
from policies.rules import Actor
from tests.support.attack_scene import POLICY, Scene
from tests.support.serving import Served, code_of, serving
from tests.support.small_graph import policy, subject

pytestmark = pytest.mark.attack

APPLICATIONS = """
  - {id: gateway, zh: 门, en: Gateway, department: grid, jurisdiction: 14/03/21/, actsFor: [desk]}
  - {id: kiosk, zh: 亭, en: Kiosk, department: grid, jurisdiction: 14/03/21/001/001/, actsFor: [desk]}
  - {id: stranger, zh: 客, en: Stranger, department: grid, jurisdiction: 14/03/21/}
  - {id: narrow, zh: 窄, en: Narrow, department: grid, jurisdiction: 14/03/21/001/002/, actsFor: [desk]}
  - id: staffed
    zh: 员
    en: Staffed
    department: grid
    jurisdiction: 14/03/21/
    staff: {robot-1: 14/03/21/001/}
    actsFor: [desk]
owners:"""
RULES = POLICY.replace("\nowners:", APPLICATIONS, 1).replace(
    "to: {application: [desk, next-desk]}",
    "to: {application: [desk, next-desk, gateway, kiosk, narrow, staffed]}",
    1,
)
PEOPLE = "{ people { edges { node { name phone birthDate } } } }"


@pytest.fixture(scope="module")
def served(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("delegation")
    with serving(folder / "home", scene.address, policy(folder, RULES)) as running:
        yield running


def token(served: Served, act: Any = None, **changes: Any) -> str:
    """A token of the hub's own issuer for a clerk of the desk, with `act` if it is given."""
    key = ECKey.import_key(json.loads((served.hub.settings.keys_folder / "issuer.jwk").read_bytes()))
    now = int(time.time())
    claims = {
        "iss": served.hub.settings.issuer,
        "aud": served.hub.settings.audience,
        "client_id": "desk",
        "sub": "clerk-1",
        "iat": now,
        "exp": now + 600,
        **({} if act is None else {"act": act}),
        **changes,
    }
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


def ask(served: Served, act: Any = None, purpose: str = "event", **more: Any) -> Any:
    return served.ask(PEOPLE, token=token(served, act), purpose=purpose, **more)


def people(answer: Any) -> dict[str, tuple[str | None, str | None]]:
    assert answer.json()["data"], answer.text
    nodes = [each["node"] for each in answer.json()["data"]["people"]["edges"]]
    return {each["name"]: (each["phone"], each["birthDate"]) for each in nodes}


def test_h13_without_a_delegation_it_is_refused_and_both_are_recorded(served: Served) -> None:
    answer = ask(served, {"client_id": "stranger", "sub": "robot-9"})
    assert (answer.status_code, code_of(answer)) == (403, "DELEGATION_DENIED")
    assert "actsFor" in answer.json()["errors"][0]["message"]
    record, digest = served.records()[-1], served.hub.digester.digest
    assert (record.result, record.application, record.actor_application) == ("DELEGATION_DENIED", "desk", "stranger")
    assert (record.subject, record.actor) == (digest("subject", "clerk-1"), digest("subject", "robot-9"))
    assert record.decision.clear == () and record.subjects == ()


def test_h13_with_a_delegation_both_are_recorded_and_the_narrower_wins(served: Served, tmp_path: Path) -> None:
    alone, acted = people(ask(served)), ask(served, {"client_id": "gateway", "sub": "robot-1"})
    seen = people(acted)
    # The gateway is in the grant on the desk's own residents, and not in that which shows the others masked.
    assert 0 < len(seen) < len(alone)
    assert all(alone[name][0] == phone for name, (phone, _) in seen.items())
    assert {birth for _, birth in seen.values()} == {None} != {birth for _, birth in alone.values()}
    record = served.records()[-1]
    assert (record.kind, record.application, record.actor_application, record.v) == ("query", "desk", "gateway", 5)
    reader, index = open_reader(served.hub.settings.audit_log), Index.open(tmp_path / "index")
    index.follow(reader)
    digest = served.hub.digester.digest
    last = len(served.records()) - 1
    for query in (
        Query(application="gateway"),
        Query(application="desk"),
        Query(who=(digest("subject", "robot-1"),)),
        Query(who=(digest("subject", "clerk-1"),)),
    ):
        assert last in search(index, query).indexes
    index.close()
    reader.close()


@pytest.mark.parametrize(
    ("act", "count"),
    [
        ({"client_id": "gateway"}, 2),
        ({"sub": "gateway"}, 2),
        ({"client_id": "kiosk"}, 2),
        ({"client_id": "narrow"}, 0),
        ({"client_id": "staffed", "sub": "robot-1"}, 2),
    ],
)
def test_h13_the_place_is_the_narrower_one(served: Served, act: Any, count: int) -> None:
    assert len(people(ask(served, act))) == count


@pytest.mark.parametrize(
    "act",
    [
        "gateway",
        ["gateway"],
        {},
        {"client_id": ""},
        {"client_id": 7},
        {"client_id": "gateway", "act": {"client_id": "kiosk"}},
        {"client_id": "gateway", "iss": "https://id.example"},
        {"client_id": "unknown"},
        {"sub": "robot-1"},
        {"client_id": "staffed"},
        {"client_id": "staffed", "sub": "robot-2"},
    ],
    ids=str,
)
def test_h13_who_acts_is_known_or_the_token_is_not_accepted(served: Served, act: Any) -> None:
    answer = ask(served, act)
    assert (answer.status_code, code_of(answer)) == (401, "UNAUTHENTICATED")


def test_h13_only_the_token_says_for_whom_it_is_asked(served: Served) -> None:
    own = served.issuer.issue("gateway", "robot-1")
    mine = served.ask(PEOPLE, token=own, purpose="event")
    names = ("On-Behalf-Of", "X-On-Behalf-Of", "On_behalf_of", "Act", "X-Forwarded-User")
    headers: Mapping[str, str] = dict.fromkeys(names, "clerk-1")
    query = "query($on_behalf_of: String) { people { edges { node { name phone birthDate } } } }"
    tried = served.ask(PEOPLE, token=own, purpose="event", headers=headers, extensions={"on_behalf_of": "clerk-1"})
    assert tried.json()["data"] == mine.json()["data"]
    record = served.records()[-1]
    assert (record.application, record.actor_application, record.actor) == ("gateway", None, None)
    # A variable that nothing uses is refused by GraphQL's own rules.
    assert code_of(served.ask(query, token=own, purpose="event", variables={"on_behalf_of": "x"})) == "VALIDATION"


def test_h13_a_decision_of_the_user_is_not_taken_for_the_one_who_acts(served: Served) -> None:
    """In either order, and whoever asked before: what is kept for one is not shown to the other."""
    acts: tuple[Any, ...] = (None, {"client_id": "gateway"}, {"client_id": "kiosk"}, None, {"client_id": "gateway"})
    seen = [people(ask(served, act)) for act in acts * 2]
    # The two whose names are masked look the same.
    assert [len(each) for each in seen] == [3, 2, 2, 3, 2] * 2


def test_h13_every_other_way_in_asks_too(served: Served) -> None:
    for act, codes in (("stranger", (403, 403, 401)), ("gateway", (200, 200, 401))):
        headers = {"Authorization": f"Bearer {token(served, {'client_id': act})}"}
        pages = ("/access", "/schema.graphql", "/audit/proof?index=0")
        assert tuple(served.client.get(page, headers=headers).status_code for page in pages) == codes
        told = [each for each in served.records()[-2:] if each.kind in {"access", "schema"} or act == "stranger"]
        assert {each.actor_application for each in told} == {act}


def test_h13_a_grant_whose_rows_mean_another_thing_for_each_does_not_count(scene: Scene, tmp_path: Path) -> None:
    base = RULES.replace("id: gateway, zh: 门", "id: gateway, role: robot, zh: 门")
    own = "Person: {region: {startsWith: $subject.jurisdiction}}"
    outside = "Person: {not: {region: {startsWith: $subject.jurisdiction}}}"
    by_role = "Person: {name: {eq: $subject.role}}"
    either = "Person: {or: [{region: {startsWith: $subject.jurisdiction}}, {name: {eq: $subject.role}}]}"
    for number, (rows, count) in enumerate(((own, 2), (outside, 0), (by_role, 0), (either, 0))):
        folder = tmp_path / str(number)
        folder.mkdir()
        with serving(folder / "home", scene.address, policy(folder, base.replace(own, rows, 1))) as running:
            answer = ask(running, {"client_id": "gateway"})
            found = 0 if code_of(answer) == "PURPOSE_DENIED" else len(people(answer))
            assert found == count, rows


def test_h13_a_decision_without_leave_holds_nothing(served: Served) -> None:
    """Also where the check at the door were forgotten: no grant applies."""
    hub, user = served.hub, subject(served.hub.policy, "desk")
    today = hub.now().date()
    assert applicable(hub.policy, user, "event", today)
    for name, given in (("gateway", True), ("stranger", False)):
        actor = Actor(name, "grid", "", "", "14/03/21/")
        assert bool(applicable(hub.policy, dataclasses.replace(user, actor=actor), "event", today)) is given
