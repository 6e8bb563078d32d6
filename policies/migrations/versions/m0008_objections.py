"""Adds the objections of residents to a look at their data.

A row holds the digest under which the log names the person, and what they wrote: never their number, name or account.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; `purposes` is JSON, days are ISO 8601, moments as in the other tables, `whole` is 0 or 1."""
    texts = "form subject department purposes first last reason sent due verdict answered answerer answer"
    op.create_table(
        "resident_objection",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts.split()),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("whole", "records")),
        sa.UniqueConstraint("subject", "form"),
    )
    op.create_index("resident_objection_verdict", "resident_objection", ["verdict"])
