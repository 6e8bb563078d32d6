"""G10: a name in a folder or an archive leads nowhere else, and what is packed too tightly is not unpacked."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from connectors.readers import file_sets
from tests.support.sources.read_files import refusals, rows, write_zip

pytestmark = pytest.mark.attack

ROW = "k,v\nx,outside\n"
GOOD = {"good.csv": "k,v\na,1\n"}


@pytest.mark.parametrize(
    "name",
    ["../out.csv", "x/../../out.csv", "/etc/out.csv", "..\\out.csv", "C:\\out.csv", "c:out.csv", "x\\..\\out.csv",
     "//host/out.csv", "a\nb.csv", "a\u202ecsv.csv", "a\x7f.csv"],
)  # fmt: skip
def test_g10_a_name_that_leads_out_is_refused_and_the_others_are_read(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "in.zip", {name: ROW, **GOOD})
    assert [each[1:] for each in rows("csv", path, files="*")] == [("file", "unsafe-name"), ("a", "1")]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in.zip"]


def test_g10_a_name_that_leads_out_is_told_even_if_nobody_asks_for_it(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "in.zip", {"../../root/.ssh/authorized_keys": "x", **GOOD})
    (wrong,) = refusals("csv", path, files="*.csv")
    assert (wrong.rule, wrong.part) == ("unsafe-name", "../../root/.ssh/authorized_keys")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_g10_a_link_or_device_in_an_archive_is_refused(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.csv")
        link.create_system, link.external_attr = 3, (kind | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert [each[1:] for each in rows("csv", path, files="*")] == [("file", "link")]


def test_g10_a_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    outside, where = tmp_path / "outside", tmp_path / "in"
    for each in (outside, where):
        each.mkdir()
    (outside / "secret.csv").write_text(ROW)
    (where / "good.csv").write_text(GOOD["good.csv"])
    (where / "link.csv").symlink_to(outside / "secret.csv")
    (where / "more").symlink_to(outside)
    assert [each[1:] for each in rows("csv", where, files="*.csv")] == [
        ("file", "link"), ("file", "link"), ("a", "1"),
    ]  # fmt: skip


def test_g10_a_link_that_takes_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    """Between the listing of a folder and the opening of its file."""
    where = tmp_path / "in"
    where.mkdir()
    (tmp_path / "secret.csv").write_text(ROW)
    (where / "a.csv").write_text(GOOD["good.csv"])
    with file_sets.file_set("s", where, "*.csv") as found:
        (where / "a.csv").unlink()
        (where / "a.csv").symlink_to(tmp_path / "secret.csv")
        with pytest.raises(Exception, match="cannot be opened"), found.files[0].open():
            pass


def test_g10_a_pipe_in_a_folder_does_not_hold_the_pull(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    (wrong,) = refusals("csv", tmp_path, files="*.csv")
    assert (wrong.rule, wrong.reason) == ("unreadable-file", "it is no plain file")


def test_g10_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_zip(tmp_path / "in.zip", {"bomb.csv": b"k,v\n" + b"\n" * (30 << 20), **GOOD})
    assert path.stat().st_size < 100_000
    opened: list[str] = []
    plain = zipfile.ZipFile.open

    def counted(self: zipfile.ZipFile, member: zipfile.ZipInfo) -> object:
        opened.append(member.filename)
        return plain(self, member)

    monkeypatch.setattr(zipfile.ZipFile, "open", counted)
    assert [each[1:] for each in rows("csv", path, files="*")] == [("file", "too-large"), ("a", "1")]
    assert opened == ["good.csv"]


def test_g10_a_member_that_lies_about_its_size_ends_there(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "in.zip", {"a.csv": "k,v\n" + "a,1\n" * 1_000})
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 24 : central + 28] = (8).to_bytes(4, "little")
    path.write_bytes(content)
    assert [each[1:] for each in rows("csv", path, files="*")] == [("file", "unreadable-file")]


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_MEMBER_BYTES", 100), ("MAX_ARCHIVE_BYTES", 100)],
)  # fmt: skip
def test_g10_members_and_the_whole_have_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(file_sets, limit, value)
    path = write_zip(tmp_path / "in.zip", {"a.csv": "k,v\na,1\n", "b.csv": "k,v\n" + "b,2\n" * 30})
    assert [each[1:] for each in rows("csv", path, files="*")] == [("file", "too-large"), ("a", "1")]


@pytest.mark.parametrize("name", ["a.zip", "x/a.ZIP", "a.csv.gz", "a.tar", "a.7z", "a.rar"])
def test_g10_an_archive_within_is_not_opened(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "in.zip", {name: "PK", **GOOD})
    assert [each[1:] for each in rows("csv", path, files="*")] == [("file", "archive-within"), ("a", "1")]


def test_g10_an_archive_within_by_another_name_is_no_table(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", GOOD).read_bytes()
    path = write_zip(tmp_path / "in.zip", {"a.csv": inner, **GOOD})
    assert [each[1:] for each in rows("csv", path, files="*")] == [("file", "unreadable-file"), ("a", "1")]


def test_g10_one_name_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("a.csv", GOOD["good.csv"])
        archive.writestr("a.csv", ROW)
    assert [each[1:] for each in rows("csv", path, files="*")] == [("file", "name-twice"), ("a", "1")]


def test_g10_a_member_with_a_password_or_an_unknown_packing_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "in.zip", GOOD)
    plain = path.read_bytes()
    central = plain.index(b"PK\x01\x02")
    for at, value, rule in ((8, 1, "encrypted"), (10, 14, "unknown-packing")):
        content = bytearray(plain)
        content[central + at] = value
        path.write_bytes(content)
        assert [each[1:] for each in rows("csv", path, files="*")] == [("file", rule)]


def test_g10_more_files_than_anybody_needs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_sets, "MAX_FILES", 2)
    path = write_zip(tmp_path / "in.zip", {f"{each}.csv": ROW for each in range(3)})
    with pytest.raises(Exception, match="more than 2 files"):
        rows("csv", path, files="*")


def test_g10_a_file_named_by_a_number_of_a_person_is_told_by_its_place(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "in.zip", {"13811110001.zip": "x", **GOOD})
    (wrong,) = refusals("csv", path, files="*")
    assert wrong.part == "file 1"
