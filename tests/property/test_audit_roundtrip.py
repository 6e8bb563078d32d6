"""Whatever a record says, it comes back from its bytes; its parts keep to the limit and lose no subject."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.record import KINDS, MAX_BYTES, Coordinates, Record, decode, encode, pack, split

pytestmark = pytest.mark.property

DISTURBING = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F))} | set(
    "\u061c\u200e\u200f\u2066\u2067\u2068\u2069"
)

texts = st.text(max_size=30) | st.text(st.sampled_from([*sorted(DISTURBING), '"', "\\", "街"]), max_size=10)
optional = st.none() | texts
lists = st.lists(texts, max_size=4).map(tuple)
counts = st.integers(0, 2**63 - 1)
times = st.datetimes(datetime(1000, 1, 1)).map(lambda time: time.isoformat(timespec="milliseconds") + "Z")

records: st.SearchStrategy[Record] = st.builds(
    Record,
    kind=st.sampled_from(KINDS),
    request_id=texts,
    result=texts,
    http_status=counts,
    time=times,
    application=optional,
    department=optional,
    region=optional,
    subject=optional,
    purpose=optional,
    case=optional,
    policy_version=optional,
    catalogue_version=optional,
    operation=optional,
    operation_name=optional,
    request_digest=optional,
    variables=st.dictionaries(texts, texts, max_size=4),
    decision=st.builds(Coordinates, clear=lists, masked=lists, aggregated=lists, matched=lists, denied=lists),
    nodes=counts,
    subjects=lists,
    duration_us=counts,
    salt=st.binary(min_size=16, max_size=16).map(bytes.hex),
)


older = records.map(lambda record: replace(record, catalogue_version=None, v=2))


@given(records | older)
def test_a_record_comes_back_from_its_bytes(record: Record) -> None:
    body = encode(record)
    assert decode(body) == record
    assert encode(decode(body)) == body


@given(records)
def test_no_bytes_disturb_a_terminal_or_a_page(record: Record) -> None:
    text = encode(record).decode()
    assert "\n" not in text
    assert not DISTURBING & set(text)


huge: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "operation_name": st.integers(0, 70_000).map(lambda n: "\x00" * n),
        "purpose": st.integers(0, 70_000).map(lambda n: "目" * n),
        "variables": st.integers(0, 3_000).map(lambda n: {f"$v{i}": "d" * 22 for i in range(n)}),
        "decision": st.integers(0, 3_000).map(lambda n: Coordinates(clear=("Person.phone",) * n)),
        "subjects": st.integers(0, 9_000).map(lambda n: tuple(f"{i:022}" for i in range(n))),
    },
)


@given(huge)
def test_parts_keep_to_the_limit_and_lose_no_subject(parts: dict[str, Any]) -> None:
    record = Record(kind="query", request_id="r", result="OK", http_status=200, **parts)
    bodies = pack(record)
    assert all(len(body) <= MAX_BYTES for body in bodies)
    back = [decode(body) for body in bodies]
    assert tuple(back) == split(record)
    assert tuple(subject for part in back for subject in part.subjects) == record.subjects
