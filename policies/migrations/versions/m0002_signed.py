"""Adds to versions, approvals and activations how the person who made them was known.

Rows that are there already get an empty text, under which their seals still hold.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column `signed` to the three tables."""
    for table in ("policy_version", "policy_approval", "policy_activation"):
        op.add_column(table, sa.Column("signed", sa.Text, nullable=False, server_default=""))
