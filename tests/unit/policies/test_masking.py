"""A mask that cannot be applied as asked shows nothing of the value, whatever went wrong."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from policies.masking import REDACTED, mask_fetched
from tests.support.small_graph import TODAY

pytestmark = pytest.mark.unit


class Odd(str):
    """A text that cannot be encoded, so that the method itself fails."""

    def __str__(self) -> str:
        raise RuntimeError("this text cannot be read")


@pytest.mark.parametrize(
    ("mask", "value", "key", "shown"),
    [
        ("pseudonym", "13811110001", b"", REDACTED),
        ("pseudonym", Odd("13811110001"), b"k", REDACTED),
        ("address(street)", Odd("平定县榆关街道"), b"k", REDACTED),
        ("unknown", "13811110001", b"k", REDACTED),
        ("partial(3,x)", "13811110001", b"k", REDACTED),
        ("year", "not a date", b"k", REDACTED),
        ("age_band", 42, b"k", None),
        ("pseudonym", dt.date(1957, 3, 1), b"", None),
    ],
)
def test_a_failing_mask_redacts(mask: str, value: Any, key: bytes, shown: Any) -> None:
    assert mask_fetched(mask, value, TODAY, key) == shown


def test_a_mask_that_works_is_applied() -> None:
    assert mask_fetched("address(street)", "平定县榆关街道12号", TODAY, b"k") == "平定县榆关街道"
