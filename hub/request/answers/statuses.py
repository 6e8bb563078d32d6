"""The HTTP status and the media type of an answer, in the two profiles of GraphQL over HTTP.

`common` is what the suite `graphql-http` 1.23 tests, and what clients have been made for: a client that takes
`application/json` alone gets a fault of its document with 200, as the answers of a GraphQL server. `strict` is the
draft of 2026: 422 for a request that is understood and cannot be executed, 294 for data beside errors, and errors in
GraphQL's media type always. In both a client of `application/graphql-response+json` reads the answer whatever its
status is. Source: graphql.github.io/graphql-over-http/draft, sections Body and Status Codes.
"""

from __future__ import annotations

from hub.errors import PARTIAL, Code, HubError
from hub.request.answers.preferences import GRAPHQL_JSON, JSON, Preferences

OK = 200


def status_of(errors: tuple[HubError, ...], blocking: HubError | None, preferences: Preferences) -> int:
    """The status of an answer with `errors`, of which `blocking` allows no data."""
    if blocking is None:
        return PARTIAL if errors and preferences.strict else OK
    if preferences.strict:
        return blocking.strict_status
    if blocking.code is Code.VALIDATION and preferences.media_type == JSON:
        return OK
    return blocking.http_status


def media_type_of(status: int, preferences: Preferences) -> str:
    """The media type of an answer, with its encoding."""
    of_error = preferences.strict and status not in {OK, PARTIAL}
    return f"{GRAPHQL_JSON if of_error else preferences.media_type}; charset=utf-8"
