"""The purposes that a token is bound to: read whole, or the token is refused."""

from __future__ import annotations

from typing import Any

import pytest

from hub.request.bindings.token_purposes import CLAIM, MOST, TYPE, purposes_of_token

pytestmark = pytest.mark.unit


def entry(*purposes: Any, **changes: Any) -> dict[str, Any]:
    return {"type": TYPE, "purposes": list(purposes), **changes}


@pytest.mark.parametrize(
    ("details", "purposes"),
    [
        ([entry("a")], {"a"}),
        ([entry("a", "a.b")], {"a", "a.b"}),
        ([entry("a"), entry("b")], {"a", "b"}),
        ([entry("no such purpose")], {"no such purpose"}),
        ([entry(*map(str, range(MOST)))], set(map(str, range(MOST)))),
    ],
)
def test_the_purposes_of_all_entries(details: Any, purposes: set[str]) -> None:
    assert purposes_of_token({CLAIM: details}) == frozenset(purposes)


def test_a_token_without_them_is_bound_to_none() -> None:
    assert purposes_of_token({}) is None


MALFORMED: list[Any] = [
    None,
    "",
    TYPE,
    {},
    entry("a"),
    [],
    [None],
    ["a"],
    [{}],
    [{"purposes": ["a"]}],
    [{"type": TYPE}],
    [entry()],
    [entry("")],
    [entry(None)],
    [entry(1)],
    [entry(["a"])],
    [entry("a", purposes="a")],
    [entry("a", purposes={"a": 1})],
    [entry("a", purposes=None)],
    [entry("a", type="payment_initiation")],
    [entry("a", type=TYPE.upper())],
    [entry("a", type=None)],
    [entry("a", type=[TYPE])],
    [entry("a"), entry("b", type="payment_initiation")],
    [entry("a", actions=["read"])],
    [entry("a", locations=["https://hub.example"])],
    [entry(*map(str, range(MOST + 1)))],
    [entry("a")] * (MOST + 1),
]


@pytest.mark.parametrize("details", MALFORMED, ids=range(len(MALFORMED)))
def test_what_cannot_be_read_is_refused(details: Any) -> None:
    with pytest.raises(ValueError, match=r"are no list|hold a"):
        purposes_of_token({CLAIM: details})
