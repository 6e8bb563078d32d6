"""Adds requests for access: what developers ask owners for, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; `fields` is JSON, days are ISO 8601, moments are as in the other tables."""
    texts = "form account person application purpose kind owner fields rows basis reason until asked due lapses"
    op.create_table(
        "access_request",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts.split()),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("state", "answered", "answerer", "answer")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("account", "form", "owner", "kind"),
    )
    op.create_index("access_request_state", "access_request", ["state"])
