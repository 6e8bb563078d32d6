"""A clerk guesses the numbers of residents whose birth date and sex they are shown: how many do they recover in a day?

Of a resident id number they lack three digits, of which one says the sex: 500 to try for each resident. The hub counts
in its version store as a real one does; the grant's own cap is far above what is asked here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.graph.local import GraphAddress
from policies.store import PolicyStore
from schema import SPINE
from tests.support.inference_county import Truth, id_number
from tests.support.policy_stores import KEY, in_file
from tests.support.serving import Served, code_of, serving

pytestmark = [pytest.mark.attack, pytest.mark.slow]

POLICY = """
purposes: [{id: visit, zh: 走访, en: Visit}, {id: visit.again, zh: 再访, en: Again}]
applications: [{id: clerks, zh: 办事, en: Clerks, department: one, jurisdiction: 14/03/21/}]
stewards:
  - {account: zhang, person: STAFF-1}
  - {account: li, person: STAFF-2}
grants:
  - id: visit
    to: {application: [clerks]}
    for: [visit]
    basis: law
    rows: {Person: {}}
    fields: {Person.name: clear, Person.birthDate: clear, Person.gender: clear}
    match: [Person.idNumber]
    obligations: {matchDailyCap: 1000000}
"""
MATCHES, WRONG = 5, 20
"""What the hub allows in one operation, and of wrong guesses to one person in a day."""
ACCOUNTS = 3


@pytest.fixture
def served(truth: Truth, tmp_path: Path, graph_address: GraphAddress) -> Iterator[Served]:
    with closing(PolicyStore(in_file(tmp_path), KEY, SPINE)) as store:
        store.make(lambda: {"policy.yaml": POLICY.encode()})
        with serving(tmp_path / "home", graph_address, store=store) as running:
            yield running


def guess(served: Served, numbers: tuple[str, ...], person: str, purpose: str) -> tuple[str, list[str]]:
    """The code of an answer, and which of the numbers somebody has."""
    asked = (f'm{at}: people(where: {{idNumber: {{eq: "{each}"}}}})' for at, each in enumerate(numbers))
    roots = (f"{each} {{ edges {{ cursor }} }}" for each in asked)
    answer = served.ask(f"{{ {' '.join(roots)} }}", app="clerks", purpose=purpose, person=person)
    data = answer.json().get("data") or {}
    return code_of(answer), [each for at, each in enumerate(numbers) if data.get(f"m{at}", {}).get("edges")]


def candidates(person: dict[str, str]) -> list[str]:
    """All numbers that fit what the purpose shows of a resident; the clerk knows how small sequence numbers are."""
    born, odd = dt.date.fromisoformat(person["birthDate"]), person["gender"] == "MALE"
    return [id_number("140321", born, sequence) for sequence in range(4, 1_000) if sequence % 2 == odd]


def test_case_1_07_numbers_recovered_by_enumeration(truth: Truth, served: Served) -> None:
    listing = "{ people(first: 60) { edges { node { name birthDate gender } } } }"
    shown = served.ask(listing, app="clerks", purpose="visit", person="clerk-0").json()["data"]["people"]["edges"]
    assert guess(served, tuple(candidates(shown[0]["node"])[:80]), "clerk-0", "visit")[0] == "COST_LIMIT"
    everybody = {each["idNumber"] for each in truth.of("Person").values()}
    recovered: set[str] = set()
    wrong = 0
    for edge, at in zip(shown, range(60), strict=True):
        person = f"clerk-{at % ACCOUNTS}"
        numbers = candidates(edge["node"])
        for first in range(0, len(numbers), MATCHES):
            code, found = guess(
                served, tuple(numbers[first : first + MATCHES]), person, ("visit", "visit.again")[at % 2]
            )
            recovered.update(found)
            wrong += len(numbers[first : first + MATCHES]) - len(found) if code == "OK" else 0
            if found or code != "OK":
                break
    print(f"{ACCOUNTS} accounts: recovered {len(recovered)} of 60 numbers with {wrong} wrong guesses answered")
    assert recovered <= everybody
    assert ACCOUNTS * (WRONG - MATCHES) <= wrong <= ACCOUNTS * WRONG
    assert len(recovered) <= 6
