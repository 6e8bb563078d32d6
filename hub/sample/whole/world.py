"""What the seven generators draw from: the county's homes and people, and odd spellings, dates and codes.

Every choice comes from a random generator of its own for each register, so that a change in one leaves the data of the
others as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from hub.sample.county import Division, Dwelling
from hub.sample.known_people import CANARIES, COMPANION, PROTAGONIST, REFERENCE_DATE, Person
from hub.sample.people import PersonMaker
from hub.sample.tally import Progress, Tally, dirty_rows, time_of
from hub.sample.whole import words
from hub.sample.whole.grids import old_codes

UNKNOWN_GRID: Final = "140321999999999"
UNKNOWN_DWELLING: Final = "FW98000001"
IMPOSSIBLE_DATE: Final = "2026-02-31"
ZONE: Final = "+08:00"
KNOWN: Final = (PROTAGONIST, COMPANION, *CANARIES)


@dataclass(frozen=True, slots=True)
class Stay:
    """A person in the dwelling where they live; `grid` is the code of its grid, or of an ended one in its place."""

    person: Person
    home: Dwelling
    grid: str


class World:
    """The county as one register sees it, with a random generator and a maker of people of its own."""

    def __init__(self, county: "County", stage: str) -> None:
        self.county = county
        self.tally, self.progress, self.people = county.tally, county.progress, county.people
        self.random = county.random(f"whole:{stage}")
        self.maker = county.maker.beside(county.random(f"whole:{stage}:people"))
        self.turns = dirty_rows(county.people)

    def stay(self) -> Stay:
        """Any person at home, except the known ones."""
        return self.stay_in(self.random.choice(self.county.occupied))

    def stay_in(self, home: Dwelling) -> Stay:
        """Someone who lives in `home`, which is occupied."""
        members = home.household.members if home.household else ()
        return Stay(self.random.choice(members), home, self.county.grid_of(home))

    def stay_in_merged_grid(self) -> Stay:
        """A person whose dwelling lies in a grid that took others' place, under the code of one of those."""
        old, home = self.random.choice(self.county.moved)
        here = self.stay_in(home)
        return Stay(here.person, home, old)

    def known_stays(self) -> list[Stay]:
        """The known people at home."""
        homes = ((home, home.household) for home in self.county.known if home.household)
        return [Stay(person, home, self.county.grid_of(home)) for home, family in homes for person in family.members]

    def day(self, oldest: int, newest: int = 1) -> date:
        """A day between `oldest` and `newest` days before the reference date."""
        return REFERENCE_DATE - timedelta(self.random.randint(newest, oldest))

    def clock(self) -> str:
        """A time of day in office hours, `HH:MM:SS`."""
        return time_of(self.random.randrange(8 * 3600, 18 * 3600))

    def moment(self, oldest: int, newest: int = 1) -> str:
        """A moment in office hours with its zone, ISO 8601."""
        return f"{self.day(oldest, newest)}T{self.clock()}{ZONE}"

    def rare_name(self) -> str:
        """A name with a character that GBK does not have."""
        return self.random.choice("王李张刘陈") + self.random.choice(words.RARE)

    def text(self, sentences: tuple[str, ...], stay: Stay) -> str:
        """A finding about a person at home."""
        return text_of(self.random.choice(sentences), stay)


def text_of(sentence: str, stay: Stay) -> str:
    """A sentence of `words` with its fields filled in."""
    person = stay.person
    return sentence.format(n=person.name, p=person.phone, i=person.id_no, a=stay.home.address)


@dataclass(frozen=True, slots=True)
class County:
    """The county as `generate.py` made it, with what only the seven registers look at."""

    people: int
    cells: tuple[Division, ...]
    homes: list[Dwelling]
    occupied: list[Dwelling]
    """Dwellings in which people live, without those of the known people."""
    known: list[Dwelling]
    moved: list[tuple[str, Dwelling]]
    """An ended grid's code, and an occupied dwelling in the grid in force that took its place."""
    maker: PersonMaker
    tally: Tally
    progress: Progress
    random: Callable[[str], Random]

    def grid_of(self, home: Dwelling) -> str:
        """Code of the grid in force in which a dwelling lies."""
        return self.cells[home.building.grid].code


def county_of(
    rows: tuple[Division, ...],
    cells: tuple[Division, ...],
    homes: list[Dwelling],
    people: int,
    maker: PersonMaker,
    tally: Tally,
    progress: Progress,
    random: Callable[[str], Random],
) -> County:
    """Gather what the generators draw from; `rows` are all divisions, ended grids included."""
    names = {person.id_no for person in KNOWN}
    known = [home for home in homes if home.household and home.household.members[0].id_no in names]
    apart = {home.number for home in known}
    occupied = [home for home in homes if home.household and home.number not in apart]
    last = {cells[home.building.grid].code: home for home in occupied}
    moved = [(old, last[new]) for old, new in old_codes(rows).items() if new in last]
    return County(people, cells, homes, occupied, known, moved, maker, tally, progress, random)


def other_spelling(random: Random, name: str) -> str:
    """The same name as another office writes it: with other blanks, dots or characters."""
    if "·" in name:
        return name.replace("·", random.choice((".", "•", "・", " ")))
    written = "".join(words.TRADITIONAL.get(letter, letter) for letter in name)
    if written != name:
        return written
    return random.choice((f"{name[0]}\u3000{name[1:]}", f"{name[0]} {name[1:]}", f"{name}(大)"))
