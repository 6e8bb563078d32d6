"""An audit log on a real PostgreSQL: prepared by the server's administrator, used by roles that append or read."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from audit.stores.postgres_schema import prepare
from tests.support.postgres import PASSWORD, Postgres


@dataclass(frozen=True)
class ServerLog:
    """One database: its addresses for the administrator, for who appends and for who reads."""

    admin: str
    append: str
    read: str


def server_log(server: Postgres, name: str, *, months: int = 12) -> ServerLog:
    """A prepared, empty log in the database `name`, which is made if there is none.

    To make a database, and to take it away again, costs more than a second on a disk that is waited for.
    """
    admin = server.address(name, "postgresql")
    if not server.has(name):
        server.database(name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS audit CASCADE")
        for role in ("hub", "auditor"):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'".encode())
    prepare(admin, months, append=["hub"], read=["auditor"])
    hub, auditor = (admin.replace("//postgres:", f"//{role}:", 1) for role in ("hub", "auditor"))
    return ServerLog(admin, hub, auditor)
