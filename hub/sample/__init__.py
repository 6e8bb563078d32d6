"""The same people and seed give the same county, and a folder that is not a sample is never touched.

`generate` writes what four departments of an invented county hold, as docs/sample-county.md specifies.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from hub.sample.county import Division, Dwelling, divisions, dwellings, grids_in_force
from hub.sample.housing import write_housing
from hub.sample.known import (
    CANARIES,
    COMPANION,
    DIRTY_CANARY,
    PROTAGONIST,
    PROTAGONIST_HOME,
    PROTAGONIST_TICKET,
    REFERENCE_DATE,
    KnownHome,
    Person,
)
from hub.sample.people import PersonMint, households
from hub.sample.register import Resident, write_register
from hub.sample.tally import Progress, SourceCount, Tally
from hub.sample.tickets import write_tickets

__all__ = [
    "CANARIES",
    "COMPANION",
    "DIRTY_CANARY",
    "PROTAGONIST",
    "PROTAGONIST_HOME",
    "PROTAGONIST_TICKET",
    "REFERENCE_DATE",
    "KnownHome",
    "Person",
    "Progress",
    "SampleRefused",
    "SampleSummary",
    "SourceCount",
    "generate",
    "read_summary",
]

FORMAT: Final = "sluicegate-sample/1"
LEAST_PEOPLE: Final = 100
MOST_PEOPLE: Final = 3_000_000


class SampleRefused(ValueError):
    """The sample can't be written as asked; nothing was changed."""


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What a sample holds: rows by table and reason, and facts about its good rows."""

    people: int
    seed: int
    sources: Mapping[str, SourceCount]
    facts: Mapping[str, int]

    def to_json(self) -> str:
        """The text of `summary.json`."""
        sources = {
            name: {"rows": count.rows, "good": count.good, "dirty": dict(count.dirty)}
            for name, count in self.sources.items()
        }
        head = {
            "format": FORMAT,
            "people": self.people,
            "seed": self.seed,
            "referenceDate": REFERENCE_DATE.isoformat(),
        }
        return json.dumps(head | {"sources": sources, "facts": dict(self.facts)}, ensure_ascii=False, indent=1) + "\n"


def generate(out: Path, people: int, seed: int, progress: Progress | None = None) -> SampleSummary:
    """Write the sample county into the folder `out`, which may be new, empty, or an earlier sample.

    Raises `SampleRefused` for another folder, or for a number of people out of range; a failure on the
    way leaves `out` as it was.
    """
    if not LEAST_PEOPLE <= people <= MOST_PEOPLE:
        raise SampleRefused(f"people must be {LEAST_PEOPLE} to {MOST_PEOPLE}")
    _refuse_foreign(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        made = draft / "made"
        made.mkdir()
        summary = _write(made, people, seed, progress or _silent)
        (made / "summary.json").write_text(summary.to_json(), encoding="utf-8")
        _put(made, out, draft / "replaced")
    finally:
        shutil.rmtree(draft)
    return summary


def read_summary(folder: Path) -> SampleSummary:
    """The summary of a sample written earlier; raises `SampleRefused` if the folder holds none."""
    try:
        read = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        if read["format"] != FORMAT:
            raise SampleRefused(f"{folder} holds a sample of another format")
        sources = {name: SourceCount(count["good"], count["dirty"]) for name, count in read["sources"].items()}
        return SampleSummary(read["people"], read["seed"], sources, read["facts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SampleRefused(f"{folder} holds no sample county") from error


def _refuse_foreign(out: Path) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    read_summary(out)


def _put(made: Path, out: Path, replaced: Path) -> None:
    """Move `made` to `out`; what stood there goes to `replaced`, or comes back if the move fails."""
    if not out.exists():
        made.rename(out)
        return
    out.rename(replaced)
    try:
        made.rename(out)
    except BaseException:
        replaced.rename(out)
        raise


def _silent(stage: str, done: int, total: int) -> None:
    """Progress for those who do not look."""


def _chance(seed: int, stage: str) -> Random:
    """A stream of chance for each stage: a change in one leaves the data of the others as it was."""
    return Random(f"{seed}:{stage}")  # noqa: S311 - invented data, nothing secret


def _write(folder: Path, people: int, seed: int, progress: Progress) -> SampleSummary:
    tally = Tally()
    mint = PersonMint(_chance(seed, "people"))
    rows = divisions(people)
    cells = grids_in_force(rows)
    _write_divisions(folder / "divisions" / "regions.csv", rows, tally)
    progress("people", 0, people)
    families = list(households(_chance(seed, "households"), mint, people, len(cells)))
    homes = list(dwellings(_chance(seed, "dwellings"), cells, families, people))
    residents = _residents(_chance(seed, "residents"), cells, homes)
    progress("people", people, people)
    register = folder / "police" / "household_register.csv"
    write_register(register, residents, _chance(seed, "register"), mint, tally, progress)
    housing = folder / "housing" / "housing.sqlite"
    write_housing(housing, cells, homes, people, _chance(seed, "housing"), mint, tally, progress)
    tickets = folder / "hotline" / "tickets.jsonl"
    write_tickets(tickets, residents, _chance(seed, "tickets"), mint, tally, progress)
    return SampleSummary(people, seed, tally.counts(), dict(tally.facts))


def _residents(random: Random, cells: tuple[Division, ...], homes: list[Dwelling]) -> list[Resident]:
    """Everyone with the address and grid that the register knows, mostly true; the known people first."""
    known = {person.id_no: place for place, person in enumerate((PROTAGONIST, COMPANION, *CANARIES))}
    first: list[Resident | None] = [None] * len(known)
    others: list[Resident] = []
    for home in homes:
        if home.household is None:
            continue
        own = cells[home.building.grid].code
        category = "流动" if home.household.migrant else "常住"
        for person in home.household.members:
            place = known.get(person.id_no)
            if place is not None:
                first[place] = Resident(person, home.address, own, category)
                continue
            draw = random.random()
            grid = "" if draw < 0.02 else (random.choice(cells).code if draw < 0.05 else own)
            address = "" if 0.05 <= draw < 0.06 else home.address
            others.append(Resident(person, address, grid, "寄住" if draw > 0.985 else category))
    return [resident for resident in first if resident is not None] + others


def _write_divisions(path: Path, rows: tuple[Division, ...], tally: Tally) -> None:
    path.parent.mkdir()
    lines = ["代码,名称,级别,上级代码,生效日期,失效日期,继任代码"]
    lines += [
        f"{row.code},{row.name},{row.level},{row.parent},{row.valid_from},{row.valid_to},{row.successor}"
        for row in rows
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    tally.good("regions", len(rows))
