"""The people that tests and the tour look for; they are the same for every seed.

Their names, id numbers and phones occur in no random row: random people have sequence numbers below 900 in their id
number, phones that do not begin with 199, and other surnames (docs/sample-county.md, section 12).
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

REFERENCE_DATE: Final = date(2026, 6, 30)
COUNTY: Final = "140321"

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person, with what is on their identity card; `phone` may be empty."""

    name: str
    sex: str
    birth: date
    id_no: str
    phone: str


@dataclass(frozen=True, slots=True)
class KnownHome:
    """Where the protagonist lives: the first dwelling of the first building of the first grid."""

    dwelling_no: str
    building_no: str
    grid_code: str
    street_code: str


def check_character(first17: str) -> str:
    """The 18th character of a resident id number (GB 11643, ISO 7064 MOD 11-2) for its first 17 digits."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


PROTAGONIST: Final = Person("祁慧兰", "女", date(1957, 3, 12), "140321195703129022", "19903210001")
COMPANION: Final = Person("祁明远", "男", date(1988, 10, 6), "140321198810069057", "19903210002")
PROTAGONIST_HOME: Final = KnownHome("FW00000001", "PD0000001", "140321001001001", "140321001000")
PROTAGONIST_TICKET: Final = "RX20260618000001"

CANARIES: Final = (
    Person("麴逸尘", "男", date(1960, 2, 29), "140321196002299074", "19903210003"),
    Person("赫连朔风", "男", date(1923, 2, 11), "14032119230211909X", "19903210004"),
    Person("亓官雪见", "女", date(2026, 5, 20), "130123202605209101", "19903210005"),
    Person("纳兰·阿依古丽", "女", date(1994, 8, 17), "650102199408179121", "19903210006"),
    Person("第五流萤", "女", date(1979, 11, 3), "140302197911039144", "19903210007"),
    Person("阿卜杜热·买苏尔", "男", date(1986, 1, 25), "653101198601259176", "19903210008"),
    Person("逄漱玉", "女", date(1949, 10, 1), "37028219491001918X", "19903210009"),
    Person("仉云岫", "男", date(1971, 6, 30), "140321197106309219", "19903210010"),
    Person("妫星阑", "女", date(2008, 9, 9), "140322200809099220", "19903210011"),
    Person("澹台暮雪", "女", date(1965, 12, 31), "14032119651231924X", "19903210012"),
    Person("嬴惊鸿", "男", date(1990, 4, 4), "41010519900404927X", "19903210013"),
    Person("爨石泉", "男", date(2015, 7, 21), "530328201507219296", "19903210014"),
)
DIRTY_CANARY: Final = Person("厍狄飞霜", "女", date(1983, 5, 19), "140321198305199301", "19903210015")
UNSEEN: Final = CANARIES[0]
"""A resident at whom the tour does not look."""
