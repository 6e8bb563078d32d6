"""Measures the CPU time of a decision and of a plan, with 10 to 1,200 rules of other applications in the policy.

Goal: the times differ by at most 10 %. Each figure is the median of rounds in which the sizes take turns. The memory
of one rule is printed too.

`python bench/decide.py [--rounds N]`
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml
from graphql import OperationDefinitionNode, get_variable_values, parse
from graphql.execution.values import VariableValues

from hub.home.seals import Seals
from hub.request.compile import compile_plan
from hub.request.plan import plan
from policies.decide import decide
from policies.language import load_files, read_folder
from policies.model import Decision, PolicySet
from policies.review.check import subject_of
from policies.rules import Subject
from schema import SPINE
from schema.graphql import build

COUNTY = Path(__file__).parents[1] / "examples" / "county" / "policies"
SIZES = (10, 100, 400, 1_200)
REPEATS = 20
PURPOSE, APPLICATION, TODAY = "safety.fire.rental", "fire-inspection", dt.date(2026, 6, 30)
PURPOSES = ("safety.fire.rental", "safety.fire", "event.dispatch", "welfare.elder", "stat", "pop.register")
DOCUMENT = """{ people(first: 100, where: {region: {startsWith: "14/03/21/001/"}}) { edges { node {
  id name phone birthDate dwellings(first: 5) { id roomNo building { id name address } } } } } }"""


def others(count: int) -> bytes:
    """A policy file with `count` rules of other applications, four applications for each department."""
    applications, grants = [], []
    for index in range(count):
        name, department = f"other-{index}", f"department-{index // 4}"
        applications.append(
            {"id": name, "zh": name, "en": name, "department": department, "role": "clerk", "jurisdiction": "14/03/21/"}
        )
        by_department = {"department": [department], "role": ["clerk"]}
        grants.append(
            {
                "id": f"other-{index}",
                "to": by_department if index % 3 == 0 else {"application": [name]},
                "for": [PURPOSES[index % len(PURPOSES)]],
                "basis": "bench",
                "rows": {
                    "Person": {"region": {"startsWith": "$subject.jurisdiction"}},
                    "Dwelling": {"region": {"startsWith": "$subject.jurisdiction"}},
                },
                "fields": {"Person.name": "clear", "Person.phone": {"mask": "partial(3,4)"}, "Dwelling": "clear"},
            }
        )
    names = sorted({each["department"] for each in applications})
    departments = [{"id": name, "zh": name, "en": name} for name in names]
    return yaml.safe_dump({"departments": departments, "applications": applications, "grants": grants}).encode()


def loaded(count: int) -> PolicySet:
    return load_files({**read_folder(COUNTY), "others.yaml": others(count)}, SPINE)


def planner() -> Callable[[Decision], object]:
    """Plans and compiles the document, which is parsed once."""
    schema, seals = build(SPINE), Seals(b"k" * 32)
    (operation,) = parse(DOCUMENT).definitions
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(schema, (), {})
    assert isinstance(values, VariableValues)

    def run(decision: Decision) -> object:
        return compile_plan(plan(operation, {}, values, decision, schema, SPINE, seals), SPINE)

    return run


def milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(REPEATS):
        work()
    return (time.process_time() - began) * 1_000 / REPEATS


def memory(count: int) -> float:
    """Bytes that each rule of others takes once loaded, its application included."""
    gc.collect()
    tracemalloc.start()
    kept = [loaded(1), loaded(1 + count)]
    gc.collect()
    both = tracemalloc.get_traced_memory()[0]
    kept.pop()
    gc.collect()
    one = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (both - one) / count


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure decisions and plans under policies of several sizes.")
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    policies = {count: loaded(count) for count in SIZES}
    planned = planner()
    times: dict[tuple[str, int], list[float]] = {}
    gc.disable()
    for _ in range(rounds):
        for count, policy in policies.items():
            subject = subject_of(policy.applications[APPLICATION])

            def deciding(policy: PolicySet = policy, subject: Subject = subject) -> Decision:
                return decide(SPINE, policy, subject, PURPOSE, TODAY)

            times.setdefault(("decide", count), []).append(milliseconds(deciding))
            times.setdefault(("decide, plan, compile", count), []).append(milliseconds(lambda: planned(deciding())))
        gc.collect()
    gc.enable()
    print(f"Python {platform.python_version()}, {platform.machine()}; CPU ms, median of {rounds} x {REPEATS}")
    for name in ("decide", "decide, plan, compile"):
        base = statistics.median(times[name, SIZES[0]])
        for count in SIZES:
            found = statistics.median(times[name, count])
            print(f"{name:22} {count:6,} rules of others {found:8.3f} ms {100 * (found / base - 1):+6.1f} %")
    for count in SIZES[1:]:
        print(f"memory: {memory(count):7,.0f} bytes a rule and application, with {count:,} of them")


if __name__ == "__main__":
    main()
