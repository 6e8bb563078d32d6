"""`sluicegate source new`: its drafts load as they are, hold nothing of the rows, and overwrite nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from connectors.source_model import PulledSource
from connectors.sources import load_sources
from hub.cli.main import app
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from schema.catalogue import Catalogue
from tests.support.sources.register_columns import ROWS, known_columns
from tests.support.sources.workbooks import Sheet, write_workbook

pytestmark = pytest.mark.unit

SEED = 3
KEY = "商铺登记编号"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in words])


def wide_register(folder: Path, name: str = "shops.csv") -> Path:
    """A CSV file with every invented column beside each other, and a column that numbers its rows."""
    columns = [
        (KEY, [f"DJ{at:05}" for at in range(ROWS)]),
        *((each.header, each.cells) for each in known_columns(SEED)),
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([header for header, _ in columns])
    writer.writerows(zip(*(cells for _, cells in columns), strict=True))
    path = folder / name
    path.write_bytes(text.getvalue().encode("gb18030"))
    return path


def catalogue(folder: Path) -> Catalogue:
    return catalogue_of(Settings.load(home=folder / "home", slices=folder / "drafts" / "slices"))


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wide")
    done = run("source", "new", wide_register(folder), "--out", folder / "drafts", "--collected-for", "trade.register")
    assert done.exit_code == 0, done.output
    (folder / "told.txt").write_text(done.output, "utf-8")
    return folder


def small_register(folder: Path) -> Path:
    path = folder / "shops.csv"
    path.write_text("编号,经营状态\n" + "".join(f"PD{at},在营\n" for at in range(10)), "utf-8")
    return path


def test_drafts_load_as_they_are(drafts: Path) -> None:
    composed = catalogue(drafts)
    (source,) = load_sources(drafts / "drafts" / "sources", composed, {"DATA": str(drafts)})
    shop = composed.entity("Shop")
    (stream,) = source.records
    assert isinstance(source, PulledSource)
    assert (source.where, source.collected_for, stream.key) == (str(drafts / "shops.csv"), "trade.register", (KEY,))
    assert {each.name for each in shop.fields} == set(stream.fields)
    assert len(stream.fields) > 60


def test_what_is_personal_is_marked_and_has_no_bucket(drafts: Path) -> None:
    shop = catalogue(drafts).entity("Shop")
    by_header = {each.zh: each for each in shop.fields}
    for each in known_columns(SEED):
        field = by_header.get(each.header)
        if each.kind is not None and field is not None:
            assert field.personal, each.what
            assert field.masks[0] == "redact", each.what
            assert not field.buckets, each.what


def test_no_value_of_the_rows_is_written_or_shown_but_the_words_of_enums(drafts: Path) -> None:
    shown = "".join(path.read_text("utf-8") for path in [*drafts.rglob("*.yaml"), drafts / "told.txt"])
    # Beside a comment's own words: values that stand in no header and in no sentence of ours.
    values = {
        str(cell)
        for each in known_columns(SEED)
        for cell in each.cells
        if (each.kind is not None or len(set(each.cells)) > 20) and len(str(cell)) > 4
    }
    assert len(values) > 10_000
    assert [value for value in values if value in shown] == []
    assert "餐饮: CATERING" in shown


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    words = ("source", "new", small_register(tmp_path), "--out", tmp_path / "drafts")
    assert run(*words).exit_code == 0
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")}
    assert len(kept) == 2
    again = run(*words)
    assert again.exit_code == 1
    assert "is there already, and is not overwritten" in again.output
    source, of_slice = sorted(kept, key=lambda path: path.parent.name, reverse=True)
    source.unlink()
    half = run(*words)
    assert half.exit_code == 1
    assert not source.exists()
    assert of_slice.read_bytes() == kept[of_slice]


def test_a_name_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    (tmp_path / "drafts" / "slices").mkdir(parents=True)
    (tmp_path / "drafts" / "slices" / "shops.yaml").symlink_to(elsewhere)
    done = run("source", "new", small_register(tmp_path), "--out", tmp_path / "drafts")
    assert done.exit_code == 1
    assert not elsewhere.exists()


def test_without_a_purpose_the_source_is_refused_until_somebody_says_it(tmp_path: Path) -> None:
    assert run("source", "new", small_register(tmp_path), "--out", tmp_path / "drafts").exit_code == 0
    tried = run("source", "try", "--sources", tmp_path / "drafts" / "sources", "--data", tmp_path)
    assert tried.exit_code == 1
    assert "collectedFor" in tried.output


def test_a_key_that_counts_the_lines_is_warned_of(tmp_path: Path) -> None:
    codes = ["GS000", *(f"GS{n:03}" for n in range(29))]
    lines = [f"{n + 1},{code},餐饮" for n, code in enumerate(codes)]
    (tmp_path / "shops.csv").write_text("\n".join(["序号,商铺编号,类别", *lines, ""]), "utf-8")
    made = run("source", "new", tmp_path / "shops.csv", "--out", tmp_path / "drafts")
    assert made.exit_code == 0, made.output
    drafted = (tmp_path / "drafts" / "sources" / "shops.yaml").read_text("utf-8")
    assert "    key: 序号\n" in drafted
    for told in (made.output, " ".join(drafted.replace("    # ", "").split())):
        assert "序号 seems to count the lines" in told
        assert "商铺编号 would number them, but 1 row has a number" in told
        assert "or take `key: 商铺编号` and `identity: number`" in told


def test_where_no_column_numbers_the_records_somebody_has_to_say(tmp_path: Path) -> None:
    path = tmp_path / "shops.csv"
    path.write_text("经营状态,人数\n" + "在营,3\n停业,4\n" * 10, "utf-8")
    made = run("source", "new", path, "--out", tmp_path / "drafts", "--collected-for", "trade")
    assert made.exit_code == 0
    assert "no column numbers the records" in made.output
    assert "# key: " in (tmp_path / "drafts" / "sources" / "shops.yaml").read_text("utf-8")
    assert run("source", "try", "--sources", tmp_path / "drafts" / "sources").exit_code == 1


def test_a_number_that_stands_twice_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = small_register(tmp_path)
    path.write_text(path.read_text("utf-8").replace("PD9,", "PD8,"), "utf-8")
    made = run("source", "new", path, "--out", tmp_path / "drafts")
    assert "编号 would number them, but 1 row has a number that stands in an earlier row too" in made.output
    assert "PD8" not in made.output
    assert "编号 would number them" in (tmp_path / "drafts" / "sources" / "shops.yaml").read_text("utf-8")


def test_rows_that_could_not_be_read_are_not_called_read(tmp_path: Path) -> None:
    path = small_register(tmp_path)
    path.write_text(path.read_text("utf-8") + "PD10\n", "utf-8")
    made = run("source", "new", path, "--out", tmp_path / "drafts")
    assert "read: 10 of all 11 rows (1 could not be read), 2 columns" in made.output
    assert "1 row cannot be read, and would be refused by row wrong-length; the first is number 12" in made.output


def test_sheets_and_an_encoding_can_be_named(tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    sheets = {name: Sheet([["编号", name], *([f"{name}{at}", "x"] for at in range(9))]) for name in ("A", "B")}
    write_workbook(book, sheets)
    refused = run("source", "new", book, "--out", tmp_path / "drafts")
    assert (refused.exit_code, "--sheet: A, B" in refused.output) == (1, True)
    assert run("source", "new", book, "--sheet", "B", "--out", tmp_path / "drafts").exit_code == 0
    assert "sheets: [B]" in (tmp_path / "drafts" / "sources" / "book.yaml").read_text("utf-8")
    path = tmp_path / "old.csv"
    path.write_bytes("編號,商號\nA1,面館\n".encode("big5"))
    assert run("source", "new", path, "--encoding", "big5", "--out", tmp_path / "drafts").exit_code == 0
    assert "encoding: big5" in (tmp_path / "drafts" / "sources" / "old.yaml").read_text("utf-8")
    wrong = run("source", "new", path, "--encoding", "latin-1", "--out", tmp_path / "other")
    assert (wrong.exit_code, "name one of utf-8" in wrong.output) == (1, True)


@pytest.mark.parametrize("command", ["pull", "try", "dry run", "scheduled"])
def test_forgotten_slices_are_told_before_anything_is_started(drafts: Path, tmp_path: Path, command: str) -> None:
    words = {"try": ["source", "try"], "dry run": ["pull", "--dry-run"], "scheduled": ["pull", "--scheduled"]}
    home = tmp_path / "home"
    done = run(*words.get(command, ["pull"]), "--sources", drafts / "drafts" / "sources", "--home", home)
    assert done.exit_code == 1
    assert "unknown type 'Shop'" in done.output
    assert "SLUICEGATE_SLICES" in done.output
    assert not home.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["商铺.csv"], "no letter of the name that it has can stand in one; give a short name"),
        (["shops.csv", "--name", "Shops"], "give a short name"),
        (["shops.csv", "--collected-for", "Trade Register"], "write a purpose"),
        (["none.csv"], "there is no file"),
        (["shops.csv", "--secret", "hunter2", "--table", "t"], "there is no file"),
        (["https://register.example/shops", "--secret", "hunter2"], "named, not written"),
        (["https://register.example/shops", "--paging", "items"], "write NAME=VALUE"),
    ],
)
def test_what_cannot_be_drafted_is_told(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("source", "new", *words)
    assert done.exit_code in {1, 2}
    assert told in done.output
    assert "hunter2" not in done.output
    assert not (tmp_path / "drafts").exists()


def test_a_folder_that_cannot_be_written_gets_neither_file(tmp_path: Path) -> None:
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "slices").write_text("a file")
    done = run("source", "new", small_register(tmp_path), "--out", tmp_path / "drafts")
    assert done.exit_code == 1
    assert list((tmp_path / "drafts").rglob("*.yaml")) == []
