"""What two JSON parsers could read differently is refused, and the refusal quotes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.home.strict_json import MAX_DEPTH, MAX_VALUES, NotStrict, loads

pytestmark = pytest.mark.unit

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_plain_json_comes_back(value: Any, escaped: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=escaped).encode("utf-8")) == value


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"CANARY": 1, "CANARY": 2}', "twice"),
        (b'{"a": [{"CANARY": 1, "\\u0043ANARY": 2}]}', "twice"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "NaN"),
        (b"[1e400]", "too large"),
        (b"[-1e400]", "too large"),
        (b"[123456789012345678901]", "digits"),
        (b'["\\ud800CANARY"]', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), "nested"),
        (b"[" * 9_000, "nested"),
        (b'{"a":' * 9_000, "nested"),
        (b"\xff", "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b"\xef\xbb\xbf1", "not JSON"),
        (b"", "not JSON"),
        (b"{'CANARY': 1}", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"[1] CANARY", "not JSON"),
        (b"[01]", "not JSON"),
        (b'["\x01"]', "not JSON"),
        (b"// CANARY\n1", "not JSON"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_refused(raw: bytes, why: str) -> None:
    with pytest.raises(NotStrict, match=why) as refusal:
        loads(raw)
    assert "CANARY" not in str(refusal.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" + b"{}," * MAX_VALUES + b"{}]",
        b"[" + b"1," * MAX_VALUES + b"1]",
        b"[" + b'"",' * MAX_VALUES + b'""]',
        b"{" + b",".join(b'"%d":1' % at for at in range(MAX_VALUES + 1)) + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":[' + b"[]," * MAX_VALUES + b"[]]}",
    ],
    ids=lambda value: repr(value)[:20],
)
def test_case_2_02_too_many_values_are_refused_before_one_is_made(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.home.strict_json._decoder", None)
    with pytest.raises(NotStrict, match="more than 10000 values"):
        loads(raw)


def test_case_2_02_what_a_string_holds_is_no_value() -> None:
    text = '[{,"\\' * MAX_VALUES
    assert loads(json.dumps([text]).encode()) == [text]
