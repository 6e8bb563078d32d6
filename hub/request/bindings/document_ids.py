"""Reads which registered document the members of a request name.

`documentId` is that of GraphQL over HTTP, appendix A. Clients that know persisted queries only (Apollo Client, urql)
name the same digest under `extensions.persistedQuery`; beside a `query` that stays without meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Code, HubError
from policies.operations.registered import PREFIX


def document_id_of(members: Mapping[str, Any]) -> str | None:
    """The document id of a request, if it is asked by one; raises BAD_REQUEST for one beside a `query`, or no text."""
    stated, has_query = members.get("documentId"), members.get("query") is not None
    if stated is None:
        return None if has_query else _persisted_query(members.get("extensions"))
    if not isinstance(stated, str):
        raise HubError(Code.BAD_REQUEST, "`documentId` must be a text: sha256: and the digest of the document")
    if has_query:
        raise HubError(
            Code.BAD_REQUEST, "send `query` or `documentId`, not both: one could be reviewed and not the other"
        )
    return stated


def _persisted_query(extensions: Any) -> str | None:
    named = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    digest = named.get("sha256Hash") if isinstance(named, dict) else None
    return f"{PREFIX}{digest}" if isinstance(digest, str) else None
