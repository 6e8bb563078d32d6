"""On a server, who appends can do nothing else, who reads appends nothing, and the owner does no harm by accident."""

import datetime as dt

import psycopg
import pytest

from audit.log import AuditLog
from audit.record import Record
from audit.verify import verify
from tests.support.postgres import Postgres
from tests.support.postgres_log import ServerLog, server_log

pytestmark = pytest.mark.fault


def record(number: int = 0) -> Record:
    return Record(kind="query", request_id=f"r{number}", result="OK", http_status=200)


@pytest.mark.parametrize("role", ["append", "read"])
@pytest.mark.parametrize("table", ["record", "record_{month}", "operation", "node", "checkpoint", "head", "layout"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit.{table} SET {column} = {column}",
        "DELETE FROM audit.{table}",
        "TRUNCATE audit.{table}",
        "ALTER TABLE audit.{table} DISABLE TRIGGER ALL",
        "DROP TABLE audit.{table}",
        "CREATE TRIGGER t BEFORE INSERT ON audit.{table} FOR EACH ROW EXECUTE FUNCTION audit.refuse()",
        "CREATE TABLE audit.mine_{table} (x int)",
    ],
)
def test_who_appends_can_neither_change_nor_delete(shared: ServerLog, role: str, table: str, statement: str) -> None:
    month = f"{dt.datetime.now(dt.UTC):%Y_%m}"
    column = {"record": "idx", "operation": "text", "node": "hash", "checkpoint": "note", "head": "root"}
    name = table.format(month=month)
    given = statement.format(table=name, column=column.get(table.partition("_")[0], "version"))
    with psycopg.connect(getattr(shared, role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(given.encode())


@pytest.fixture(scope="module")
def shared(server: Postgres) -> ServerLog:
    log = server_log(server, "log_shared")
    written = AuditLog.open(log.append, 60)
    for number in range(3):
        written.append_sync(record(number))
    written.close()
    return log


def test_who_reads_cannot_append(shared: ServerLog) -> None:
    with psycopg.connect(shared.read) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("INSERT INTO audit.checkpoint VALUES (1, '')")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit.record SET idx = 9",
        "DELETE FROM audit.record",
        "DELETE FROM audit.{partition}",
        "TRUNCATE audit.record",
        "TRUNCATE audit.{partition}",
        "DELETE FROM audit.head",
        "TRUNCATE audit.head",
        "UPDATE audit.layout SET version = 3",
    ],
)
def test_not_even_the_owner_does_it_by_accident(shared: ServerLog, statement: str) -> None:
    partition = f"record_{dt.datetime.now(dt.UTC):%Y_%m}"
    with psycopg.connect(shared.admin) as connection, pytest.raises(psycopg.Error, match="append only"):
        connection.execute(statement.format(partition=partition).encode())
    assert verify(shared.read).size == 3
