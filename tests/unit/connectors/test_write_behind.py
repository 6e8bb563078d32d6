"""One batch is written while the next is read: in order, one at a time, and the first failure is the one told."""

from __future__ import annotations

import threading

import pytest

from connectors.base import Batch, ConnectorError, StreamPlan, Written
from connectors.write_behind import WriteBehind

pytestmark = pytest.mark.unit

PLAN = StreamPlan("s/t", "s", "Event", "event", 1, (), {}, (), None, True)


class Slow:
    """A sink that writes when it is allowed to, and fails at the batches named."""

    def __init__(self, *failing: str) -> None:
        self.allowed = threading.Event()
        self.failing = failing
        self.written: list[str] = []
        self.settled = -1

    def write(self, batch: Batch) -> Written:
        assert self.allowed.wait(20)
        if batch.run in self.failing:
            raise RuntimeError(batch.run)
        self.written.append(batch.run)
        return Written(inserted=int(batch.run))

    def settle(self) -> None:
        self.settled = len(self.written)


def batch(number: int) -> Batch:
    return Batch(PLAN, str(number))


def test_the_reader_goes_on_while_a_batch_is_written() -> None:
    sink, taken = Slow(), list[int]()
    with WriteBehind(sink) as writes:
        writes.begin(batch(1), lambda written: taken.append(written.inserted))
        assert (sink.written, taken) == ([], [])
        sink.allowed.set()
        writes.settle()
        assert (sink.written, taken) == (["1"], [1])
        writes.begin(batch(2), lambda written: taken.append(written.inserted))
    assert (sink.written, taken) == (["1", "2"], [1, 2])
    assert sink.settled == 2


def test_nothing_is_begun_beside_another_batch() -> None:
    sink = Slow()
    sink.allowed.set()
    with WriteBehind(sink) as writes:
        writes.begin(batch(1), lambda _: None)
        with pytest.raises(AssertionError):
            writes.begin(batch(2), lambda _: None)
    assert sink.written == ["1"]


def test_a_failed_write_is_raised_and_its_result_not_taken() -> None:
    sink, taken = Slow("1"), list[Written]()
    sink.allowed.set()
    writes = WriteBehind(sink)
    with pytest.raises(RuntimeError, match="1"), writes:
        writes.begin(batch(1), taken.append)
        writes.settle()
        writes.begin(batch(2), taken.append)
    assert (sink.written, taken) == ([], [])


@pytest.mark.parametrize("failing", [(), ("1",)], ids=["the write succeeds", "the write fails"])
def test_a_failed_reading_waits_for_what_came_before(failing: tuple[str, ...]) -> None:
    sink, taken = Slow(*failing), list[Written]()
    expected = RuntimeError if failing else ConnectorError
    with pytest.raises(expected), WriteBehind(sink) as writes:
        writes.begin(batch(1), taken.append)
        sink.allowed.set()
        raise ConnectorError("s", "cannot be read")
    assert (len(sink.written), len(taken)) == ((0, 0) if failing else (1, 1))


def test_an_interrupted_reading_waits_and_stays_interrupted() -> None:
    sink = Slow("1")
    with pytest.raises(KeyboardInterrupt), WriteBehind(sink) as writes:
        writes.begin(batch(1), lambda _: None)
        sink.allowed.set()
        raise KeyboardInterrupt
