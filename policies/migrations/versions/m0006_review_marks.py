"""Adds the marks of the review queue: what auditors found when they looked at a record of the sample.

Marks are added and never changed; the audit log has each by its digest, so that a changed one is found out.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; `made` is in seconds since 1970, `number` counts the marks of a record from 1."""
    op.create_table(
        "review_mark",
        sa.Column("record_index", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("leaf_hash", "verdict", "reason", "account")),
        sa.Column("made", sa.BigInteger, nullable=False),
    )
    op.create_index("review_mark_made", "review_mark", ["made"])
