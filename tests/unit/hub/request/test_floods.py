"""Of a source that does not stop, one record a second is made; and nobody is answered before it is there."""

from __future__ import annotations

import asyncio

import pytest

from audit.log import AuditUnavailable, Receipt
from audit.record import Record
from hub.errors import Code
from hub.request.floods import SOURCES, Floods, Meter, Source, source_address

pytestmark = pytest.mark.unit

ONE, OTHER = Source("one"), Source("other", "desk", "grid", "14/")


class Kept:
    """A log of its own that keeps what it is given, or refuses."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.records: list[Record] = []
        self.refuses = refuses

    async def append(self, record: Record) -> Receipt:
        if self.refuses:
            raise AuditUnavailable("no")
        self.records.append(record)
        return Receipt(len(self.records) - 1, "00", len(self.records), "00")


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_what_an_address_stands_for(host: str, source: str) -> None:
    assert source_address(host) == source


def test_a_meter_fills_and_leaks() -> None:
    moment = 0.0
    meter = Meter(3, 1.0, lambda: moment)
    assert [meter.full("a") for _ in range(5)] == [False, False, False, True, True]
    assert not meter.full("b"), "each source has its own"
    moment = 3.0
    assert [meter.full("a") for _ in range(2)] == [False, True]
    for _ in range(1_000):
        meter.full("a")
    moment = 8.5
    assert not meter.full("a"), "who stops is soon believed again"


def test_a_meter_forgets_whom_it_did_not_see_for_long() -> None:
    meter = Meter(0, 0.0, lambda: 0.0)
    for number in range(SOURCES + 1):
        assert meter.full(str(number))
    assert len(meter._levels) == SOURCES


def test_what_is_counted_is_one_record_a_source() -> None:
    kept = Kept()

    async def run() -> list[Receipt]:
        floods = Floods(kept.append, burst=2)
        assert [floods.needs_counting(ONE) for _ in range(3)] == [False, False, True]
        counted = [(ONE, Code.UNAUTHENTICATED)] * 7 + [(ONE, Code.METHOD)] * 2 + [(OTHER, Code.DAILY_CAP)]
        return await asyncio.gather(*(floods.count(source, code) for source, code in counted))

    receipts = asyncio.run(run())
    assert [receipt.index for receipt in receipts] == [0] * 9 + [1]
    first, second = kept.records
    assert (first.kind, first.result, first.http_status) == ("flood", "UNAUTHENTICATED", 401)
    assert first.variables == {"source": "one", "count": "9", "UNAUTHENTICATED": "7", "METHOD": "2"}
    assert (second.application, second.department, second.region) == ("desk", "grid", "14/")
    assert second.variables == {"source": "other", "count": "1", "DAILY_CAP": "1"}


def test_a_source_that_is_being_counted_stays_so_for_its_second() -> None:
    async def run() -> bool:
        floods = Floods(Kept().append, burst=5)
        floods.note(ONE, Code.UNAUTHENTICATED)
        counts = floods.needs_counting(ONE)
        await floods.close()
        return counts and not floods.needs_counting(ONE)

    assert asyncio.run(run())


def test_without_a_log_nobody_is_answered() -> None:
    async def run() -> list[object]:
        floods = Floods(Kept(refuses=True).append)
        floods.note(OTHER, Code.METHOD)
        found = await asyncio.gather(*(floods.count(ONE, Code.METHOD) for _ in range(3)), return_exceptions=True)
        await floods.close()
        return list(found)

    assert [type(each) for each in asyncio.run(run())] == [AuditUnavailable] * 3


def test_who_may_not_wait_is_counted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.request.floods.WAITING", 2)
    kept = Kept()

    async def run() -> list[object]:
        floods = Floods(kept.append)
        found = await asyncio.gather(*(floods.count(ONE, Code.METHOD) for _ in range(5)), return_exceptions=True)
        return list(found)

    assert [type(each) for each in asyncio.run(run())] == [Receipt] * 2 + [AuditUnavailable] * 3
    assert kept.records[0].variables["count"] == "5"
