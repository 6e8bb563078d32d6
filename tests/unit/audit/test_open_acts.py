"""Acts that were begun and have no end are told when a log is verified, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import permutations
from pathlib import Path

import pytest

from audit.log import AuditLog
from audit.record import BEGUN, Record, encode
from audit.verify import verify

pytestmark = pytest.mark.unit


def record(act: str, result: str) -> Record:
    name = f"{act} begin" if result == BEGUN else act
    return Record(kind="pull", request_id=act, result=result, http_status=0, operation_name=name)


def left(folder: Path, records: Sequence[Record]) -> list[tuple[int, str]]:
    with closing(AuditLog.open(folder / "audit.db", 5)) as log:
        for each in records:
            log.append_sync(each)
    verdict = verify(folder / "audit.db")
    assert verdict.ok
    return [(each.index, each.name) for each in verdict.open]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_what_has_an_end_is_not_open_in_whatever_order_acts_overlap(tmp_path: Path, order: tuple[int, ...]) -> None:
    ends = ["OK", "FAILED", "REFUSED", "INTERRUPTED"]
    begun = [record(f"act{at}", BEGUN) for at in range(4)]
    ended = [record(f"act{at}", ends[at]) for at in order]
    assert left(tmp_path, [*begun, *ended[:2]]) == [(at, f"act{at} begin") for at in sorted(order[2:])]
    assert left(tmp_path, ended[2:]) == []


def test_a_record_of_another_request_ends_nothing(tmp_path: Path) -> None:
    odd = Record(
        kind="query", request_id="other", result="OK", http_status=200, operation_name="pull",
        variables={"$x": '"request_id":"pull"', "request_id": "pull"},
    )  # fmt: skip
    assert left(tmp_path, [record("pull", BEGUN), odd]) == [(0, "pull begin")]


def test_a_text_that_looks_like_a_beginning_begins_nothing(tmp_path: Path) -> None:
    odd = Record(kind="query", request_id="r", result="OK", http_status=200, operation_name='"result":"BEGUN"')
    assert b'\\"result\\":\\"BEGUN\\"' in encode(odd)
    assert left(tmp_path, [odd]) == []


def test_it_is_told_when_it_began(tmp_path: Path) -> None:
    begun = record("pull", BEGUN)
    left(tmp_path, [record("a", "OK"), begun])
    (act,) = verify(tmp_path / "audit.db").open
    assert (act.index, act.time) == (1, begun.time)
