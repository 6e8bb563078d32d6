"""The steps run on the connection that the store gives, inside its transaction: all of them, or none.

Alembic runs this file (alembic.sqlalchemy.org). It is no entry point: `policies/store.py` is.
"""

from __future__ import annotations

from alembic import context

VERSION_TABLE = "policy_schema"

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
