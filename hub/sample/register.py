"""Writes the police register `police/household_register.csv`, specified in docs/sample-county.md, section 2.

The good rows name each resident once; every other row is dirty, and counted under its reason. Fields hold neither
commas nor quotes, so that a row is joined without quoting.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from hub.sample import words
from hub.sample.known_people import COUNTY, DIRTY_CANARY, REFERENCE_DATE, Person, check_character
from hub.sample.people import PersonMaker
from hub.sample.tally import Progress, Tally, dirty_rows, time_of

COLUMNS: Final = (
    "登记编号",
    "姓名",
    "公民身份号码",
    "性别",
    "出生日期",
    "联系电话",
    "户籍地址",
    "现住地址",
    "现住网格代码",
    "户籍类别",
    "更新时间",
)
UNKNOWN_GRID: Final = "140321999999999"
SENTINEL_DATE: Final = "19000101"
_NOT_GBK: Final = b"\xff\xff"
_PLACES: Final = dict(words.ORIGINS)


@dataclass(frozen=True, slots=True)
class Resident:
    """A person and where they live; address and grid code are empty if the register does not have them."""

    person: Person
    address: str
    grid_code: str
    category: str


class RegisterNumbers:
    """Makes register numbers that are unique and say nothing about the person."""

    def __init__(self) -> None:
        self._next = 0

    def take(self) -> str:
        """The next number, in a full cycle through nine digits, so that none occurs twice."""
        number = (self._next * 387_420_489 + 526_381_947) % 1_000_000_000
        self._next += 1
        return f"HJ{1_000_000_000 + number}"


def write_register(
    path: Path, residents: list[Resident], random: Random, maker: PersonMaker, tally: Tally, progress: Progress
) -> None:
    """Write good and dirty rows in random order."""
    numbers = RegisterNumbers()
    lines: list[bytes] = []
    for done, resident in enumerate(residents, 1):
        lines.append(_encode(_fields(random, numbers.take(), resident)))
        if done % 10_000 == 0:
            progress("household register", done, len(residents))
    tally.good("register", len(lines))
    tally.facts["residents_without_grid"] = sum(not resident.grid_code for resident in residents)
    good = len(lines)
    for _ in range(dirty_rows(len(residents))):
        lines.append(lines[random.randrange(good)])
        tally.dirty("register", "duplicate")
    for reason, line in _dirty_lines(random, numbers, maker, residents):
        lines.append(line)
        tally.dirty("register", reason)
    random.shuffle(lines)
    path.parent.mkdir()
    with path.open("wb") as file:
        file.write(_encode(list(COLUMNS)))
        file.writelines(lines)
    progress("household register", len(residents), len(residents))


def _fields(random: Random, number: str, resident: Resident) -> list[str]:
    person = resident.person
    # No row is older than the person.
    days = min(1_000, (REFERENCE_DATE - person.birth).days)
    updated = REFERENCE_DATE - timedelta(random.randint(min(1, days), days))
    return [
        number,
        person.name,
        person.id_no,
        person.sex,
        f"{person.birth:%Y%m%d}",
        person.phone,
        _registered_address(random, resident),
        resident.address,
        resident.grid_code,
        resident.category,
        f"{updated} {time_of(random.randrange(8 * 3600, 20 * 3600))}",
    ]


def _registered_address(random: Random, resident: Resident) -> str:
    if resident.category == "流动":
        place = _PLACES.get(resident.person.id_no[:6]) or words.ORIGINS[0][1]
        return f"{place}{random.choice(words.TOWNS[2:6])}{random.randint(1, 300)}号"
    if resident.address and random.random() < 0.6:
        return resident.address
    village = f"{random.choice(words.TOWNS[:4])}{random.choice(words.NUMERALS)}村"
    return f"山西省阳泉市平定县{village}{random.randint(1, 400)}号"


def _encode(fields: list[str]) -> bytes:
    return ",".join(fields).encode("gbk") + b"\r\n"


def _dirty_lines(
    random: Random, numbers: RegisterNumbers, maker: PersonMaker, residents: list[Resident]
) -> Iterator[tuple[str, bytes]]:
    """Rows of people whom no other row names; each reason occurs equally often."""
    for turn in range(dirty_rows(len(residents))):
        for reason, spoil in _SPOILERS.items():
            person = DIRTY_CANARY if turn == 0 and reason == "bad_check_digit" else maker.stranger()
            home = residents[random.randrange(len(residents))]
            ghost = replace(home, person=person, category="常住", grid_code=home.grid_code or f"{COUNTY}001001001")
            yield reason, spoil(_fields(random, numbers.take(), ghost), random)


def _bad_check_digit(fields: list[str], _: Random) -> bytes:
    fields[2] = wrong_check(fields[2])
    return _encode(fields)


def wrong_check(id_no: str) -> str:
    """The same number with a wrong check character."""
    last = id_no[17]
    return id_no[:17] + ("0" if last in "X9" else str(int(last) + 1))


def _missing_id(fields: list[str], _: Random) -> bytes:
    fields[2] = ""
    return _encode(fields)


def _impossible_date(fields: list[str], _: Random) -> bytes:
    return _encode(_with_birth(fields, fields[4][:4] + "0230"))


def _birth_in_future(fields: list[str], random: Random) -> bytes:
    return _encode(_with_birth(fields, f"{date(2031, 1, 1) + timedelta(random.randint(0, 3000)):%Y%m%d}"))


def _with_birth(fields: list[str], birth: str) -> list[str]:
    """The row with another birth date, also in its id number, and the check character that fits."""
    first17 = fields[2][:6] + birth + fields[2][14:17]
    fields[2], fields[4] = first17 + check_character(first17), birth
    return fields


def _birth_mismatch(fields: list[str], random: Random) -> bytes:
    born = date(int(fields[4][:4]), int(fields[4][4:6]), int(fields[4][6:]))
    fields[4] = f"{born - timedelta(random.randint(1, 300)):%Y%m%d}"
    return _encode(fields)


def _sentinel_date(fields: list[str], _: Random) -> bytes:
    fields[4] = SENTINEL_DATE
    return _encode(fields)


def _unknown_grid(fields: list[str], _: Random) -> bytes:
    fields[8] = UNKNOWN_GRID
    return _encode(fields)


def _short_row(fields: list[str], _: Random) -> bytes:
    return _encode(fields[:7])


def _not_gbk(fields: list[str], _: Random) -> bytes:
    before, after = _encode(fields[:1]).rstrip(b"\r\n"), _encode(fields[2:])
    return before + b"," + _NOT_GBK + fields[1].encode("gbk") + b"," + after


_SPOILERS: Final[dict[str, Callable[[list[str], Random], bytes]]] = {
    "bad_check_digit": _bad_check_digit,
    "missing_id": _missing_id,
    "impossible_date": _impossible_date,
    "birth_mismatch": _birth_mismatch,
    "birth_in_future": _birth_in_future,
    "sentinel_date": _sentinel_date,
    "unknown_grid": _unknown_grid,
    "short_row": _short_row,
    "not_gbk": _not_gbk,
}
