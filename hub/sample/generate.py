"""Writes the sample county into a folder, and reads its summary.

The same number of people and the same seed give the same files; a folder that holds anything but a sample is not
touched. The files are specified in docs/sample-county.md.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from hub.sample.county import Division, Dwelling, divisions, dwellings, grids_in_force
from hub.sample.housing import write_housing
from hub.sample.known_people import (
    CANARIES,
    COMPANION,
    PROTAGONIST,
    REFERENCE_DATE,
)
from hub.sample.people import PersonMaker, households
from hub.sample.register import Resident, write_register
from hub.sample.tally import Progress, SourceCount, Tally
from hub.sample.tickets import write_tickets
from hub.sample.whole.defects import Defect, Planted, planted
from hub.sample.whole.grids import with_ended_grids
from hub.sample.whole.world import county_of
from hub.sample.whole.write import write_whole

FORMAT: Final = "sluicegate-sample/1"
LEAST_PEOPLE: Final = 100
MOST_PEOPLE: Final = 3_000_000


class SampleRefused(ValueError):
    """The sample cannot be written as asked; nothing was changed."""


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What a sample holds: the rows of each table, dirty ones by reason, and facts about the good rows."""

    people: int
    seed: int
    sources: Mapping[str, SourceCount]
    facts: Mapping[str, int]
    defects: tuple[Planted, ...] = ()
    """What is odd on purpose in a whole county; empty in another."""

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
        body: dict[str, object] = {"sources": sources, "facts": dict(self.facts)}
        if self.defects:
            body["defects"] = [asdict(each.defect) | {"count": each.count} for each in self.defects]
        return json.dumps(head | body, ensure_ascii=False, indent=1) + "\n"


def generate(out: Path, people: int, seed: int, progress: Progress | None = None, whole: bool = False) -> SampleSummary:
    """Write the sample county into the folder `out`, which may be new, empty, or an earlier sample.

    A `whole` one has seven registers more, and all grids that ended; what the four registers hold is the same.
    Raises `SampleRefused` for another folder, or for a number of people out of range; a failure on the
    way leaves `out` as it was.
    """
    if not LEAST_PEOPLE <= people <= MOST_PEOPLE:
        raise SampleRefused(f"people must be {LEAST_PEOPLE} to {MOST_PEOPLE}")
    _refuse_other_folder(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        county = draft / "county"
        county.mkdir()
        summary = _write(county, people, seed, progress or _no_progress, whole)
        (county / "summary.json").write_text(summary.to_json(), encoding="utf-8")
        _replace(out, county, draft / "replaced")
    finally:
        shutil.rmtree(draft)
    return summary


def read_summary(folder: Path) -> SampleSummary:
    """The summary of a sample written earlier; raises `SampleRefused` if the folder holds none."""
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        if summary["format"] != FORMAT:
            raise SampleRefused(f"{folder} holds a sample of another format")
        sources = {name: SourceCount(count["good"], count["dirty"]) for name, count in summary["sources"].items()}
        defects = tuple(_planted(each) for each in summary.get("defects", ()))
        return SampleSummary(summary["people"], summary["seed"], sources, summary["facts"], defects)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SampleRefused(f"{folder} holds no sample county") from error


def _planted(written: dict[str, Any]) -> Planted:
    defect = {name: value for name, value in written.items() if name != "count"}
    return Planted(Defect(**defect), written["count"])


def _refuse_other_folder(out: Path) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    read_summary(out)


def _replace(out: Path, county: Path, replaced: Path) -> None:
    """Move `county` to `out`; what was there goes to `replaced`, and comes back if the move fails."""
    if not out.exists():
        county.rename(out)
        return
    out.rename(replaced)
    try:
        county.rename(out)
    except BaseException:
        replaced.rename(out)
        raise


def _no_progress(stage: str, done: int, total: int) -> None:
    """Shows nothing."""


def _random(seed: int, stage: str) -> Random:
    """A random generator for each stage, so that a change in one stage leaves the data of the others as it was."""
    return Random(f"{seed}:{stage}")  # noqa: S311 - invented data, nothing secret


def _write(folder: Path, people: int, seed: int, progress: Progress, whole: bool) -> SampleSummary:
    tally = Tally()
    maker = PersonMaker(_random(seed, "people"))
    rows = divisions(people)
    cells = grids_in_force(rows)
    if whole:
        rows = with_ended_grids(rows)
    _write_divisions(folder / "divisions" / "regions.csv", rows, tally)
    progress("people", 0, people)
    families = list(households(_random(seed, "households"), maker, people, len(cells)))
    homes = list(dwellings(_random(seed, "dwellings"), cells, families, people))
    residents = _residents(_random(seed, "residents"), cells, homes)
    progress("people", people, people)
    register = folder / "police" / "household_register.csv"
    write_register(register, residents, _random(seed, "register"), maker, tally, progress)
    housing = folder / "housing" / "housing.sqlite"
    write_housing(housing, cells, homes, people, _random(seed, "housing"), maker, tally, progress)
    tickets = folder / "hotline" / "tickets.jsonl"
    write_tickets(tickets, residents, _random(seed, "tickets"), maker, tally, progress)
    if whole:
        county = county_of(rows, cells, homes, people, maker, tally, progress, partial(_random, seed))
        write_whole(folder, rows, county)
    return SampleSummary(people, seed, tally.counts(), dict(tally.facts), planted(tally) if whole else ())


def _residents(random: Random, cells: tuple[Division, ...], homes: list[Dwelling]) -> list[Resident]:
    """All people with the address and grid in the register, most of them true; the known people first."""
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
