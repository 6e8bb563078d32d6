"""The list of revoked tokens: whom an entry is about, how long it stays, and what a broken list does."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from audit.log import tail
from audit.record import Digester
from hub.home.audit_log import digester_of
from hub.home.issuer import LEEWAY_SECONDS, MAX_LIFETIME_SECONDS
from hub.home.key_files import MAX_BYTES
from hub.home.revocations import MOST, Revocations, RevocationsRefused, list_of, revoke
from hub.home.settings import Settings

pytestmark = pytest.mark.unit

APPLICATION, PERSON = "fire-inspection", "inspector-canary"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings.load(home=tmp_path / "home")
    made.prepare_home()
    return made


def claims(application: str = APPLICATION, person: str = PERSON, jti: object = "j1", ago: int = 0) -> dict[str, Any]:
    return {"client_id": application, "sub": person, "jti": jti, "iat": int(time.time()) - ago}


OTHER_APP, OTHER_PERSON, OTHER_TOKEN = (
    claims(application="hotline-desk"),
    claims(person="inspector-2"),
    claims(jti="j2"),
)
OTHERS = {"application": OTHER_APP, "person": OTHER_PERSON, "token": OTHER_TOKEN}


@pytest.mark.parametrize(
    ("given", "spared"),
    [
        ({"application": APPLICATION}, {"application"}),
        ({"person": PERSON}, {"person"}),
        ({"token": "j1"}, {"token"}),
        ({"application": APPLICATION, "person": PERSON}, {"application", "person"}),
        ({"application": APPLICATION, "person": PERSON, "token": "j1"}, set(OTHERS)),
    ],
)
def test_an_entry_is_about_all_that_it_names_and_nothing_else(
    settings: Settings, given: Mapping[str, str], spared: set[str]
) -> None:
    assert not Revocations.load(list_of(settings), digester_of(settings)).covers(claims())
    revoke(settings, given.get("application"), given.get("person"), given.get("token"))
    listed = Revocations.load(list_of(settings), digester_of(settings))
    assert listed.covers(claims())
    assert {name for name, other in OTHERS.items() if not listed.covers(other)} == spared


@pytest.mark.parametrize("jti", [None, 7, ["j1"]])
def test_a_token_without_an_id_is_found_by_its_person(settings: Settings, jti: object) -> None:
    revoke(settings, None, PERSON, None)
    assert Revocations.load(list_of(settings), digester_of(settings)).covers(claims(jti=jti))


@pytest.mark.parametrize(
    ("application", "person", "covered"),
    [
        ("gateway", None, {"acts", "acts for itself"}),
        (None, "clerk-9", {"acts"}),
        ("gateway", "clerk-9", {"acts"}),
        (APPLICATION, None, {"acts", "acts for itself", "alone"}),
        (APPLICATION, "clerk-9", set()),
    ],
)
def test_a_token_is_revoked_with_who_acts_as_with_its_user(
    settings: Settings, application: str | None, person: str | None, covered: set[str]
) -> None:
    revoke(settings, application, person, None)
    listed = Revocations.load(list_of(settings), digester_of(settings))
    given = {
        "acts": {**claims(), "act": {"client_id": "gateway", "sub": "clerk-9"}},
        "acts for itself": {**claims(), "act": {"sub": "gateway"}},
        "alone": claims(),
    }
    assert {name for name, each in given.items() if listed.covers(each)} == covered


def test_who_signs_in_again_is_let_in(settings: Settings) -> None:
    entry = revoke(settings, None, PERSON, None)
    listed = Revocations.load(list_of(settings), digester_of(settings))
    later = {**claims(), "iat": entry.issued_until + 1}
    assert (listed.covers({**later, "iat": entry.issued_until}), listed.covers(later)) == (True, False)


def test_an_entry_leaves_the_list_when_its_tokens_have_expired(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    revoke(settings, APPLICATION, None, None)
    # A token may be issued when the entry ends, lives for an hour, and is accepted for the leeway of clocks after that.
    last = now + LEEWAY_SECONDS + MAX_LIFETIME_SECONDS + LEEWAY_SECONDS
    for moment, kept in ((last - 5, 2), (last + 5, 2)):
        monkeypatch.setattr("hub.home.revocations.time.time", lambda moment=moment: moment)
        revoke(settings, None, PERSON, None)
        assert len(json.loads(list_of(settings).read_bytes())["revoked"]) == kept


def test_nobody_is_named_in_the_list_or_in_the_log(settings: Settings) -> None:
    revoke(settings, APPLICATION, PERSON, "j-canary")
    content = list_of(settings).read_text("utf-8")
    assert APPLICATION in content
    records = [each.record for each in tail(settings.audit_file, 10)]
    assert [(each.kind, each.operation_name, each.result) for each in records] == [
        ("admin", "token revoke begin", "BEGUN"),
        ("admin", "token revoke", "OK"),
    ]
    assert not any("canary" in text for text in (content, str(records)))
    assert stat.S_IMODE(list_of(settings).stat().st_mode) == 0o600


def test_commands_at_the_same_time_all_stand_in_the_list(settings: Settings) -> None:
    digester_of(settings)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: revoke(settings, None, f"person-{number}", None), range(16)))
    assert len(json.loads(list_of(settings).read_bytes())["revoked"]) == 16
    assert sorted(each.name for each in settings.home.glob("revoked.json*")) == ["revoked.json", "revoked.json.lock"]


def test_a_full_list_can_still_be_read(settings: Settings) -> None:
    digester = digester_of(settings)
    until = int(time.time())
    entry = {"application": "a" * 64, "subject": "s" * 22, "token": "t" * 22, "issuedUntil": until}
    list_of(settings).write_text(json.dumps({"revoked": [entry] * MOST}, separators=(",", ":")))
    list_of(settings).chmod(0o600)
    assert list_of(settings).stat().st_size < MAX_BYTES
    assert Revocations.load(list_of(settings), digester).covers(claims()) is False
    with pytest.raises(RevocationsRefused, match="whole application"):
        revoke(settings, APPLICATION, None, None)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"revoked": {}}',
        '{"revoked": [], "more": 1}',
        '{"revoked": [{"issuedUntil": 1}]}',
        '{"revoked": [{"subject": 1, "issuedUntil": 1}]}',
        '{"revoked": [{"subject": "s"}]}',
        '{"revoked": [{"subject": "s", "issuedUntil": true}]}',
        '{"revoked": [{"person": "s", "issuedUntil": 1}]}',
    ],
)
def test_a_list_that_cannot_be_used_is_refused(settings: Settings, content: str) -> None:
    list_of(settings).write_text(content)
    list_of(settings).chmod(0o600)
    with pytest.raises(RevocationsRefused, match="sluicegate revoke"):
        Revocations.load(list_of(settings), Digester(b"k" * 32))
    list_of(settings).chmod(0o644)
    with pytest.raises(RevocationsRefused, match="chmod 600"):
        Revocations.load(list_of(settings), Digester(b"k" * 32))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "say which tokens"), (("--app", "fire-inspektion"), "no application 'fire-inspektion' is registered")],
)
def test_the_command_refuses_what_would_revoke_nothing(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    Settings.load(home=tmp_path / "home").prepare_home()
    command = [sys.executable, "-m", "hub", "revoke", *arguments, "--home", str(tmp_path / "home")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, told in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "home" / "revoked.json").exists()
