"""Writes the database of tenancies and inspections, specified in docs/sample-county.md, section 10.

The same two tables in the sample's folder as SQLite, and on a PostgreSQL server with `fill_database`.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    create_engine,
    insert,
    inspect,
    select,
)

from hub.sample.known_people import COMPANION, PROTAGONIST
from hub.sample.register import wrong_check
from hub.sample.whole import words
from hub.sample.whole.credit_codes import credit_code, wrong_credit_check
from hub.sample.whole.defects import Row, Spoil, plant, setting
from hub.sample.whole.world import IMPOSSIBLE_DATE, UNKNOWN_DWELLING, County, Stay, World

_BEIJING: Final = timezone(timedelta(hours=8))
_BATCH: Final = 5_000
_METADATA: Final = MetaData()
TENANCIES: Final = Table(
    "tenancies",
    _METADATA,
    Column("tenancy_no", Text, primary_key=True),
    Column("dwelling_no", Text),
    Column("landlord_id_no", Text),
    Column("tenant_id_no", Text),
    Column("starts_on", Date),
    Column("ends_on", Date),
    Column("rent", Numeric(10, 2, asdecimal=False)),
    Column("tenants", Integer),
    Column("status", Text),
    Column("updated_at", DateTime(timezone=True)),
)
INSPECTIONS: Final = Table(
    "inspections",
    _METADATA,
    Column("inspection_no", Text, primary_key=True),
    Column("kind", Text),
    Column("result", Text),
    Column("inspected_on", Date),
    # A text, as whoever made the table thought that some deadlines would be words.
    Column("rectify_by", Text),
    Column("findings", Text),
    Column("inspector_name", Text),
    Column("dwelling_no", Text),
    Column("credit_code", Text),
    Column("grid_code", Text),
    Column("updated_at", DateTime(timezone=True)),
)
for _table in (TENANCIES, INSPECTIONS):
    Index(f"{_table.name}_updated", _table.c.updated_at)


def write_rental(path: Path, county: County, units: list[Row]) -> None:
    """Write the SQLite database; `units` are the good units of the register, which inspections name."""
    path.parent.mkdir()
    engine = create_engine(f"sqlite:///{path}")
    tenancies, inspections = World(county, "tenancies"), World(county, "inspections")
    try:
        _METADATA.create_all(engine)
        _insert(engine, TENANCIES, _Tenancies(tenancies).rows())
        county.progress("tenancies and inspections", 1, 2)
        _insert(engine, INSPECTIONS, _Inspections(inspections, units).rows())
    finally:
        engine.dispose()
    county.progress("tenancies and inspections", 2, 2)


def fill_database(url: str, path: Path) -> None:
    """Copy the two tables of a sample's `rental.sqlite` into the database at an SQLAlchemy URL.

    Raises `ValueError` if the database has a table of one of these names; nothing is replaced.
    """
    source, target = create_engine(f"sqlite:///{path}"), create_engine(url)
    try:
        if taken := set(_METADATA.tables) & set(inspect(target).get_table_names()):
            raise ValueError(f"the database has {', '.join(sorted(taken))} already; take an empty one, or remove them")
        _METADATA.create_all(target)
        with source.connect() as connection:
            for table in (TENANCIES, INSPECTIONS):
                found = connection.execution_options(yield_per=_BATCH).execute(select(table)).mappings()
                _insert(target, table, ({**row, "updated_at": _at(row["updated_at"])} for row in found))
    finally:
        source.dispose()
        target.dispose()


def _at(moment: datetime) -> datetime:
    """A moment of SQLite, which keeps no zone, in Beijing time."""
    return moment.replace(tzinfo=_BEIJING)


def _insert(engine: Engine, table: Table, rows: Iterator[Row]) -> None:
    with engine.begin() as connection:
        batch: list[Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                connection.execute(insert(table), batch)
                batch = []
        if batch:
            connection.execute(insert(table), batch)


class _Tenancies:
    """A tenancy for each rented dwelling, former ones, and the planted rows."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0

    def rows(self) -> Iterator[Row]:
        """The protagonist's tenancy first; landlords are any residents."""
        world = self._world
        stays = {stay.person.id_no: stay for stay in world.known_stays()}
        known = self._row(stays[PROTAGONIST.id_no]) | {"status": "已确认", "tenants": 2}
        world.tally.good("tenancies")
        yield known
        for home in world.county.occupied:
            if home.usage == "出租":
                world.tally.good("tenancies")
                yield self._row(world.stay_in(home))
        yield from plant(world.tally, "tenancies", world.turns, lambda: self._row(world.stay()), self._spoilers())

    def _row(self, stay: Stay) -> Row:
        world, draw = self._world, self._world.random
        self._count += 1
        starts = world.day(900, 40)
        status = draw.choices(words.TENANCY_STATES, words.TENANCY_STATE_WEIGHTS)[0]
        landlord = world.stay().person
        return {
            "tenancy_no": f"ZL{self._count:09d}",
            "dwelling_no": stay.home.number,
            "landlord_id_no": landlord.id_no,
            "tenant_id_no": stay.person.id_no,
            "starts_on": starts,
            "ends_on": None if status == "已申报" else starts + timedelta(draw.choice((182, 365, 730))),
            "rent": float(draw.randrange(200, 2_600, 50)),
            "tenants": len(stay.home.household.members) if stay.home.household else 1,
            "status": status,
            "updated_at": _moment(world, starts),
        }

    def _spoilers(self) -> dict[str, Spoil]:
        world = self._world
        return {
            "wrong_check": lambda row: row.update(tenant_id_no=wrong_check(row["tenant_id_no"])),
            "ends_before_it_starts": lambda row: row.update(ends_on=row["starts_on"] - timedelta(30)),
            "negative_rent": lambda row: row.update(rent=-row["rent"]),
            "unknown_dwelling": setting("dwelling_no", UNKNOWN_DWELLING),
            "unknown_person": lambda row: row.update(landlord_id_no=world.maker.stranger().id_no),
        }


