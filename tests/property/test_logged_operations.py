"""The coordinates that a logged operation reaches are those that the planner finds in the operation itself.

Generated policies and documents: the log's side reads the normalised text and the variables' paths, without a value;
the planner plans the document as it was sent. `TEST_SEED` repeats a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from graphql import parse

from hub.errors import Code, HubError
from hub.request.normalise import normalise
from hub.steward.logged_operations import Reached, Unreadable, reached_coordinates, variable_paths
from policies.decide import decide
from policies.model import Decision
from policies.rules import Subject
from schema import SPINE
from tests.conftest import SEED
from tests.support.oracle.naive_view import Sight, rules_for
from tests.support.oracle.random_documents import Document, document
from tests.support.oracle.random_worlds import APPLICATIONS, PURPOSES, policies, world
from tests.support.small_graph import SCHEMA, SEALS, TODAY, prepare, sid, subject

pytestmark = pytest.mark.property
POLICIES, DOCUMENTS = 15, 20


def leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """The paths of a variable, as a record keeps them."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(f"{path}.{name}", each)
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from leaves(f"{path}.{at}", each)
    else:
        yield path, str(value).lower() if isinstance(value, bool) else "digest"


def hollow(value: Any) -> bool:
    """Whether a variable holds an empty list or object, which leaves no path in the log."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else (True,)
    return not inner or any(hollow(each) for each in inner if isinstance(each, dict | list))


def outlined(asked: Document, decision: Decision) -> Reached:
    normal = normalise(parse(asked.text))
    told = {
        path: value
        for name, each in asked.variables.items()
        if name in normal.variables
        for path, value in leaves(f"${normal.variables[name]}", each)
    }
    return reached_coordinates(SPINE, SCHEMA, normal.text, None, variable_paths(told), decision)


def differs(asked: Document, decision: Decision, plan: Any) -> str | None:
    """How the outline and the planner disagree, or None."""
    found = outlined(asked, decision)
    try:
        planned, _ = plan()
    except HubError as refusal:
        wrong = refusal.code is Code.FIELD_NOT_FILTERABLE and found.refused is None
        return f"the planner refuses ({refusal.public_message}), the outline does not" if wrong else None
    if found.refused is not None:
        # For an id of any type: the planner knows of which type it was, the log does not.
        return None if "node(" in asked.text else f"the outline refuses for {found.refused}, the planner does not"
    account = planned.coordinates
    wanted = {*account.clear, *account.masked, *account.aggregated, *account.matched, *account.answered}
    got = {each for each in found.coordinates if "." in each}
    # Lists are sorted by jurisdiction where the client does not say, and an id may be of any type.
    regions = {f"{entity.name}.region" for entity in SPINE}
    less, more = wanted - got - regions, got - wanted
    if "node(" in asked.text:
        more = set()
    return f"planned only: {less}, outlined only: {more}" if less or more else None


def test_the_outline_of_a_text_is_the_plan_of_its_document(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for index in range(POLICIES):
        rng = Random(f"{SEED}:outline:{index}")
        rules, made = policies(rng, tmp_path / str(index)), world(rng)
        for _ in range(DOCUMENTS):
            who, purpose = subject(rules, rng.choice(APPLICATIONS)), rng.choice(PURPOSES)
            sight = Sight(made, rules_for(rules, who, purpose, TODAY), who, purpose, TODAY, None)
            names = rng.sample(sorted(made.nodes), 8)
            ids = [
                SEALS.seal_id(who.department, purpose, SPINE.entity(made.nodes[name][0]).tag, sid(name))
                for name in names
            ]
            asked = document(rng, ids, sight.filterable)
            if any(hollow(each) for each in asked.variables.values()):
                continue
            decision = decide(SPINE, rules, who, purpose, TODAY)
            found = differs(asked, decision, lambda: prepare(rules, who, purpose, asked.text, asked.variables))  # noqa: B023
            assert found is None, f"TEST_SEED={SEED}, {index}\n{asked.text}\n{asked.variables}\n{found}"
            seen["refused" if outlined(asked, decision).refused else "planned"] += 1
    assert min(seen["refused"], seen["planned"]) > 3


def test_which_of_several_operations_was_asked_is_not_guessed() -> None:
    decision = Decision("v", Subject("app", "", "", "", "", ""), "a", TODAY, {}, ())
    text = "query q1 { __typename } query q2 { people { edges { node { name } } } }"
    with pytest.raises(Unreadable):
        reached_coordinates(SPINE, SCHEMA, text, "#digest", (), decision)
    assert reached_coordinates(SPINE, SCHEMA, text, "q1", (), decision).coordinates == frozenset()
