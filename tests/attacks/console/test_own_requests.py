"""J01 by way of requests: nobody approves what they asked for; a request is its person's, not their account's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
import sqlalchemy as sa

from hub.steward.changes import store_of
from policies.store import PolicyStore
from policies.versions import ChangeRefused
from schema import SPINE
from tests.conformance.console.test_requests import drafting
from tests.support.console.asking import ask
from tests.support.console.browsing import PEOPLE, Browser, ConsoleScene, console_scene, words_of
from tests.support.serving import COUNTY

pytestmark = pytest.mark.attack

STEWARDS = """\
  - {account: zhao, person: DEMO-STAFF-0901, subject: zhao, roles: [developer, approver]}
  - {account: zhao-again, person: DEMO-STAFF-0901, subject: zhao-again, roles: [developer, approver]}
"""
REFUSED = "nobody approves what they asked for"


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    """The county with a developer who is an approver too, under two accounts."""
    home, folder = tmp_path_factory.mktemp("own") / "home", tmp_path_factory.mktemp("policies")
    for path in COUNTY.glob("*.yaml"):
        text = path.read_text("utf-8").replace("developers: [sun]", "developers: [sun, zhao, zhao-again]")
        (folder / path.name).write_text(text + (STEWARDS if path.name == "stewards.yaml" else ""), "utf-8")
    people = [*PEOPLE, ("zhao", "more"), ("zhao-again", "more")]
    with console_scene(home, policies=folder, people=people) as running:
        yield running


def drafted(asker: Browser, steward: Browser, *fields: str) -> tuple[str, int]:
    """A request, and the version that a steward drafted of it."""
    name = ask(asker, *fields)
    answer = steward.post("/console/requests/draft", drafting(steward, name))
    assert answer.status_code == 303, words_of(answer)
    return name, int(answer.headers["location"].rpartition("=")[2])


def content_of(store: PolicyStore, number: int) -> str:
    return next(each.version.hash for each in store.history() if each.version.number == number)


def test_j01_nobody_approves_a_grant_that_they_asked_for(scene: ConsoleScene) -> None:
    zhao, again, zhang = (scene.signed_in(each) for each in ("zhao", "zhao-again", "zhang"))
    _, number = drafted(zhao, zhang)
    with closing(store_of(scene.settings, SPINE)) as store:
        content = content_of(store, number)
        for browser in (zhao, again):
            form = {"csrf_token": browser.form_token(), "number": str(number), "hash": content}
            answer = browser.post("/console/versions/approve", form)
            assert answer.status_code == 400
            assert REFUSED in words_of(answer)
        # As the command approves: by the store.
        with pytest.raises(ChangeRefused, match=REFUSED):
            store.approve(number, content, "zhao-again")
        store.approve(number, content, "li")
        store.activate(number, "zhao")  # what another approved may be put in force by whoever asked

        # Whatever brings it back later, or makes it another one, is no other person's.
        back = store.rollback(1, "zhang")
        store.approve(back.number, back.hash, "zhao")
        store.activate(back.number, "zhang")
        again_drafted = store.rollback(number, "zhang")
        with pytest.raises(ChangeRefused, match=REFUSED):
            store.approve(again_drafted.number, again_drafted.hash, "zhao")
        store.approve(again_drafted.number, again_drafted.hash, "li")
        store.activate(again_drafted.number, "li")
        files = store.files(again_drafted.number)
        wider = files["requests.yaml"].replace(
            b"Person.phone: clear", b"Person.phone: clear\n      Person.gender: clear"
        )
        assert wider != files["requests.yaml"]
        widened = store.draft({**files, "requests.yaml": wider}, "zhang")
        with pytest.raises(ChangeRefused, match=REFUSED):
            store.approve(widened.number, widened.hash, "zhao")
        other = store.draft({**files, "fire.yaml": files["fire.yaml"] + b"# a comment\n"}, "zhang")
        store.approve(other.number, other.hash, "zhao")  # the grant stands as it stood


def test_j01_an_approval_of_ones_own_request_does_not_count_later(scene: ConsoleScene) -> None:
    """As one of an older program, which did not ask."""
    name, number = drafted(scene.signed_in("sun"), scene.signed_in("zhang"))
    with closing(store_of(scene.settings, SPINE)) as store:
        store.approve(number, content_of(store, number), "zhao")
        with store.engine.execution_options(changing=True).begin() as connection:
            asker = {"a": "zhao", "p": "DEMO-STAFF-0901", "i": name}
            connection.execute(sa.text("UPDATE access_request SET account = :a, person = :p WHERE id = :i"), asker)
        with pytest.raises(ChangeRefused, match="is not approved"):
            store.activate(number, "li")


def test_a_request_is_of_the_person_and_not_of_the_account(scene: ConsoleScene) -> None:
    zhao, again = scene.signed_in("zhao"), scene.signed_in("zhao-again")
    name, hub = ask(zhao), scene.served.hub
    assert f"id={name}" in again.get("/console/requests").text, "theirs under another account"
    assert again.get(f"/console/requests/one?id={name}").status_code == 200
    policy = hub.policy
    newcomer = replace(policy.stewards["zhao"], person="DEMO-STAFF-0999")
    hub.policy = replace(policy, stewards={**policy.stewards, "zhao": newcomer})
    try:
        assert f"id={name}" not in zhao.get("/console/requests").text, "whoever has the account by now"
        assert zhao.get(f"/console/requests/one?id={name}").status_code == 404
        form = {"csrf_token": zhao.form_token(), "id": name}
        assert zhao.post("/console/requests/withdraw", form).status_code == 404
    finally:
        hub.policy = policy
    answer = again.post("/console/requests/withdraw", {"csrf_token": again.form_token(), "id": name})
    assert answer.status_code == 303
