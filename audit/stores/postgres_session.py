"""A PostgreSQL connection whose waits have time limits, and the checks of server and role before the first append.

No record goes to a server that may lose what it acknowledged (fsync or synchronous_commit off, data_sync_retry on), or
under a role that could do more to the log than append. The time limits are kept on this side, because a server that
hangs keeps none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import psycopg
from psycopg import conninfo
from psycopg.abc import RV, PQGen

from audit.stores.base import StoreFault

CONNECT_SECONDS: Final = 2
STATEMENT_SECONDS: Final = 5.0
"""How long this side waits for the server to answer one statement."""

# TCP notices a dead server within seconds, whatever the settings of this machine.
_SOCKET: Final = {
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}

_REFUSED: Final[tuple[tuple[LiteralString, str, str], ...]] = (
    ("fsync", "off", "FSYNC_OFF"),
    ("synchronous_commit", "off", "COMMIT_NOT_SYNCHRONOUS"),
    ("data_sync_retry", "on", "SYNC_RETRIED"),
)

_TOO_STRONG: Final[LiteralString] = """
SELECT rolsuper OR EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'audit' AND c.relkind IN ('r', 'p') AND (
        pg_has_role(current_user, c.relowner, 'MEMBER')
        OR has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE')
        OR has_table_privilege(c.oid, 'TRUNCATE') OR has_table_privilege(c.oid, 'TRIGGER')
    )
) FROM pg_roles WHERE rolname = current_user
"""

# SQLSTATEs after which the same store may take the next record: time-outs, a full disk, too many connections, a server
# that is starting or stopping, a standby, rights or a password that somebody corrects.
_PASSING: Final = frozenset(("08", "25", "28", "40", "42501", "53", "55", "57"))
_NAMES: Final = {
    "53100": "DISK_FULL",
    "55P03": "LOCKED",
    "57014": "TIMED_OUT",
    "25006": "READ_ONLY",
    "42501": "NO_RIGHT",
    "42P01": "NOT_PREPARED",
    "3F000": "NOT_PREPARED",
    "23505": "INDEX_TAKEN",
}


class Session(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which each exchange ends within `patience` seconds, by an answer or by an error."""

    patience = STATEMENT_SECONDS

    @classmethod
    def open(cls, url: str, **settings: object) -> Session:
        """Connect; `settings` are the server's, for this session. Raises StoreFault."""
        with store_faults():
            given: dict[str, Any] = dict(conninfo.conninfo_to_dict(url))
            kept = str(given.pop("options", None) or "")
            given |= _SOCKET | {
                "options": f"{kept} {' '.join(f'-c {name}={value}' for name, value in settings.items())}".strip(),
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "sluicegate audit",
            }
            return cls.connect(conninfo.make_conninfo(**given), autocommit=True)

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Run one exchange with the server; OperationalError if it takes longer than it may."""
        return super().wait(gen, interval, self.patience if timeout is None else timeout)


def check_server(session: Session) -> None:
    """Raise StoreFault unless the server keeps what it acknowledges and the role can do no more than append."""
    for name, refused, code in _REFUSED:
        if _one(session, "SELECT current_setting(%s)", name) == refused:
            raise StoreFault(code, lasting=True)
    session.execute("SET synchronous_commit = on")
    if _one(session, "SELECT pg_is_in_recovery()"):
        raise StoreFault("READ_ONLY", lasting=False)
    if _one(session, _TOO_STRONG):
        raise StoreFault("ROLE_TOO_STRONG", lasting=True)


def _one(session: Session, statement: LiteralString, *values: object) -> object:
    row = session.execute(statement, values).fetchone()
    return None if row is None else row[0]


@contextmanager
def store_faults() -> Iterator[None]:
    """Raise errors of PostgreSQL as StoreFault; an error without SQLSTATE means that the connection failed."""
    try:
        yield
    except psycopg.Error as error:
        state = error.sqlstate
        if state is None:
            broken = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
            raise StoreFault("CONNECTION" if broken else "INTERNAL", lasting=not broken) from None
        if state == "23514" and error.diag.constraint_name is None:
            raise StoreFault("NO_PARTITION", lasting=False) from None
        passing = state in _PASSING or state[:2] in _PASSING
        raise StoreFault(_NAMES.get(state, state), lasting=not passing) from None
