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
    "personal": 400,
    "named": 429,
    "clear": 400,
    "value": 400,
    "record": 404,
    "record_unproved": 404,
    "dev_application": 400,
    "over_busy": 503,
    "over_own": 403,
    "over_unsampled": 404,
    "over_mark": 400,
    "over_marked": 409,
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
    "ask_missing": 404,
    "ask_fields": 400,
    "ask_answer": 400,
    "ask_many": 429,
    "my_none": 404,
    "my_claim": 403,
    "my_begin_again": 400,
    "my_provider": 503,
    "my_later": 503,
    "my_access": 400,
    "my_many": 429,
    "my_withdrawn": 409,
    "obj_missing": 404,
    # Of the operator's pages; their words are in `wording/operator.yaml`.
    "source": 404,
    "sources": 503,
    "unnamed": 400,
    "pushed": 400,
    "trial": 503,
    "again": 409,
    "graph_away": 503,
    "review_busy": 503,
    "review_late": 503,
    "review_no_sample": 400,
    "review_query": 400,
    "review_time": 400,
    "review_unread": 400,
}
"""The HTTP status of each reason; its words are `refused_<reason>` and `refused_<reason>_title`."""


class PageRefused(Exception):
    """A page is not shown, and nothing was done: `why` is one of STATUSES, `names` fill in what its words leave."""

    def __init__(self, why: str, **names: str) -> None:
        super().__init__(why)
        self.why, self.names, self.status = why, names, STATUSES[why]
