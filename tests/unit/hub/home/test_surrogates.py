"""A surrogate depends on the key, the entity and the identity, and on nothing else."""

from __future__ import annotations

import pytest

from hub.home.surrogates import KeyedDigest, surrogate

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("key", "entity", "identity"),
    [(b"k" * 32, "Person", "b"), (b"k" * 32, "Event", "a"), (b"l" * 32, "Person", "a")],
)
def test_surrogates_differ(key: bytes, entity: str, identity: str) -> None:
    base = surrogate(KeyedDigest(b"k" * 32), "Person", "a")
    assert surrogate(KeyedDigest(key), entity, identity) != base == surrogate(KeyedDigest(b"k" * 32), "Person", "a")
    assert len(base) == 32 and int(base, 16) >= 0
