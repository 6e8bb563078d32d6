"""Measures what a large catalogue costs at the start: 60 types with 600 fields, in slices beside the spine.

Goal: a hub is up within 5 seconds, of which this is a part. Each figure is the median of rounds.

`python bench/catalogue.py [--types N] [--fields N] [--rounds N]`
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml

from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from schema.graphql import build
from schema.slices import compose, read_slices, read_spine

PER_FILE = 6
"""Types of a slice."""
FIELDS: tuple[dict[str, Any], ...] = (
    {"type": "String", "kind": "code", "grade": "general-1", "indexed": True},
    {"type": "Enum", "kind": "status", "grade": "general-1", "values": ["ONE", "TWO", "THREE"]},
    {"type": "Date", "kind": "time", "grade": "general-2", "masks": ["redact", "year"]},
    {"type": "String", "kind": "phone", "grade": "general-3", "personal": True, "masks": ["redact", "partial(0,4)"]},
    {"type": "Float", "kind": "quantity", "grade": "general-2", "masks": ["redact", "round(10)"]},
)


def slice_of(number: int, types: int, fields: int) -> dict[str, Any]:
    """A slice with this many types; each is joined to people, and to a type of the same slice."""
    names = [f"Kind{number}x{index}" for index in range(types)]
    entities = {name: entity(name, fields) for name in names}
    edges = {f"{name.upper()}_OF": edge(name, "Person", "owners") for name in names}
    edges |= {f"{name.upper()}_IN": edge(name, names[0], "above") for name in names[1:]}
    return {"slice": f"slice-{number}", "entities": entities, "edges": edges}


def entity(name: str, fields: int) -> dict[str, Any]:
    """A type that tells about its owners."""
    title = {"zh": f"类型{name}", "en": f"Type {name}"}
    made = {f"field{index}": {**FIELDS[index % len(FIELDS)], **title} for index in range(fields)}
    return {"plural": f"{name.lower()}s", **title, "subjects": ["owners"], "fields": made}


def edge(source: str, target: str, name: str) -> dict[str, Any]:
    """An edge from a type to another."""
    title = {"zh": f"关系{source}", "en": f"Edge of {source}"}
    back = f"{source[0].lower()}{source[1:]}{name.title()}"
    return {
        "from": {"entity": source, "name": name, "many": True, **title},
        "to": {"entity": target, "name": back, "many": True, **title},
        "personal": target == "Person",
    }


def seconds(rounds: int, work: Callable[[], object]) -> float:
    """The median time of `work`."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--types", type=int, default=60)
    parser.add_argument("--fields", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(-(-options.types // PER_FILE)):
            content = slice_of(number, min(PER_FILE, options.types - number * PER_FILE), options.fields)
            plain = json.loads(json.dumps(content))  # without what would become an alias
            text = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)
            (Path(folder) / f"slice{number}.yaml").write_text(text, "utf-8")
        slices = read_slices(Path(folder))
        catalogue = catalogue_of(Settings(slices=Path(folder)))
        fields = sum(len(each.fields) for each in catalogue)
        print(f"{platform.machine()}, Python {platform.python_version()}, median of {options.rounds}")
        print(f"{len(list(catalogue))} types, {fields} fields, {len(catalogue.edges)} edges, spine included")
        measured: dict[str, Callable[[], object]] = {
            "the spine alone: read and composed": lambda: compose(read_spine()),
            "the slices read": lambda: read_slices(Path(folder)),
            "composed with the spine": lambda: compose((*read_spine(), *slices)),
            "all of catalogue_of(settings)": lambda: catalogue_of(Settings(slices=Path(folder))),
            "the GraphQL schema built": lambda: build(catalogue),
        }
        for what, work in measured.items():
            print(f"{what}: {seconds(options.rounds, work):.2f} s")


if __name__ == "__main__":
    main()
