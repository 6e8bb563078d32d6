"""Random rules of reuse. Most of what there is may be read for most purposes, or nearly nothing would be answered."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any


def rules_of_reuse(rng: random.Random, purposes: Sequence[str]) -> dict[str, Any]:
    """The sections `collection` and `reuse` of a policy, as plain data."""
    rules: list[dict[str, Any]] = [
        {"id": f"r{index}", "collectedFor": rng.sample(purposes, 4), "for": rng.sample(purposes, 3)}
        for index in range(rng.randint(2, 4))
    ]
    if rng.random() < 0.4:
        rules.append({"id": "n", "collectedFor": [rng.choice(purposes)], "notFor": [rng.choice(purposes)]})
    return {"collection": "enforced", "reuse": [{**each, "basis": "generated"} for each in rules]}