class _Inspections:
    """Inspections of rented dwellings and of units."""

    def __init__(self, world: World, units: list[Row]) -> None:
        self._world = world
        self._units = units
        self._count = 0
        self._inspectors = [world.maker.stranger().name for _ in range(3 + world.people // 10_000)]
        self._rented = [home for home in world.county.occupied if home.usage == "出租"]

    def rows(self) -> Iterator[Row]:
        """One of the protagonist's dwelling, then one for every second rented dwelling and every third unit."""
        world = self._world
        stays = {stay.person.id_no: stay for stay in world.known_stays()}
        sentence = "租客{n}(身份证{i},电话{p})电动车入户充电,限期整改。"
        yield self._good(self._at_home(stays[PROTAGONIST.id_no])) | {
            "findings": sentence.format(n=COMPANION.name, i=COMPANION.id_no, p=COMPANION.phone),
        }
        for home in self._rented[::2]:
            yield self._good(self._at_home(world.stay_in(home)))
        for unit in self._units[::3]:
            yield self._good(self._at_work(unit))
        yield from plant(world.tally, "inspections", world.turns, self._any_home, self._home_spoilers())
        yield from plant(world.tally, "inspections", world.turns, self._any_unit, self._unit_spoilers())

    def _good(self, row: Row) -> Row:
        self._world.tally.good("inspections")
        return row

    def _any_home(self) -> Row:
        return self._at_home(self._world.stay())

    def _any_unit(self) -> Row:
        return self._at_work(self._world.random.choice(self._units))

    def _at_home(self, stay: Stay) -> Row:
        kind = self._world.random.choice(words.INSPECTION_KINDS[:3])
        return self._row(kind, stay) | {"dwelling_no": stay.home.number, "grid_code": stay.grid}

    def _at_work(self, unit: Row) -> Row:
        kind = self._world.random.choice(("消防", "生产场所"))
        place = {"credit_code": unit["creditCode"], "grid_code": unit["gridCode"]}
        return self._row(kind, self._world.stay()) | place

    def _row(self, kind: str, stay: Stay) -> Row:
        world, draw = self._world, self._world.random
        self._count += 1
        result = draw.choices(words.INSPECTION_RESULTS, words.INSPECTION_RESULT_WEIGHTS)[0]
        day = world.day(400, 3)
        return {
            "inspection_no": f"JC{self._count:09d}",
            "kind": kind,
            "result": result,
            "inspected_on": day,
            "rectify_by": None if result == "合格" else str(day + timedelta(draw.choice((7, 15, 30)))),
            "findings": world.text(words.INSPECTION_FINDINGS, stay),
            "inspector_name": draw.choice(self._inspectors),
            "dwelling_no": None,
            "credit_code": None,
            "grid_code": None,
            "updated_at": _moment(world, day),
        }

    def _home_spoilers(self) -> dict[str, Spoil]:
        return {
            "impossible_date": setting("rectify_by", IMPOSSIBLE_DATE),
            "unknown_kind": setting("kind", words.UNKNOWN_WORD),
            "unknown_dwelling": setting("dwelling_no", UNKNOWN_DWELLING),
            "rare_name": lambda row: row.update(inspector_name=self._world.rare_name()),
        }

    def _unit_spoilers(self) -> dict[str, Spoil]:
        return {
            "wrong_check": lambda row: row.update(credit_code=wrong_credit_check(row["credit_code"])),
            "unknown_unit": setting("credit_code", credit_code("91", 0)),
        }


def _moment(world: World, day: date) -> datetime:
    return datetime.fromisoformat(f"{day}T{world.clock()}").replace(tzinfo=_BEIJING) + timedelta(1)
