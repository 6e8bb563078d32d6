"""An id opens for the department and purpose it was sealed for, a cursor for its binding, and nothing else opens."""

from __future__ import annotations

import base64
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.home.key_files import KeyRefused
from hub.home.seals import CURSOR_BLOCK, Seals, load_key

pytestmark = pytest.mark.unit

SEALS = Seals(bytes(range(32)))
SID = "00112233445566778899aabbccddeeff"
ID = SEALS.seal_id("fire", "safety.fire", 4, SID)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_an_id_is_stable_and_opens() -> None:
    assert SEALS.seal_id("fire", "safety.fire", 4, SID) == ID
    assert SEALS.open_id("fire", "safety.fire", ID) == (4, SID)
    assert Seals(bytes(range(32))).open_id("fire", "safety.fire", ID) == (4, SID)


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16))
def test_any_id_comes_back(department: str, purpose: str, tag: int, sid: bytes) -> None:
    sealed = SEALS.seal_id(department, purpose, tag, sid.hex())
    assert SEALS.open_id(department, purpose, sealed) == (tag, sid.hex())
    assert SEALS.open_id(department, purpose + "x", sealed) is None


@pytest.mark.parametrize(
    ("department", "purpose"),
    [("police", "safety.fire"), ("fire", "safety"), ("fire", "safety.fire.rental"), ("firesafety", ".fire"), ("", "")],
)
def test_an_id_is_foreign_elsewhere(department: str, purpose: str) -> None:
    assert SEALS.open_id(department, purpose, ID) is None
    assert SEALS.seal_id(department, purpose, 4, SID) != ID


def test_an_id_is_foreign_under_another_key() -> None:
    assert Seals(bytes(32)).open_id("fire", "safety.fire", ID) is None


@pytest.mark.parametrize("position", range(len(ID)))
def test_every_other_spelling_is_refused(position: int) -> None:
    for letter in LETTERS:
        other = ID[:position] + letter + ID[position + 1 :]
        assert (SEALS.open_id("fire", "safety.fire", other) is not None) == (other == ID)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ID + "=",
        ID + "==",
        ID + "A",
        ID[:-1],
        " " + ID,
        ID + "\n",
        ID.replace("-", "+").replace("_", "/") + "+",
        "Person:1",
        base64.b64encode(b"Person:1").decode(),
        "A" * 100_000,
        "身份證",
        "\ud800",
        "\0",
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert SEALS.open_id("fire", "safety.fire", text) is None
    assert SEALS.open_cursor(b"binding", text) is None


@given(st.binary(max_size=300), st.binary(max_size=500))
def test_any_cursor_comes_back_to_its_binding_only(binding: bytes, payload: bytes) -> None:
    sealed = SEALS.seal_cursor(binding, payload)
    assert SEALS.open_cursor(binding, sealed) == payload
    assert SEALS.open_cursor(binding + b"x", sealed) is None
    assert SEALS.seal_cursor(binding, payload) != sealed


def test_a_cursors_size_tells_little() -> None:
    sizes = {len(SEALS.seal_cursor(b"", b"x" * size)) for size in range(CURSOR_BLOCK - 1)}
    assert len(sizes) == 1


@pytest.mark.parametrize("position", range(0, 200, 7))
def test_a_changed_cursor_is_none(position: int) -> None:
    sealed = SEALS.seal_cursor(b"b", b"payload")
    other = sealed[:position] + ("A" if sealed[position] != "A" else "B") + sealed[position + 1 :]
    assert SEALS.open_cursor(b"b", other) is None


def test_ids_and_cursors_are_not_each_other() -> None:
    assert SEALS.open_cursor(b"", ID) is None
    assert SEALS.open_id("fire", "safety.fire", SEALS.seal_cursor(b"", b"")) is None


@pytest.mark.parametrize("key", [b"", b"k" * 31, b"k" * 33])
def test_a_key_has_32_bytes(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Seals(key)


def test_the_key_is_in_no_repr() -> None:
    assert repr(Seals(b"k" * 32)) == "Seals(…)"


class TestLoadKey:
    def test_made_once_for_the_owner_only(self, tmp_path: Path) -> None:
        path = tmp_path / "keys" / "seal.key"
        key = load_key(path)
        assert len(key) == 32
        assert load_key(path) == key
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert sorted(each.name for each in path.parent.iterdir()) == ["made", "seal.key"]

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
    def test_a_file_that_others_may_use_is_refused(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "seal.key"
        load_key(path)
        path.chmod(mode)
        with pytest.raises(KeyRefused, match="chmod 600"):
            load_key(path)

    @pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33])
    def test_another_size_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "seal.key"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeyRefused, match="32 bytes"):
            load_key(path)
        assert path.read_bytes() == content

    def test_a_link_is_refused(self, tmp_path: Path) -> None:
        load_key(tmp_path / "real.key")
        (tmp_path / "seal.key").symlink_to(tmp_path / "real.key")
        (tmp_path / "lost.key").symlink_to(tmp_path / "nowhere")
        for name in ("seal.key", "lost.key"):
            with pytest.raises(KeyRefused, match="plain file"):
                load_key(tmp_path / name)

    def test_many_starters_agree(self, tmp_path: Path) -> None:
        found: set[bytes] = set()
        barrier = threading.Barrier(8)

        def start() -> None:
            barrier.wait()
            found.add(load_key(tmp_path / "seal.key"))

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 1
        assert sorted(each.name for each in tmp_path.iterdir()) == ["made", "seal.key"]

    def test_one_that_starts_while_another_makes_the_key_takes_that(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, real = tmp_path / "seal.key", os.path.lexists
        others: list[bytes] = []

        def while_another_makes_it(looked_for: Path) -> bool:
            there = real(looked_for)
            monkeypatch.setattr(os.path, "lexists", real)
            others.append(load_key(path))
            return there

        monkeypatch.setattr(os.path, "lexists", while_another_makes_it)
        assert load_key(path) == others[0]
