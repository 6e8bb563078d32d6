"""The communities' ledgers agree with docs/sample-county.md, section 7; each form is read as the page says."""

import csv
import datetime as dt
from pathlib import Path

import pytest
from stdnum.iso7064 import mod_11_2

from tests.unit.hub.sample.whole.conftest import Whole, first, rare, seen_before

pytestmark = pytest.mark.unit

# Form → encoding, delimiter, format of days, its words for yes and no, and its columns in our order.
FORMS = {
    "form-1": (
        "utf-8-sig",
        ",",
        "%Y-%m-%d",
        "是否",
        "编号 网格 老人姓名 身份证号 走访日期 走访人 走访情况 是否需要帮助",
    ),
    "form-2": ("gbk", ",", "%Y/%m/%d", "有无", "记录号 网格编码 姓名 公民身份号码 日期 入户人员 情况记录 需求"),
    "form-3": ("gb18030", "\t", "%Y年%m月%d日", "YN", "走访编号 所在网格 对象 证件号码 走访时间 走访人 备注 需帮助"),
    "form-4": ("utf-8", ";", "%Y%m%d", "10", "visit_no grid elder_name elder_id visit_date visitor remark need_help"),
}
OURS = ["visitNo", "gridCode", "name", "idNo", "visitedOn", "visitorName", "findings", "needsHelp"]

Row = dict[str, str]


def ledger(path: Path) -> list[Row]:
    """The rows of a ledger under our names; one that is not in its encoding is read as GBK, and says so."""
    encoding, delimiter, _, _, columns = FORMS[path.parent.name]
    header, *lines = path.read_bytes().removesuffix(b"\r\n").split(b"\r\n")
    names = header.decode(encoding).split(delimiter)
    assert set(names) == set(columns.split())
    rows = []
    for line in lines:
        text, valid = decoded(line, encoding)
        (cells,) = csv.reader([text], delimiter=delimiter, strict=True)
        row = dict(zip(names, cells, strict=True))
        rows.append(dict(zip(OURS, (row[name] for name in columns.split()), strict=True)) | {"valid": valid})
    return rows


def decoded(line: bytes, encoding: str) -> tuple[str, str]:
    """A line in its encoding, or else in GBK, and whether it is in its encoding."""
    try:
        return line.decode(encoding), "yes"
    except UnicodeDecodeError:
        return line.decode("gb18030"), "no"


def ledgers(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.csv"))


def real(day: str, form: str) -> bool:
    try:
        return dt.datetime.strptime(day, FORMS[form][2]).month == 6
    except ValueError:
        return False


def flaw(row: Row, form: str, whole: Whole, seen: set[str]) -> str:
    twice = seen_before(seen, row["visitNo"])
    known = whole.names.get(row["idNo"])
    return first(
        ("duplicate", twice),
        ("gbk_row", row["valid"] == "no"),
        ("wrong_check", not mod_11_2.is_valid(row["idNo"])),
        ("impossible_date", not real(row["visitedOn"], form)),
        ("unknown_person", known is None),
        ("other_spelling", known != row["name"]),
        ("rare_name", rare(row["visitorName"])),
    ) or whole.place_flaw(row["gridCode"])


def test_every_community_has_one_ledger_and_every_form_is_used(whole: Whole) -> None:
    paths = ledgers(whole.folder / "visits")
    communities = sorted(row["代码"] for row in whole.regions if row["级别"] == "社区")
    assert sorted(path.stem for path in paths) == communities
    assert {path.parent.name for path in paths} == set(FORMS)


def test_the_ledgers_hold_what_the_summary_says(whole: Whole) -> None:
    seen: set[str] = set()
    found = []
    for path in ledgers(whole.folder / "visits"):
        rows = ledger(path)
        assert all(row["visitNo"].startswith(f"ZF{path.stem}") for row in rows)
        assert {row["needsHelp"] for row in rows} <= set(FORMS[path.parent.name][3])
        found += [flaw(row, path.parent.name, whole, seen) for row in rows]
    whole.agrees("visits", found)


def test_impossible_days_are_31_february_in_each_form(whole: Whole) -> None:
    odd = {
        row["visitedOn"]
        for path in ledgers(whole.folder / "visits")
        for row in ledger(path)
        if not real(row["visitedOn"], path.parent.name)
    }
    assert odd
    assert odd <= {"2026-02-31", "2026/2/31", "2026年2月31日", "20260231"}


def test_the_people_are_old(whole: Whole) -> None:
    born = [row["idNo"][6:10] for path in ledgers(whole.folder / "visits") for row in ledger(path)]
    assert sum(year <= "1957" for year in born) > 0.75 * len(born)


def test_some_rows_of_the_longest_ledger_are_gone_in_its_later_state(whole: Whole) -> None:
    (path,) = ledgers(whole.folder / "later" / "visits")
    before = ledger(whole.folder / path.relative_to(whole.folder / "later"))
    after = ledger(path)
    gone = [row["visitNo"] for row in before if row not in after]
    assert [row for row in before if row in after] == after
    (vanished,) = (each for each in whole.summary.defects if each.defect.reason == "vanished")
    assert (len(set(gone)), vanished.defect.folder) == (vanished.count, "later")
    assert len(gone) < len(before) / 5


def test_a_ledger_that_should_be_utf_8_is_gbk(whole: Whole) -> None:
    (path,) = ledgers(whole.folder / "faults" / "visits")
    assert path.parent.name == "form-1"
    with pytest.raises(UnicodeDecodeError):
        path.read_text("utf-8")
    with pytest.raises(UnicodeDecodeError):
        path.read_bytes().partition(b"\r\n")[0].decode("utf-8")
    good = whole.folder / "visits" / "form-1" / path.name
    assert good.read_bytes().startswith(b"\xef\xbb\xbf")
    lines = good.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\r\n")
    assert path.read_bytes().split(b"\r\n") == [decoded(line, "utf-8")[0].encode("gb18030") for line in lines]
    (wrong,) = (each for each in whole.summary.defects if each.defect.reason == "gbk_file")
    assert (wrong.count, wrong.defect.folder) == (1, "faults")
