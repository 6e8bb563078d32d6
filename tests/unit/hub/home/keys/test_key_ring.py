"""Which key of a kind is used when, how long others are accepted, and what a broken note of it does."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from audit.log import tail
from audit.note import KeyRefused as LogKeyRefused
from audit.note import Signer, Verifier
from audit.record import Digester
from hub.home.audit_log import append_record, command_record, digester_of, signer_of, verifier_of
from hub.home.issuer import LEEWAY_SECONDS, MAX_LIFETIME_SECONDS, Issuer
from hub.home.key_files import KeyRefused
from hub.home.key_ring import FILES, MOST, Generation, KeyRing, add_generation, ring_of
from hub.home.revocations import Revocations, list_of, revoke
from hub.home.rotation import KEEP_DAYS, rotate
from hub.home.seals import Seals, load_key, seals_of
from hub.home.settings import Settings

pytestmark = pytest.mark.unit
NOW = int(time.time())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that has a key of each kind."""
    made = Settings.load(home=tmp_path / "home")
    made.prepare_home()
    append_record(made, command_record(digester_of(made), "admin", "serve"))
    Issuer(made).write_jwks()
    seals_of(made)
    return made


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: now)


@pytest.mark.parametrize("kind", FILES)
def test_a_new_key_is_known_before_it_is_used(settings: Settings, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    new = rotate(settings, kind, after=60)
    ring = ring_of(settings.keys_folder, kind)
    assert [each.number for each in ring.accepted(time.time())] == [1, 2]
    assert (ring.current(new.since - 1).number, ring.current(new.since).number) == (1, 2)
    assert stat.S_IMODE(new.file.stat().st_mode) == 0o600
    with pytest.raises(KeyRefused, match="rotate again after that"):
        rotate(settings, kind)
    later(monkeypatch, 61)
    assert rotate(settings, kind).number == 3


def test_how_long_the_key_before_is_accepted(settings: Settings) -> None:
    new = {kind: rotate(settings, kind) for kind in FILES}
    until = {kind: ring_of(settings.keys_folder, kind).generations[0].until for kind in FILES}
    hour = MAX_LIFETIME_SECONDS + LEEWAY_SECONDS
    kept = {"issuer": new["issuer"].since + hour, "ids": new["ids"].since + KEEP_DAYS * 86_400}
    assert until == {**kept, "digests": None, "audit": None}


def test_ids_are_opened_for_as_long_as_the_key_is_kept(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    sid = "0123456789abcdef" * 2
    old = seals_of(settings).seal_id("fire", "safety", 7, sid)
    rotate(settings, "ids", keep_days=2)
    early = seals_of(settings)
    assert early.seal_id("fire", "safety", 7, sid) == old
    later(monkeypatch, 60)
    late = seals_of(settings)
    new = late.seal_id("fire", "safety", 7, sid)
    # A process that has not looked again opens what another one has sealed with the new key.
    assert [each.open_id("fire", "safety", id_) for each in (early, late) for id_ in (old, new)] == [(7, sid)] * 4
    assert new != old
    assert late.pseudonym_key("fire", "safety") != early.pseudonym_key("fire", "safety")
    later(monkeypatch, 3 * 86_400)
    over = seals_of(settings)
    assert (over.open_id("fire", "safety", old), over.open_id("fire", "safety", new)) == (None, (7, sid))


def test_the_version_in_an_id_cannot_be_exchanged() -> None:
    seals = Seals(b"1" * 32, 1, {2: b"1" * 32})
    sealed = Seals(b"1" * 32, 2).seal_id("fire", "safety", 7, "00" * 16)
    assert seals.open_id("fire", "safety", sealed) == (7, "00" * 16)
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    assert raw[:1] == b"\x02"
    exchanged = base64.urlsafe_b64encode(b"\x01" + raw[1:]).rstrip(b"=").decode()
    assert seals.open_id("fire", "safety", exchanged) is None
    assert Seals(b"1" * 32).open_id("fire", "safety", sealed) is None


def test_a_list_goes_on_in_the_order_in_which_it_began() -> None:
    old, new = Seals(b"1" * 32), Seals(b"2" * 32, 2, {1: b"1" * 32})
    began, fresh = old.seal_cursor(b"query", b"[1]"), new.seal_cursor(b"query", b"[1]")
    one, other = new.of_request(), new.of_request()
    assert one.open_cursor(b"query", began) == b"[1]"
    assert (one.order_version, one.order_key("fire", "safety")) == (1, old.order_key("fire", "safety"))
    assert old.open_cursor(b"query", one.seal_cursor(b"query", b"[2]")) == b"[2]"
    # Lists of one request have one order.
    assert one.open_cursor(b"query", fresh) is None
    assert other.open_cursor(b"query", fresh) == b"[1]"
    assert (other.order_version, other.order_key("fire", "safety")) == (2, new.order_key("fire", "safety"))
    assert new.of_request().order_version == 2
    assert one.seal_id("fire", "safety", 7, "00" * 16) == new.seal_id("fire", "safety", 7, "00" * 16)


def test_what_was_recorded_under_any_key_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = digester_of(settings).digest("person", "x")
    for _ in range(2):
        rotate(settings, "digests")
        later(monkeypatch, 60)
    digester = digester_of(settings)
    found = digester.every("person", "x")
    assert (len(set(found)), first in found, found[0] == digester.digest("person", "x") != first) == (3, True, True)
    with pytest.raises(ValueError, match="shorter than 16 bytes"):
        Digester(b"k" * 32, [b"short"])


def test_a_token_that_was_revoked_stays_revoked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    revoke(settings, None, "inspector-1", None)
    revoke(settings, None, None, "j1")
    rotate(settings, "digests")
    later(monkeypatch, 60)
    listed = Revocations.load(list_of(settings), digester_of(settings))
    claims = {"client_id": "fire-inspection", "iat": NOW, "sub": "inspector-2"}
    assert listed.covers({**claims, "sub": "inspector-1"})
    assert listed.covers({**claims, "jti": "j1"})
    assert not listed.covers({**claims, "jti": "j2"})


def test_the_log_is_signed_by_the_new_key_and_known_by_both(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = verifier_of(settings)
    rotate(settings, "audit")
    assert signer_of(settings).verifier.key_hash == old.key_hash
    later(monkeypatch, 60)
    signer, note = signer_of(settings), "a\n"
    assert signer.verifier.key_hash != old.key_hash
    both = Verifier.parse(signer.verifier.texts)
    assert (both.texts, both.text, signer.verifier.texts.count("\n")) == (signer.verifier.texts, both.text, 1)
    assert both.open(signer.seal(note)) == old.beside([signer.verifier]).open(signer.seal(note)) == note
    with pytest.raises(ValueError, match="unsigned"):
        old.open(signer.seal(note))
    other = Signer.load(settings.keys_folder / "other.key", "other.example/audit").verifier
    with pytest.raises(LogKeyRefused, match="different logs"):
        Verifier.parse(f"{old.text}\n{other.text}")


def test_a_key_of_the_log_that_is_lost_is_not_made_again(settings: Settings) -> None:
    new = rotate(settings, "audit")
    new.file.unlink()
    with pytest.raises(KeyRefused, match=r"audit-2.key is missing"):
        signer_of(settings)
    assert not new.file.exists()


def test_two_commands_at_once_make_one_key(settings: Settings) -> None:
    def attempt(_: int) -> str:
        try:
            rotate(settings, "ids")
        except KeyRefused as refused:
            return str(refused)
        return ""

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(attempt, range(8)))
    assert told.count("") == 1
    assert all("rotate" in each for each in told if each)
    assert len(ring_of(settings.keys_folder, "ids").generations) == 2


def test_a_rotation_is_recorded_before_the_key_is_made(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise KeyRefused("no room")

    monkeypatch.setattr("hub.home.rotation.add_generation", fail)
    with pytest.raises(KeyRefused, match="no room"):
        rotate(settings, "ids")
    records = [each.record for each in tail(settings.audit_file, 2)]
    told = [(each.kind, each.operation_name, each.result, each.variables["key"]) for each in records]
    assert told == [("admin", "keys rotate begin", "BEGUN", "ids"), ("admin", "keys rotate", "FAILED", "ids")]
    assert len({each.request_id for each in records}) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"seal": []}',
        '{"ids": {}}',
        '{"ids": [{"since": 1}]}',
        '{"ids": [{"since": 1, "formerUntil": null, "more": 1}]}',
        '{"ids": [{"since": "1", "formerUntil": null}]}',
        '{"ids": [{"since": true, "formerUntil": null}]}',
        '{"ids": [{"since": 2, "formerUntil": null}, {"since": 1, "formerUntil": null}]}',
    ],
)
def test_a_note_that_cannot_be_used_is_refused(settings: Settings, content: str) -> None:
    file = settings.keys_folder / "rotated.json"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(KeyRefused, match=r"rotated.json does not say since when"):
        ring_of(settings.keys_folder, "ids")
    file.write_text("{}")
    assert len(ring_of(settings.keys_folder, "ids").generations) == 1
    file.chmod(0o644)
    with pytest.raises(KeyRefused, match="chmod 600"):
        ring_of(settings.keys_folder, "ids")


