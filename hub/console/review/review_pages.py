"""The pages of this room together."""

from __future__ import annotations

from hub.console.desk import Desk
from hub.console.page import Way
from hub.console.review.preview_pages import PreviewPages
from hub.console.review.replay_pages import ReplayPages
from hub.console.review.return_pages import ReturnPages
from hub.console.review.why_pages import WhyPages


class ReviewPages:
    """The pages of one console with which people judge a policy before it is in force, and after."""

    def __init__(self, desk: Desk) -> None:
        self._rooms = (PreviewPages(desk), WhyPages(desk), ReplayPages(desk), ReturnPages(desk))

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return tuple(way for each in self._rooms for way in each.ways())
