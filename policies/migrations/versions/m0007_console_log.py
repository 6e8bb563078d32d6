"""Adds what auditors keep in the console: their saved searches, and the last check of the whole log.

They lie here because every worker and every hub of an installation shows them. A saved search holds names of the policy
and digests, never a value.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the two tables; times are seconds since 1970."""
    op.create_table(
        "console_saved_search",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("issuer", "subject", "name", "terms")),
        sa.Column("made", sa.BigInteger, nullable=False),
    )
    op.create_index("console_saved_search_person", "console_saved_search", ["issuer", "subject"])
    op.create_table(
        "console_log_check",
        sa.Column("run", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("account", "verdict")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("begun", "beat", "done", "total", "ended")),
    )
