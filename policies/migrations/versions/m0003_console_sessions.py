"""Adds the sessions of the console: who is signed in, by the digest of what their browser holds.

They lie here because every worker and every hub of an installation has to know that a session was ended.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; times are seconds since 1970."""
    op.create_table(
        "console_session",
        sa.Column("digest", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "account", "issuer", "subject")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("begun", "used")),
    )
    op.create_index("console_session_account", "console_session", ["account"])
