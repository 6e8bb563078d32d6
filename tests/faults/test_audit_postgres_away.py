"""A server that hangs, goes away or may lose what it acknowledged is refused, and the log recovers by itself."""

import signal
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from audit.log import AuditLog, AuditUnavailable
from audit.record import Record
from audit.verify import verify
from tests.support.postgres import PASSWORD, Postgres, postgres
from tests.support.postgres_log import ServerLog, server_log
from tests.support.waiting import append_at_last, until, until_healthy

pytestmark = pytest.mark.fault


def record(number: int = 0) -> Record:
    return Record(kind="query", request_id=f"r{number}", result="OK", http_status=200)


def refused(log: AuditLog) -> str:
    with pytest.raises(AuditUnavailable) as raised:
        log.append_sync(record())
    assert PASSWORD not in str(raised.value)
    return str(raised.value)


@pytest.fixture(scope="module")
def other_server() -> Iterator[Postgres]:
    with postgres(durable=True) as running:
        yield running


@pytest.fixture
def own(other_server: Postgres) -> Iterator[tuple[Postgres, ServerLog]]:
    """A server to be stopped, killed and started."""
    yield other_server, server_log(other_server, "log")
    other_server.stop()
    other_server.start()


def test_l20_a_server_that_hangs_refuses_at_the_deadline_and_recovers(own: tuple[Postgres, ServerLog]) -> None:
    server, kept = own
    log = AuditLog.open(kept.append, 0.5)
    append_at_last(log, record())
    until_healthy(log)
    server.signal_all(signal.SIGSTOP)
    try:
        assert "not durable by the deadline" in refused(log)
        until(lambda: not log.healthy)
        refused(log)
    finally:
        server.signal_all(signal.SIGCONT)
    last = append_at_last(log, record()).index
    log.close()
    assert verify(kept.read).size == last + 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_goes_away_refuses_and_recovers(own: tuple[Postgres, ServerLog], how: signal.Signals) -> None:
    server, kept = own
    log = AuditLog.open(kept.append, 60)
    told: list[int] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with suppress(AuditUnavailable):
                told.append(log.append_sync(record()).index)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(told) > 50)
    server.stop(how)
    until(lambda: not log.healthy)
    refused(log)
    server.start()
    until_healthy(log)
    before = len(told)
    until(lambda: len(told) > before + 20)
    stop.set()
    for thread in threads:
        thread.join()
    log.close()
    assert len(set(told)) == len(told)
    verdict = verify(kept.read)
    assert verdict.ok
    assert verdict.size > max(told)


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("-cfsync=off", "fsync off"),
        ("-csynchronous_commit=off", "synchronous_commit off"),
        ("-cdata_sync_retry=on", "data_sync_retry on"),
    ],
)
def test_l16_a_server_that_may_lose_what_it_acknowledged_is_refused(
    own: tuple[Postgres, ServerLog], setting: str, code: str
) -> None:
    server, kept = own
    server.stop()
    server.start(setting)
    with pytest.raises(AuditUnavailable) as raised:
        AuditLog.open(kept.append, 60)
    assert code in str(raised.value)
    assert PASSWORD not in str(raised.value)


def test_a_server_that_is_away_at_the_start_is_awaited(own: tuple[Postgres, ServerLog]) -> None:
    server, kept = own
    server.stop()
    log = AuditLog.open(kept.append, 60)
    assert not log.healthy
    assert "CONNECTION" in refused(log)
    server.start()
    append_at_last(log, record())
    log.close()
