"""Adds the sessions of residents, apart from those of people who keep the policy.

A row holds the digests under which the log names the person, never their number, name, or account at a provider.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; times are seconds since 1970, and `subject` are digests with commas between."""
    op.create_table(
        "resident_session",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("begun", "used")),
    )
    op.create_index("resident_session_subject", "resident_session", ["subject"])
