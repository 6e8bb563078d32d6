"""Runs the migration steps; Alembic loads this file (alembic.sqlalchemy.org).

All steps run in one transaction of the connection that `policies/store_tables.py` gives: all of them, or none.
"""

from __future__ import annotations

from alembic import context

VERSION_TABLE = "policy_schema"

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
