"""Each fault in a policy file is told with the line at which it stands, however deep."""

from __future__ import annotations

import pytest

from policies.language import load_files
from schema import SPINE
from schema.strict_yaml import YamlFileError

pytestmark = pytest.mark.unit

GOOD = """purposes:
  - {id: a, zh: 甲, en: A}
applications:
  - {id: app, zh: 应用, en: App, department: fire, role: visitor, jurisdiction: 14/}
owners: {Person: police}
grants:
  - id: one
    to:
      application:
        - app
      role:
        - visitor
    for:
      - a
    basis: law
    rows:
      Person:
        or:
          - gender:
              eq: MALE
          - birthDate:
              lte: 1960-01-01
        dwellings:
          some:
            usage:
              in:
                - RENTED
    fields:
      Person.name: clear
      Person.phone:
        mask: redact
    match:
      - Person.idNumber
    obligations:
      nodeCap: 5
      matchDailyCap: 5
prohibitions:
  - id: stop
    prohibit:
      - Person.address
    for:
      - a
    basis: law
stewards:
  - account: li
    person: S-1
    owns:
      - police
expect:
  - app: app
    purpose: a
    coordinate: Person.name
    effects:
      - clear
"""


def in_region(text: str) -> tuple[str, str]:
    """The replacement that compares with a region."""
    return "gender:\n              eq: MALE", f"region:\n              startsWith: {text}"


FAULTS = {
    "an application": ("        - app\n", "        - ap\n", 10, "has application 'ap'"),
    "a role": ("        - visitor", "        - visitr", 12, "has role 'visitr'"),
    "a purpose": ("      - a\n    basis: law\n    rows", "      - b\n    basis: law\n    rows", 14, "purpose 'b'"),
    "a value": ("eq: MALE", "eq: Male", 20, "or.0.gender.eq: expected one of MALE"),
    "a region in wide signs": (*in_region("'１４/03/21/'"), 20, "the sign １ is full-width; write '14/03/21/'"),
    "a number for a region": (
        *in_region("140321001000"),
        20,
        "expected a string (quote numbers); write '14/03/21/001/'",
    ),
    "a code for a region": (*in_region("'140321001'"), 20, "; write '14/03/21/001/'"),
    "a wide placeholder": (*in_region("＄subject.jurisdiction"), 20, "the sign ＄ is full-width"),
    "a day": ("lte: 1960-01-01", "lte: 1960", 22, "or.1.birthDate.lte: expected a date such as"),
    "true for a day": ("lte: 1960-01-01", "lte: true", 22, "or.1.birthDate.lte: expected a date such as"),
    "how many over an edge": ("some:", "every:", 24, "dwellings.every: an edge takes `some` and `none`"),
    "one of several values": ("- RENTED", "- RENT", 27, "in.0: expected one of"),
    "a mask": ("mask: redact", "mask: redcat", 31, "'redcat' is not on the mask ladder"),
    "a match": ("- Person.idNumber", "- Person.name", 33, "cannot be matched"),
    "an unknown obligation": ("matchDailyCap: 5", "matchDailyCap: 5\n      caps: 5", 37, "obligation 'caps'"),
    "an obligation": ("nodeCap: 5", "nodeCap: 0", 35, "obligation nodeCap takes"),
    "what is prohibited": ("- Person.address", "- Person.adress", 40, "no field 'adress'"),
    "for what": ("      - a\n    basis: law\nst", "      - b\n    basis: law\nst", 42, "purpose 'b'"),
    "an owner": ("- police", "- polic", 48, "'polic' owns no type"),
    "an expected effect": ("      - clear", "      - cleer", 54, "'cleer' is no effect"),
}


@pytest.mark.parametrize(("old", "new", "line", "told"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_its_own_line(old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    with pytest.raises(YamlFileError) as refused:
        load_files({"p.yaml": GOOD.replace(old, new, 1).encode()}, SPINE)
    assert str(refused.value).startswith(f"p.yaml:{line}: ")
    assert told in str(refused.value)
