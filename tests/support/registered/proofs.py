"""Proofs of DPoP as a client makes them, and tokens that are bound to its key."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key

MINE = ECKey.generate_key("P-256")


def bound_to(key: Key = MINE) -> dict[str, Any]:
    """The claim that binds a token to a key."""
    return {"jkt": key.thumbprint()}


def digest(token: str) -> str:
    """What a proof says of the token that it is for."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def proof(
    token: str, url: str, method: str = "POST", key: Any = MINE, header: dict[str, Any] | None = None, **changes: Any
) -> str:
    """A proof of the key for a request; changes that are None take a claim out, or a member of the header."""
    claims = {"jti": secrets.token_hex(8), "htm": method, "htu": url, "iat": int(time.time()), "ath": digest(token)}
    head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False), **(header or {})}
    told = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    members = {name: value for name, value in head.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[str(members.get("alg"))], strict_check_header=False)
    return jwt.encode(members, told, key, registry=registry)
