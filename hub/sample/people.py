"""Makes the people and households of the sample county.

No two people share a resident id number, and each number agrees with birth date and sex. Id numbers follow GB 11643:
six digits of a county, birth date, sequence number (odd for men), check digit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from hub.sample import words
from hub.sample.known_people import (
    CANARIES,
    COMPANION,
    COUNTY,
    PROTAGONIST,
    REFERENCE_DATE,
    Person,
    check_character,
)

HEAD, SPOUSE, CHILD, TENANT, OTHER = "户主", "配偶", "子女", "租户", "其他"
_HIGHEST_SEQUENCE: Final = 899
_LANDLINE_AGE: Final = 50
_PHONE_AGE: Final = 14


@dataclass(frozen=True, slots=True)
class Household:
    """The people of one dwelling and their relation to its head; `grid` is an index into the grids in force."""

    members: tuple[Person, ...]
    relations: tuple[str, ...]
    grid: int
    rented: bool
    migrant: bool


class PersonMaker:
    """Makes people, each with an id number of their own."""

    def __init__(self, random: Random, used: set[str] | None = None) -> None:
        self._random = random
        self._used: set[str] = set() if used is None else used

    def beside(self, random: Random) -> "PersonMaker":
        """A maker with a random generator of its own, which gives no id number that this one gave."""
        return PersonMaker(random, self._used)

    def person(self, age: int, sex: str, surname: str | None = None, prefix: str | None = None) -> Person:
        """A person of `age` whole years on the reference date; `prefix` is the six digits of a county."""
        birth = self._birth(age)
        name = self._name(age, sex, surname)
        return Person(name, sex, birth, self._id_no(birth, sex, prefix or self._prefix()), self._phone(age))

    def stranger(self) -> Person:
        """An adult of any age and sex."""
        return self.person(self._random.randint(18, 80), self._random.choice("男女"))

    def _birth(self, age: int) -> date:
        year = REFERENCE_DATE.year - age
        return date(year, REFERENCE_DATE.month, REFERENCE_DATE.day) - timedelta(self._random.randint(0, 364))

    def _prefix(self) -> str:
        if self._random.random() < 0.9:
            return COUNTY
        return self._random.choice(words.ORIGINS)[0]

    def _id_no(self, birth: date, sex: str, prefix: str) -> str:
        stem = f"{prefix}{birth:%Y%m%d}"
        while True:
            sequence = self._random.randint(1, _HIGHEST_SEQUENCE // 2) * 2 + (1 if sex == "男" else 0)
            first17 = f"{stem}{sequence:03d}"
            if first17 not in self._used:
                self._used.add(first17)
                return first17 + check_character(first17)

    def _name(self, age: int, sex: str, surname: str | None) -> str:
        draw = self._random.random()
        if surname is None:
            if draw < 0.004:
                return "·".join(self._random.choice(part) for part in words.DOTTED_NAMES)
            surname = self._random.choice(words.COMPOUND_SURNAMES if draw < 0.012 else words.SURNAMES)
        given = self._random.choice(_given_names(age, sex))
        if self._random.random() < 0.83:
            given += self._random.choice(_given_names(age, sex))
        return surname + given

    def _phone(self, age: int) -> str:
        draw = self._random.random()
        if draw < (0.85 if age < _PHONE_AGE else 0.03):
            return ""
        if age >= _LANDLINE_AGE and draw > 0.88:
            return f"0353-{self._random.randint(2_000_000, 6_999_999)}"
        return f"{self._random.choice(words.MOBILE_PREFIXES)}{self._random.randint(0, 99_999_999):08d}"


def surname_of(person: Person) -> str | None:
    """The family name that a child takes; None for names with a dot, where none is inherited."""
    if "·" in person.name:
        return None
    compound = person.name[:2]
    return compound if compound in words.COMPOUND_SURNAMES else person.name[0]


def households(random: Random, maker: PersonMaker, people: int, grids: int) -> Iterator[Household]:
    """Households with exactly `people` members in all: those of the known people first, then random ones."""
    yield Household((PROTAGONIST, COMPANION), (TENANT, CHILD), 0, rented=True, migrant=False)
    for number, canary in enumerate(CANARIES):
        yield Household((canary,), (HEAD,), number * grids // len(CANARIES), rented=False, migrant=False)
    weights = [random.uniform(0.6, 1.4) for _ in range(grids)]
    left = people - 2 - len(CANARIES)
    while left > 0:
        for grid in random.choices(range(grids), weights, k=256):
            if left <= 0:
                return
            household = _household(random, maker, grid, left)
            left -= len(household.members)
            yield household


def _given_names(age: int, sex: str) -> tuple[str, ...]:
    male = sex == "男"
    if age >= 58:
        return words.OLD_MALE if male else words.OLD_FEMALE
    if age >= 22:
        return words.MALE if male else words.FEMALE
    return words.YOUNG_MALE if male else words.YOUNG_FEMALE


def _household(random: Random, maker: PersonMaker, grid: int, most: int) -> Household:
    rented = random.random() < 0.16
    migrant = random.random() < (0.6 if rented else 0.02)
    prefix = random.choice(words.ORIGINS)[0] if migrant else None
    shape = random.choices(_SHAPES, _SHAPE_WEIGHTS)[0]
    ages = _ages(random, shape)[:most]
    members: list[Person] = []
    relations: list[str] = []
    family: str | None = None
    for relation, sex, age in ages:
        # A wife and a mother-in-law keep their own names; all others have the head's.
        surname = None if relation == SPOUSE or (relation == OTHER and sex == "女") else family
        person = maker.person(age, sex or random.choice("男女"), surname, prefix)
        family = family if members else surname_of(person)
        members.append(person)
        relations.append(TENANT if rented and relation in (HEAD, OTHER) else relation)
    return Household(tuple(members), tuple(relations), grid, rented, migrant)


# A shape is (lowest and highest age of the head, has a spouse, number of children, number of parents in the house).
_Shape = tuple[int, int, bool, int, int]
_SHAPES: Final[tuple[_Shape, ...]] = (
    (19, 42, False, 0, 0),
    (60, 96, False, 0, 0),
    (60, 86, True, 0, 0),
    (38, 60, True, 0, 0),
    (27, 52, True, 1, 0),
    (28, 50, True, 2, 0),
    (28, 55, False, 1, 0),
    (30, 52, True, 1, 2),
    (30, 55, True, 1, 1),
)
_SHAPE_WEIGHTS: Final = (20, 13, 15, 10, 20, 10, 4, 4, 4)


def _ages(random: Random, shape: _Shape) -> list[tuple[str, str, int]]:
    """Relation, sex (empty: either) and age of each member, the head first."""
    low, high, spouse, children, parents = shape
    # The lower of two draws: fewer people reach the upper end of a range.
    head = min(random.randint(low, high), random.randint(low, high)) if low >= 60 else random.randint(low, high)
    members = [(HEAD, "男" if spouse else "", head)]
    if spouse:
        members.append((SPOUSE, "女", max(18, head - random.randint(-2, 5))))
    oldest = min(head - 22, 30)
    for _ in range(children):
        members.append((CHILD, "", random.randint(max(0, oldest - 8), max(0, oldest))))
    for sex in ("女", "男")[:parents]:
        members.append((OTHER, sex, min(100, head + random.randint(21, 32))))
    return members
