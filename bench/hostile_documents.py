"""Measures the CPU time of the stages 1 to 4 for documents that are built to be expensive.

Goal: at most 20 ms for a document of at most 15 kB. Prints the best of five, the size, and how the request ended.

`python bench/hostile_documents.py [--large]`; `--large` adds 60 types with 600 fields to the spine.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from graphql import get_introspection_query

from hub.errors import HubError
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.request.auth import Identified, registered
from hub.request.endpoint import Arrival, read
from hub.request.limits import validate
from hub.request.purpose import check_purpose
from policies.language import load
from schema.catalogue import Catalogue
from schema.graphql import build
from tests.support.sources.large_catalogue import write_large_catalogue

COUNTY = Path(__file__).parents[1] / "examples" / "county" / "policies"


def people(selection: str) -> str:
    return f"{{ people(first: 1) {{ edges {{ node {{ {selection} }} }} }} }}"


def doubling(leaf: str) -> str:
    middle = "".join(f"fragment F{n} on Person {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
    return people("...F0") + middle + f"fragment F30 on Person {{ {leaf} }}"


def aliases(count: int, field: str = "name") -> str:
    return " ".join(f"a{n}: {field}" for n in range(count))


DOCUMENTS: Mapping[str, str] = {
    "A01 30 levels": people("dwellings { residents { " * 15 + "id" + " } }" * 15),
    "A01 200 levels of fragments": people("...F0")
    + "".join(f"fragment F{n} on Person {{ ...F{n + 1} }}" for n in range(150))
    + "fragment F150 on Person { id }",
    "A02 1,000 aliases": people(aliases(1_000)),
    "A02 390 aliases, allowed": people(aliases(390)),
    "A02 30-level doubling": doubling("name"),
    "A02 30-level doubling of nothing": doubling(""),
    "A04 cycle": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "A05 200 x 200 inline fragments": people(("... on Person {" + " name" * 200 + " }") * 200)[:15_000],
    "A05 30 x 12 inline fragments": people(("... on Person {" + " name" * 12 + " }") * 30),
    "A06 44 repeats, allowed": people("name " * 44),
    "A06 350 repeats": people("name " * 350),
    "A06 2,900 repeats": people("name " * 2_900),
    "A06 180 conflicts": people("x: name x: phone " * 180),
    "A09 circular introspection": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "A09 usual introspection, allowed": get_introspection_query(),
    "A10 first: 2147483647": "{ people(first: 2147483647) { edges { node { dwellings(first: 2147483647) { id } } } } }",
    "A12 14 kB string": people("id").replace("first: 1", f'where: {{ region: {{ eq: "{"x" * 14_500}" }} }}'),
    "A12 14,000 digits": people("id").replace("first: 1", "first: " + "9" * 14_000),
    "1,400 literals": people("id").replace("first: 1", "where: { region: { in: [" + '"14/"' * 1_400 + "] } }"),
    "300 unknown fields": people(" ".join(f"unknown{n}" for n in range(300))),
    "90 unknown variables": "query("
    + " ".join(f"${'ab' * 14}{n:04}: Int" for n in range(90))
    + ") {"
    + " ".join(f"a{n}: __typename @include(if: ${'ba' * 14}{n:04})" for n in range(90))
    + "}",
    "7,000 comments": "#\n" * 7_000 + "{ __typename }",
    "190 aggregates, allowed": "{" + aliases(190, "peopleAggregate { count }") + "}",
    "5 operations, one fragment": " ".join(f"query Q{n} {{ ...F }}" for n in range(5))
    + f"fragment F on Query {{ {aliases(380, '__typename')} }}",
}


def catalogue(large: bool) -> Catalogue:
    """The spine, or the spine with many more types."""
    with tempfile.TemporaryDirectory() as folder:
        slices = write_large_catalogue(Path(folder) / "slices") if large else None
        return catalogue_of(Settings(slices=slices))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    known = catalogue(parser.parse_args().large)
    schema, policy, settings = build(known), load(COUNTY, known), Settings()
    subject = registered(policy, "fire-inspection", "inspector-1")
    if subject is None:
        raise SystemExit("the example policies have no fire-inspection")
    headers = (("content-type", "application/json"), ("access-purpose", "safety.fire.rental"))

    def run(document: str) -> tuple[float, str]:
        body = json.dumps({"query": document, "operationName": "Q0" if "query Q0" in document else None}).encode()
        arrival = Arrival("r", dt.datetime.now(dt.UTC), 0, "POST", "/graphql", headers, body)
        began = time.process_time()
        try:
            purposed = check_purpose(Identified(read(arrival, settings), policy, subject), dt.date(2026, 6, 30))
            validate(purposed, schema)
            ended = "allowed"
        except HubError as refusal:
            ended = str(refusal.code)
        return (time.process_time() - began) * 1_000, ended

    print(f"Python {platform.python_version()}, {platform.machine()}; best of 5")
    for name, document in DOCUMENTS.items():
        milliseconds, ended = min(run(document) for _ in range(5))
        print(f"{name:36} {milliseconds:7.1f} ms {len(document):7,} B  {ended}")


if __name__ == "__main__":
    main()
