"""The defects that are planted in the seven registers, and what is expected of a pull for each.

Each row that a generator spoils is counted under a name of this table; a name that is not here is a `KeyError`. The
counts become `defects` in `summary.json` (docs/sample-county.md, section 14).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from hub.sample.tally import Tally

QUARANTINE: Final = "quarantine"
REFUSE: Final = "refuse"
SAME: Final = "same"
OLDER: Final = "older"
WAIT: Final = "wait"
MERGE: Final = "merge"
SUCCESSOR: Final = "successor"
FINDING: Final = "finding"
READ: Final = "read"
VANISH: Final = "vanish"
INCOMPLETE: Final = "incomplete"

EXPECTATIONS: Final = {
    QUARANTINE: "the row is refused and reported with that field; the others go in",
    REFUSE: "the event, or the file, is refused as a whole and told; the others go in",
    SAME: "read, counted unchanged",
    OLDER: "ignored, because a later version was there before, and told",
    WAIT: "the record goes in; its edge waits for a target that never comes",
    MERGE: "the person stays one node, with the name of the register that is trusted more",
    SUCCESSOR: "goes in with the path of the grid that took the old one's place",
    FINDING: "goes in with null in this field, and the run tells how many there were",
    READ: "goes in as it is",
    VANISH: "the record is no longer served after the later state was read",
    INCOMPLETE: "the file counts as unread and is told; the next pull reads it again",
}
_NOT_GOOD: Final = frozenset({QUARANTINE, REFUSE, SAME, OLDER})
LATER: Final = "later"
FAULTS: Final = "faults"

Row = dict[str, Any]
Spoil = Callable[[Row], None]


@dataclass(frozen=True, slots=True)
class Defect:
    """One kind of defect of one stream; `field` is a column, or empty for the whole row or file.

    `folder` is the folder beside the registers in which it lies, or empty if it lies in the register itself.
    """

    stream: str
    reason: str
    field: str
    expected: str
    folder: str = ""


def _of(stream: str, *defects: tuple[str, str, str] | tuple[str, str, str, str]) -> tuple[Defect, ...]:
    return tuple(Defect(stream, *defect) for defect in defects)


DEFECTS: Final = (
    *_of(
        "migrants",
        ("wrong_check", "公民身份号码", QUARANTINE),
        ("id_as_float", "公民身份号码", QUARANTINE),
        ("impossible_date", "出生日期", QUARANTINE),
        ("unknown_grid", "网格代码", QUARANTINE),
        ("duplicate", "", SAME),
        ("unknown_dwelling", "房屋编号", WAIT),
        ("other_spelling", "姓名", MERGE),
        ("merged_grid", "网格代码", SUCCESSOR),
        ("sentinel_date", "出生日期", FINDING),
        ("rare_name", "姓名", READ),
        ("formula_as_name", "姓名", READ),
        ("name_like_formula", "姓名", READ),
        ("phone_as_number", "联系电话", READ),
        ("grid_as_number", "网格代码", READ),
    ),
    *_of(
        "patrols",
        ("wrong_check", "residentIdNo", QUARANTINE),
        ("impossible_date", "visitedAt", QUARANTINE),
        ("unknown_grid", "gridCode", QUARANTINE),
        ("half_emoji", "findings", QUARANTINE),
        ("broken_line", "", QUARANTINE),
        ("duplicate", "", SAME),
        ("unknown_person", "residentIdNo", WAIT),
        ("merged_grid", "gridCode", SUCCESSOR),
        ("rare_name", "residentName", READ),
        ("truncated_file", "", INCOMPLETE, FAULTS),
    ),
    *_of(
        "visits",
        ("wrong_check", "idNo", QUARANTINE),
        ("impossible_date", "visitedOn", QUARANTINE),
        ("unknown_grid", "gridCode", QUARANTINE),
        ("duplicate", "", SAME),
        ("unknown_person", "idNo", WAIT),
        ("merged_grid", "gridCode", SUCCESSOR),
        ("other_spelling", "name", MERGE),
        ("rare_name", "visitorName", READ),
        ("gbk_row", "", QUARANTINE),
        ("gbk_file", "", REFUSE, FAULTS),
        ("vanished", "", VANISH, LATER),
    ),
    *_of(
        "units",
        ("wrong_check", "creditCode", QUARANTINE),
        ("wrong_person_check", "representativeIdNo", QUARANTINE),
        ("impossible_date", "registeredOn", QUARANTINE),
        ("unknown_grid", "gridCode", QUARANTINE),
        ("duplicate", "", SAME),
        ("unknown_person", "representativeIdNo", WAIT),
        ("unknown_dwelling", "dwellingNo", WAIT),
        ("merged_grid", "gridCode", SUCCESSOR),
        ("rare_name", "representativeName", READ),
        ("name_like_formula", "name", READ),
    ),
    *_of(
        "parts",
        ("unknown_grid", "gridCode", QUARANTINE),
        ("impossible_date", "installedOn", QUARANTINE),
        ("swapped_point", "geometry", QUARANTINE),
        ("not_a_point", "geometry", QUARANTINE),
        ("duplicate", "", SAME),
        ("merged_grid", "gridCode", SUCCESSOR),
    ),
    *_of(
        "tenancies",
        ("wrong_check", "tenant_id_no", QUARANTINE),
        ("ends_before_it_starts", "ends_on", QUARANTINE),
        ("negative_rent", "rent", QUARANTINE),
        ("unknown_dwelling", "dwelling_no", WAIT),
        ("unknown_person", "landlord_id_no", WAIT),
    ),
    *_of(
        "inspections",
        ("wrong_check", "credit_code", QUARANTINE),
        ("impossible_date", "rectify_by", QUARANTINE),
        ("unknown_kind", "kind", QUARANTINE),
        ("unknown_dwelling", "dwelling_no", WAIT),
        ("unknown_unit", "credit_code", WAIT),
        ("rare_name", "inspector_name", READ),
    ),
    *_of(
        "alarms",
        ("impossible_date", "raisedAt", QUARANTINE),
        ("unknown_kind", "kind", QUARANTINE),
        ("unknown_grid", "gridCode", QUARANTINE),
        ("no_data", "", REFUSE),
        ("id_reused", "", REFUSE),
        ("duplicate", "", SAME),
        ("out_of_order", "", OLDER),
        ("unknown_dwelling", "dwellingNo", WAIT),
        ("merged_grid", "gridCode", SUCCESSOR),
    ),
)
_BY_NAME: Final = {(defect.stream, defect.reason): defect for defect in DEFECTS}


@dataclass(frozen=True, slots=True)
class Planted:
    """How often a defect occurs in a sample."""

    defect: Defect
    count: int


def count(tally: Tally, stream: str, reason: str, rows: int = 1) -> None:
    """Count rows with a defect: as dirty, or as odd; odd ones that lie in the register itself are good rows too."""
    defect = _BY_NAME[stream, reason]
    if defect.folder or defect.expected not in _NOT_GOOD:
        tally.odd[stream, reason] += rows
        tally.good(stream, 0 if defect.folder else rows)
        return
    for _ in range(rows):
        tally.dirty(stream, reason)


def plant(tally: Tally, stream: str, turns: int, make: Callable[[], Row], spoilers: dict[str, Spoil]) -> Iterator[Row]:
    """`turns` rows for each reason, made and spoiled, and counted."""
    for _ in range(turns):
        for reason, spoil in spoilers.items():
            row = make()
            spoil(row)
            count(tally, stream, reason)
            yield row


def setting(name: str, value: object) -> Spoil:
    """A spoil that puts `value` into one field."""
    return lambda row: row.update({name: value})


def planted(tally: Tally) -> tuple[Planted, ...]:
    """All defects that occur, in the order of the table."""
    dirty = tally.counts()
    counts = (
        (each, tally.odd[each.stream, each.reason] or dirty[each.stream].dirty.get(each.reason, 0))
        for each in DEFECTS
        if each.stream in dirty
    )
    return tuple(Planted(defect, number) for defect, number in counts if number)
