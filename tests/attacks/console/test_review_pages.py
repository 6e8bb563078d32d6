"""What people type into the pages of reviews does nothing but be shown, is in no record, and starts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import pytest

from audit.log import read
from hub.steward.changes import store_of
from schema import SPINE
from tests.attacks.console.test_pages import ODD, harmless
from tests.support.console.browsing import ConsoleScene, console_scene, words_of

pytestmark = pytest.mark.attack
READ = (
    *(f"why?{name}={{}}" for name in ("number", "application", "purpose", "coordinate", "role", "jurisdiction", "day")),
    *(f"preview?{name}={{}}" for name in ("number", "application", "purpose")),
    "versions/replay?number={}",
    "versions/replay?number=1&days={}",
    "versions/rollback?number={}",
    "versions/schedule?number=1&at={}",
    "versions/conflict?number={}",
)
SENT = (
    ("preview/prepare", "number"),
    ("preview/run", "number"),
    ("preview/run", "application"),
    ("preview/run", "query"),
    ("versions/replay/run", "number"),
    ("versions/replay/run", "days"),
    ("versions/rollback/draft", "number"),
    ("versions/rollback/draft", "base"),
    ("versions/schedule/set", "at"),
)
SOUND = {
    "number": "1",
    "base": "1",
    "application": "fire-inspection",
    "purpose": "safety.fire.rental",
    "query": "{ people { edges { node { id } } } }",
}
PHONE = "13912345678"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("reviews") / "home") as running:
        yield running


@pytest.mark.parametrize("path", READ)
def test_j_what_an_address_says_is_text(path: str, scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    for kind, odd in ODD.items():
        answer = zhang.get(f"/console/{path.replace('{}', quote(odd))}")
        harmless(answer)
        assert answer.status_code == 400, kind


def test_j_what_a_form_says_is_text_and_does_nothing(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    token = zhang.form_token()
    for path, field in SENT:
        for kind, odd in ODD.items():
            answer = zhang.post(f"/console/{path}", {"csrf_token": token, **SOUND, field: odd})
            harmless(answer)
            assert answer.status_code == 400, (path, field, kind)
    with closing(store_of(scene.settings, SPINE)) as store:
        assert [past.state for past in store.history()] == ["in force"]
    assert not (scene.settings.home / "preview").exists()


def test_j09_what_is_typed_into_a_query_is_in_no_address_and_no_record(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    query = f'{{ people(where: {{phone: {{eq: "{PHONE}"}}}}) {{ edges {{ node {{ id }} }} }} }}'
    answer = zhang.post("/console/preview/run", {"csrf_token": zhang.form_token(), **SOUND, "query": query})
    assert answer.status_code == 400, "there is no sample"
    assert PHONE not in words_of(answer)
    assert zhang.get(f"/console/preview?query={PHONE}").status_code == 200, "an address has no query"
    assert PHONE not in words_of(zhang.get(f"/console/preview?query={PHONE}"))
    assert not [each for each in read(scene.settings.audit_log) if PHONE in repr(each.record)]
