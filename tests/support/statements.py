"""Prints a digest of the statements that the compiler writes for the oracle's documents (`python -m …statements`).

Two trees that print the same digest for the same seed and count compile the same statements, byte for byte, and refuse
the same documents with the same codes. For refactorings: run it before and after.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
from collections import Counter
from pathlib import Path

from hub.errors import HubError
from tests.support.oracle.random_worlds import world
from tests.support.oracle.triples import WORLDS, Case, draw
from tests.support.small_graph import prepare


def statement_text(case: Case) -> str:
    """The statement of one case with its parameters, or why there is none."""
    sight, asked = case.sight, case.document
    try:
        _, statement = prepare(case.policies, sight.who, sight.purpose, asked.text, asked.variables, sight.case)
    except HubError as refusal:
        return f"refused {refusal.code.value}"
    return f"{statement.text}\n{dict(statement.parameters)!r}" if statement else "none"


def main() -> None:
    """Draw, compile, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=9)
    given = parser.parse_args()
    digest, outcomes = hashlib.sha256(), Counter[str]()
    worlds = [world(random.Random(f"{given.seed}:world:{index}")) for index in range(WORLDS)]
    with tempfile.TemporaryDirectory() as folder:
        for cases in draw(given.seed, worlds, Path(folder), given.count):
            text = statement_text(cases[0])
            digest.update(f"{text}\x00".encode())
            outcomes[text.partition("\n")[0] if text.startswith(("none", "refused")) else "statement"] += 1
    print(digest.hexdigest(), dict(sorted(outcomes.items())))


if __name__ == "__main__":
    main()
