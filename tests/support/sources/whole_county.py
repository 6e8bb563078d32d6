"""A whole county that is pulled into the real graph, and what its files say of it, read without connector code.

Which flaw was planted in a row is judged as in the tests of the sample (`tests/unit/hub/sample/whole`), which hold the
files against docs/sample-county.md.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from connectors.results import PullResult
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.sample.whole.defects import QUARANTINE, SAME
from hub.sample.whole.market import MarketRules, serve_market
from hub.sample.whole.rental import fill_database
from tests.support.postgres import PASSWORD, Postgres
from tests.support.pulling import hotline, silent
from tests.unit.hub.sample.whole import test_alarms as alarms
from tests.unit.hub.sample.whole import test_migrants as migrants
from tests.unit.hub.sample.whole import test_parts as parts
from tests.unit.hub.sample.whole import test_patrols as patrols
from tests.unit.hub.sample.whole import test_rental as rental
from tests.unit.hub.sample.whole import test_units as units
from tests.unit.hub.sample.whole import test_visits as visits
from tests.unit.hub.sample.whole.conftest import Whole

EXAMPLE = Path(__file__).parents[3] / "examples" / "whole-county"
SOURCES, SLICES, POLICIES = (EXAMPLE / name for name in ("sources", "slices", "policies"))
SECRET = "a secret for this test"


@dataclass(frozen=True, slots=True)
class Found:
    """A row of a file: where it stands, its number, the flaw planted in it (or none), and its values by our names."""

    stream: str
    number: str
    flaw: str
    values: Mapping[str, Any] = field(repr=False)

    @property
    def kind(self) -> str:
        """The stream of the page to which it belongs."""
        return self.stream.partition("/")[2]


class WholeCounty:
    """The files of a county, the settings of a home for its catalogue, and pulls of it into one graph."""

    def __init__(
        self, folder: Path, address: GraphAddress, server: Postgres | None = None, people: int = 3_000
    ) -> None:
        """Write the files; tenancies and inspections go into a database of a PostgreSQL server, if one is given."""
        self.whole = Whole(folder / "data", people)
        self.data = self.whole.folder
        self.settings = Settings.load(home=folder / "home", slices=SLICES, policies=POLICIES)
        self._address = address
        self._rental_db = str(self.data / "rental" / "rental.sqlite") if server is None else self._fill(server)

    def _fill(self, server: Postgres) -> str:
        """Copy the two tables to a new database; its address, without the password."""
        name = f"rental_{uuid.uuid4().hex[:12]}"
        fill_database(server.database(name), self.data / "rental" / "rental.sqlite")
        return server.address(name).replace(f":{PASSWORD}@", "@")

    def pull(self, *names: str, data: Path | None = None) -> dict[str, PullResult]:
        """Pull sources (all, or the named ones one by one in the order given); results by `source/stream`."""
        folder = data or self.data
        with self.interfaces(folder) as given:
            results = [
                result
                for chosen in ([[each] for each in names] or [[]])
                for result in run_pull(self.settings, SOURCES, chosen, folder, given, silent, address=self._address)
            ]
        return {f"{each.source}/{each.stream}": each for each in results}

    @contextmanager
    def interfaces(self, folder: Path | None = None) -> Iterator[dict[str, str]]:
        """Serve what is served; yields the variables of a pull, whose secrets are in the environment."""
        with hotline(folder or self.data) as variables, _market(folder or self.data) as url:
            os.environ["RENTAL_PASSWORD"] = PASSWORD
            try:
                yield {**variables, "MARKET_URL": url, "RENTAL_DB": self._rental_db}
            finally:
                del os.environ["RENTAL_PASSWORD"]

    @cached_property
    def first(self) -> dict[str, PullResult]:
        """The results of the first pull of all sources."""
        return self.pull()

    def is_in(self, row: Found) -> bool:
        """Whether a row is to be in the graph, as itself and not by another that says the same."""
        return not row.flaw or self._expected[row.kind, row.flaw] not in {QUARANTINE, SAME}

    @cached_property
    def _expected(self) -> dict[tuple[str, str], str]:
        defects = (each.defect for each in self.whole.summary.defects)
        return {(each.stream, each.reason): each.expected for each in defects}

    def expecting(self, kind: str) -> list[tuple[Found, str]]:
        """The rows of which this is expected, each with the field of its defect; as many as were planted."""
        planted = {
            (each.defect.stream, each.defect.reason): each
            for each in self.whole.summary.defects
            if each.defect.expected == kind and not each.defect.folder and each.defect.stream != "alarms"
        }
        found = [row for row in self.rows if (row.kind, row.flaw) in planted]
        assert Counter((row.kind, row.flaw) for row in found) == {key: each.count for key, each in planted.items()}
        return [(row, planted[row.kind, row.flaw].defect.field) for row in found]

    @cached_property
    def rows(self) -> list[Found]:
        """Every row of the seven further registers but the alarms, which are pushed."""
        return [*self._migrants(), *self._patrols(), *self._visits(), *self._units(), *self._parts(), *self._rental()]

    def _migrants(self) -> Iterator[Found]:
        seen: set[str] = set()
        for path in sorted((self.data / "migrants").iterdir()):
            for row in migrants.table(path):
                flaw = migrants.flaw(row, self.whole, seen)
                plain = {name: cell.text if cell else "" for name, cell in row.items()}
                yield Found("migrants/migrants", plain["登记编号"], flaw, plain)

    def _patrols(self) -> Iterator[Found]:
        seen: set[str] = set()
        for path in patrols.days(self.whole):
            for line, text in enumerate(path.read_text("utf-8").splitlines(), 1):
                row = patrols.parsed(text)
                number = row["patrolNo"] if row else f"{path.name} line {line}"
                yield Found("patrols/patrols", number, patrols.flaw(row, self.whole, seen), row or {})

    def _visits(self) -> Iterator[Found]:
        seen: set[str] = set()
        for path in visits.ledgers(self.data / "visits"):
            form = path.parent.name
            for row in visits.ledger(path):
                flaw = visits.flaw(row, form, self.whole, seen)
                yield Found(f"{form.replace('form', 'visits')}/visits", row["visitNo"], flaw, row)

    def _units(self) -> Iterator[Found]:
        seen: set[str] = set()
        for row in units.units(self.whole):
            yield Found("units/units", row["creditCode"], units.flaw(row, self.whole, seen), row)

    def _parts(self) -> Iterator[Found]:
        seen: set[str] = set()
        for each in parts.features(self.whole):
            values = {**each["properties"], "point": each["geometry"]["coordinates"]}
            yield Found("parts/parts", values["partCode"], parts.flaw(each, self.whole, seen), values)

    def _rental(self) -> Iterator[Found]:
        codes = {unit["creditCode"] for unit in units.units(self.whole)}
        for row in self.whole.select("rental", rental.TENANCIES):
            values = dict(zip(_columns(rental.TENANCIES), row, strict=True))
            yield Found("rental/tenancies", row[0], rental.tenancy_flaw(row, self.whole), values)
        for row in self.whole.select("rental", rental.INSPECTIONS):
            values = dict(zip(_columns(rental.INSPECTIONS), row, strict=True))
            yield Found("rental/inspections", row[0], rental.inspection_flaw(row, self.whole, codes), values)

    def alarms(self) -> list[tuple[str, dict[str, Any]]]:
        """The events of the fire centre in their order, each with what is wrong with it when it arrives."""
        receiver = alarms.Receiver(self.whole)
        return [(receiver.take(event), event) for event in alarms.events(self.whole)]

    def in_force(self, grid: str) -> str:
        """The code of the grid that took the place of one, through any number of merges."""
        while grid in self.whole.ended:
            grid = self.whole.ended[grid]
        return grid


def path_of(grid: str) -> str:
    """The jurisdiction path of a grid's code of 15 digits."""
    ends = (2, 4, 6, 9, 12, 15)
    return "".join(f"{grid[start:end]}/" for start, end in zip((0, *ends), ends, strict=False))


def another_order() -> list[str]:
    """Names of all sources in an order that `after` allows: of those that may be next, always the last by name."""
    after = {}
    for path in SOURCES.iterdir():
        source = yaml.safe_load(path.read_text("utf-8"))
        if source["kind"] != "push":
            after[source["name"]] = set(source.get("after", ()))
    order: list[str] = []
    while len(order) < len(after):
        order.append(max(name for name in after if name not in order and after[name] <= set(order)))
    return order


def _columns(statement: str) -> Sequence[str]:
    return statement.removeprefix("SELECT ").partition(" FROM ")[0].replace(",", "").split()


@contextmanager
def _market(folder: Path) -> Iterator[str]:
    """Serve the market supervision behind OAuth 2.0 and its rate; yields its address."""
    os.environ["MARKET_SECRET"] = SECRET
    try:
        with serve_market(folder / "market", MarketRules("county-hub", SECRET)) as url:
            yield url
    finally:
        del os.environ["MARKET_SECRET"]
