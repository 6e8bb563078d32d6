"""The local token issuer, for demos and tests.

Its private key never leaves its key file, and its tokens live for an hour at most. In production a department brings
its own OpenID provider: `SLUICEGATE_ISSUER_DISCOVERY`, or its JWK set in the file `SLUICEGATE_ISSUER_JWKS`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

from hub.home.key_files import KeyRefused, read_or_create
from hub.home.key_ring import ring_of
from hub.home.settings import Settings

LEEWAY_SECONDS: Final = 30
"""How far the clocks of an issuer and a hub may differ."""
MAX_LIFETIME_SECONDS: Final = 3_600
"""Longest lifetime of a token that a hub accepts."""


class Issuer:
    """Issues ES256 tokens with the present key in the home's key folder, made on first use."""

    def __init__(self, settings: Settings) -> None:
        """Raises KeyRefused if the key file is damaged or others may read it."""
        self._settings = settings
        self._ring = ring_of(settings.keys_folder, "issuer")
        self._keys = {each.number: _load(each.file) for each in self._ring.accepted(time.time())}

    def write_jwks(self) -> Path:
        """Write the public keys as a JWK set beside the private ones, and return its path."""
        path = self._settings.keys_folder / "issuer.jwks.json"
        content = orjson.dumps({"keys": [each.as_dict(private=False) for each in self._keys.values()]})
        if not path.exists() or path.read_bytes() != content:
            draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            draft.write_bytes(content)
            draft.replace(path)
        return path

    def issue(self, client_id: str, sub: str, seconds: int = 600) -> str:
        """A token for an application and a person, valid from now for `seconds` (at most 3,600)."""
        if not 0 < seconds <= MAX_LIFETIME_SECONDS:
            raise ValueError(f"a token lives for 1 to {MAX_LIFETIME_SECONDS} seconds")
        now = int(time.time())
        claims = {
            "iss": self._settings.issuer,
            "aud": self._settings.audience,
            "client_id": client_id,
            "sub": sub,
            "iat": now,
            "nbf": now - LEEWAY_SECONDS,
            "exp": now + seconds,
            "jti": secrets.token_hex(8),
        }
        key = self._keys[self._ring.current(now).number]
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


def _load(path: Path) -> ECKey:
    try:
        return ECKey.import_key(orjson.loads(read_or_create(path, new_issuer_key, replaceable=True)))
    except ValueError:
        raise KeyRefused(f"{path} does not hold a key (JWK); restore it from its backup") from None


def new_issuer_key() -> bytes:
    """A new private key, as the content of its file."""
    key = ECKey.generate_key("P-256", parameters={"alg": "ES256", "use": "sig"}, private=True, auto_kid=True)
    return orjson.dumps(key.as_dict(private=True))


def actor_of(claims: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """The application that acts, and who works it if the token says so, of claims that were checked (RFC 8693, 4.1)."""
    act = claims.get("act")
    if act is None:
        return None
    return (act["client_id"], act.get("sub")) if "client_id" in act else (act["sub"], None)
