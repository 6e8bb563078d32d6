"""A defence that `tests/mutations.py` takes away still stands where it says, so that a run of it proves something."""

from __future__ import annotations

import pytest

from tests.mutation import Mutation
from tests.mutations import MUTATIONS, ROOT

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_the_defence_is_in_its_file_once(mutation: Mutation) -> None:
    assert (ROOT / mutation.file).read_text("utf-8").count(mutation.old) == 1
    assert (ROOT / mutation.tests.split()[0]).is_file()