def test_a_crash_while_a_key_is_made_leaves_a_home_that_works(settings: Settings) -> None:
    ring = ring_of(settings.keys_folder, "ids")

    def die(file: Path) -> None:
        load_key(file)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_generation(ring, NOW, None, die)
    assert ring_of(settings.keys_folder, "ids") == ring
    assert rotate(settings, "ids").number == 2


def test_there_are_no_more_keys_than_an_id_can_name(tmp_path: Path) -> None:
    full = KeyRing("ids", tuple(Generation(at, tmp_path / "seal.key", at) for at in range(1, MOST + 1)))
    with pytest.raises(KeyRefused, match="no room"):
        add_generation(full, NOW, None, load_key)


@pytest.mark.parametrize(
    ("arguments", "env", "code", "told"),
    [
        (("rotate", "policy"), {}, 1, "say issuer, ids, digests or audit"),
        (("rotate", "issuer"), {"SLUICEGATE_ISSUER_JWKS": "/dev/null"}, 1, "rotate the keys there"),
        (("rotate", "ids", "--after", "5"), {}, 2, "greater than or equal to 10"),
        (("rotate", "ids", "--home", "elsewhere"), {}, 1, "is no home"),
        (("rotate", "audit"), {}, 0, "key 2 of audit is used from"),
        (("list",), {}, 0, "audit 1: in use, used since the beginning (audit.key)"),
    ],
)
def test_the_commands(
    settings: Settings, arguments: tuple[str, ...], env: dict[str, str], code: int, told: str
) -> None:
    home = () if "--home" in arguments else ("--home", str(settings.home))
    command = [sys.executable, "-m", "hub", "keys", *arguments, *home]
    environment = {**os.environ, "COLUMNS": "200", "TERM": "dumb", **env}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, told in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr


def test_the_list_shows_no_secret(settings: Settings) -> None:
    rotate(settings, "ids")
    command = [sys.executable, "-m", "hub", "keys", "list", "--json", "--home", str(settings.home)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    rows = json.loads(done.stdout)
    assert [(each["kind"], each["number"], each["state"]) for each in rows] == [
        ("issuer", 1, "in use"),
        ("ids", 1, "in use"),
        ("ids", 2, "to come"),
        ("digests", 1, "in use"),
        ("audit", 1, "in use"),
    ]
    for file in settings.keys_folder.iterdir():
        assert file.name in {"made", "rotated.json", "issuer.jwks.json"} or file.read_text("latin-1") not in done.stdout
