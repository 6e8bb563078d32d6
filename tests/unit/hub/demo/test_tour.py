"""The tour asks nothing that a county of any size would refuse."""

import pytest

from hub.demo.tour import COUNTS
from hub.sample.county import sizes
from policies.aggregate import PAGE_CELLS
from policies.masking import AGE_BANDS

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("people", [100, 3_000, 303_600, 3_000_000])
def test_case_3_01_the_counts_fit_into_one_answer(people: int) -> None:
    assert "groupBy: [REGION_STREET, AGE_BAND]" in COUNTS
    streets, _, _ = sizes(people)
    assert streets * len(AGE_BANDS) <= PAGE_CELLS
