"""Measures whether the time of an answer tells a person whom the asker may not see from one who does not exist.

Both answers are empty. Their times, in random order, are compared: the share of pairs in which the hidden person takes
longer is 0.5 if time tells nothing. An attacker of the network sees less than is measured here, from within the hub.

`python bench/timing_inference.py [ROUNDS]`
"""

from __future__ import annotations

import datetime as dt
import platform
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hub.graph.local import LocalGraph
from hub.home.settings import Settings
from tests.support.inference_county import GRIDS, Attacker, Truth, id_number, load_county
from tests.support.small_graph import policy

HERE = GRIDS[0][:13]
POLICY = f"""
purposes: [{{id: check, zh: 核对, en: Check}}]
applications: [{{id: desk, zh: 柜台, en: Desk, department: desk, jurisdiction: 14/03/21/}}]
grants:
  - id: one-street
    to: {{application: [desk]}}
    for: [check]
    basis: law
    obligations: {{matchDailyCap: 100}}
    rows: {{Person: {{region: {{startsWith: {HERE}}}}}}}
    fields: {{Person.name: clear}}
    match: [Person.idNumber]
"""
DOCUMENT = "query($n: String) { people(where: {idNumber: {eq: $n}}) { edges { node { name } } } }"


def seconds(desk: Attacker, number: str) -> float:
    """How long the answer for one number takes; it must be empty."""
    began = time.perf_counter()
    found = desk.ask(DOCUMENT, {"n": number})
    took = time.perf_counter() - began
    assert found == {"people": {"edges": []}}, found
    return took


def share(hidden: list[float], absent: list[float]) -> float:
    """The share of pairs in which the hidden person took longer."""
    return sum((a > b) + (a == b) / 2 for a in hidden for b in absent) / (len(hidden) * len(absent))


def measure(truth: Truth, desk: Attacker, rounds: int, rng: random.Random) -> None:
    """Ask for hidden and for absent people in random order, and print how their times differ."""
    people = [each["idNumber"] for each in truth.of("Person").values() if not each["region"].startswith(HERE)]
    known = {each["idNumber"] for each in truth.of("Person").values()}
    absent = [id_number("140321", dt.date(1960, 1, 1) + dt.timedelta(days=n), 7) for n in range(2 * rounds)]
    absent = [each for each in absent if each not in known][:rounds]
    asked = [*((True, each) for each in rng.choices(people, k=rounds)), *((False, each) for each in absent)]
    rng.shuffle(asked)
    for _, number in asked[:100]:
        seconds(desk, number)
    times: dict[bool, list[float]] = {True: [], False: []}
    for is_hidden, number in asked:
        times[is_hidden].append(seconds(desk, number))
    for is_hidden, name in ((True, "hidden"), (False, "absent")):
        print(f"{name}: median {1_000 * statistics.median(times[is_hidden]):.3f} ms, {len(times[is_hidden])} answers")
    print(f"hidden slower in {share(times[True], times[False]):.3f} of pairs (0.5: time tells nothing)")


def main() -> None:
    """Load the county into a graph of its own, measure, and stop the graph."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {rounds} rounds")
    with tempfile.TemporaryDirectory(prefix="sluicegate-timing-") as folder:
        graph = LocalGraph(Settings.load(home=Path(folder) / "home", graph_heap="768m", graph_page_cache="256m"))
        try:
            with load_county(graph.start(owned=True)) as truth:
                desk = Attacker(truth, policy(Path(folder) / "policy", POLICY), "desk", "check")
                measure(truth, desk, rounds, random.Random(7))
        finally:
            graph.stop()


if __name__ == "__main__":
    main()
