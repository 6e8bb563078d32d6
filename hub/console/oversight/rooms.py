"""The pages of this room, each of which is for auditors alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa

from hub.auditor.review_marks import Marks
from hub.console.desk import Desk
from hub.console.oversight.balance_pages import BalancePages
from hub.console.oversight.export_pages import ExportPages
from hub.console.oversight.person_pages import PersonPages
from hub.console.oversight.review_pages import ReviewPages
from hub.console.oversight.unusual_pages import UnusualPages
from hub.console.page import Way


class Room(Protocol):
    """Some pages of the console."""

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""


def oversight_pages(desk: Desk, engine: sa.Engine) -> Sequence[Room]:
    """The pages of a console whose marks lie in the store behind `engine`."""
    return (
        PersonPages(desk),
        UnusualPages(desk),
        ReviewPages(desk, Marks(engine)),
        BalancePages(desk),
        ExportPages(desk),
    )
