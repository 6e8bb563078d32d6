"""Derives surrogates: the node keys that one home gives to the identities in its sources.

A surrogate is a keyed digest (HMAC-SHA-256): without the home's `graph.key` it tells nothing about the identity.
"""

from __future__ import annotations

import hmac


def surrogate(key: bytes, entity: str, identity: str) -> str:
    """The node key of an entity: 32 hex characters, the same for the same identity under one home's key."""
    message = entity.encode() + b"\x00" + identity.encode()
    return hmac.digest(key, message, "sha256").hex()[:32]
