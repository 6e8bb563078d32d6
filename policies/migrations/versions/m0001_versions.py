"""Creates the first tables of the version store and their triggers.

Versions, files, approvals and activations can be added and never changed; daily counts can change. The triggers are a
second fence only: what proves a row is its seal, which `policies/versions.py` makes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("policy_version", "policy_file", "policy_approval", "policy_activation")


def upgrade() -> None:
    """Make the tables of the first layout, and their triggers."""
    _versions()
    op.create_table(
        "policy_use",
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("application", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("used", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _postgresql_triggers()
    else:
        _sqlite_triggers()


def _versions() -> None:
    op.create_table(
        "policy_version",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("hash", "author", "person", "note", "made", "seal")),
        sa.Column("base", sa.Integer, sa.ForeignKey("policy_version.number")),
    )
    op.create_table(
        "policy_file",
        sa.Column("version", sa.Integer, sa.ForeignKey("policy_version.number"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "policy_approval",
        sa.Column("version", sa.Integer, sa.ForeignKey("policy_version.number"), primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("hash", "person", "made", "seal")),
    )
    names = ("hash", "starts", "author", "approver", "account", "made", "seal")
    op.create_table(
        "policy_activation",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, sa.ForeignKey("policy_version.number"), nullable=False),
        sa.Column("base", sa.Integer),
        *(sa.Column(name, sa.Text, nullable=False) for name in names),
    )


def _sqlite_triggers() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'append only'); END"
            )


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION policy_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append only'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION policy_append_only()"
        )
