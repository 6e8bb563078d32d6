"""What the console refuses: a word of `wording/refusals.yaml` that says why and what to do, and a status."""

from __future__ import annotations

from typing import Final

STATUSES: Final = {
    "begin_again": 400,
    "provider": 503,
    "unknown": 403,
    "forged": 403,
    "role": 403,
    "choice": 400,
    "note": 400,
    "clear": 400,
    "value": 400,
    "record": 404,
    "saved_name": 400,
    "saved_many": 400,
    "whole_checked": 400,
    "whole_none": 404,
    "address": 421,
    "method": 405,
    "form": 400,
    "many": 429,
    "store": 503,
    "missing": 404,
    "failed": 500,
}
"""The HTTP status of each reason; its words are `refused_<reason>` and `refused_<reason>_title`."""


class PageRefused(Exception):
    """A page is not shown, and nothing was done: `why` is one of STATUSES, `names` fill in what its words leave."""

    def __init__(self, why: str, **names: str) -> None:
        super().__init__(why)
        self.why, self.names, self.status = why, names, STATUSES[why]
