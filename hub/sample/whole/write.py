"""Writes the seven registers of a whole county beside the four that are always there.

Further states lie beside them: `later/` is what some sources hold the next day, `faults/` holds files that are broken
as a whole. docs/sample-county.md is the specification.
"""

from datetime import timedelta
from pathlib import Path

from hub.sample.county import Division
from hub.sample.known_people import REFERENCE_DATE
from hub.sample.whole.alarms import write_alarms
from hub.sample.whole.defects import FAULTS, LATER, count
from hub.sample.whole.migrants import write_migrants
from hub.sample.whole.parts import write_parts
from hub.sample.whole.patrols import DAYS, PatrolDesk, patrols_of, write_patrols
from hub.sample.whole.rental import write_rental
from hub.sample.whole.units import write_units
from hub.sample.whole.visits import write_visits
from hub.sample.whole.world import County, World


def write_whole(folder: Path, rows: tuple[Division, ...], county: County) -> None:
    """Write all of it into a sample's folder; `rows` are all divisions."""
    later, faults = folder / LATER, folder / FAULTS
    write_migrants(folder / "migrants", county, {row.code: row.name for row in rows})
    write_patrols(folder / "patrols", county)
    _write_next_day(later / "patrols", faults / "patrols", county)
    write_visits(folder / "visits", later / "visits", faults / "visits", county)
    units = write_units(folder / "market" / "units.jsonl", county)
    write_parts(folder / "parts" / "parts.geojson", county)
    write_rental(folder / "rental" / "rental.sqlite", county, units)
    write_alarms(folder / "alarms" / "alarms.jsonl", county, units)


def _write_next_day(later: Path, faults: Path, county: County) -> None:
    """The patrols of the day after the reference date: as they are in the end, and while they are being written."""
    day = REFERENCE_DATE + timedelta(1)
    lines = PatrolDesk(World(county, "later patrols")).plain_day(day, max(2, patrols_of(county.people) // DAYS))
    cut = [*lines[:-1], lines[-1][: len(lines[-1]) // 2]]
    for folder, content in ((later, lines), (faults, cut)):
        folder.mkdir(parents=True)
        with (folder / f"{day}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(content)
    count(county.tally, "patrols", "truncated_file")
