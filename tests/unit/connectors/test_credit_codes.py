"""The transform of credit codes beside another implementation, and with each sign of one changed."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from stdnum.cn import uscc

from connectors.quarantine import Unfit
from connectors.transforms import TRANSFORMS, Context, Options

pytestmark = pytest.mark.unit

CONTEXT = Context({}, dt.UTC, dt.date(2026, 6, 30))
CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def test_a_credit_code_with_one_other_sign_is_refused() -> None:
    known = "91350100M000100Y43"
    assert uscc.is_valid(known)
    others = [known[:at] + sign + known[at + 1 :] for at in range(18) for sign in CREDIT_SIGNS if sign != known[at]]
    assert len(others) == 18 * 30
    for other in others:
        with pytest.raises(Unfit, match="bad-credit-code"):
            TRANSFORMS["credit_code"](other, Options(), CONTEXT)


def test_check_signs_of_credit_codes_are_those_of_another_implementation(rng: random.Random) -> None:
    for _ in range(300):
        body = f"9{rng.randint(1, 9)}{rng.randint(0, 999_999):06d}" + "".join(rng.choices(CREDIT_SIGNS, k=9))
        known = body + uscc.calc_check_digit(f"{body}0")
        assert TRANSFORMS["credit_code"](known, Options(), CONTEXT) == known
