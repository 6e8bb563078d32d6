"""An issuer whose tokens hold what a test wants, and a hub that believes it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from policies.model import PolicySet
from tests.support.serving import Served, serving

ISSUER, AUDIENCE = "https://id.example", "hub"
KEY = ECKey.generate_key("P-256", {"kid": "own"})


def token(*, app: str = "fire-inspection", person: str = "inspector-1", **changes: Any) -> str:
    """A good token with these claims besides; one that is None is taken out."""
    now = int(time.time())
    made = {"iss": ISSUER, "aud": AUDIENCE, "client_id": app, "sub": person, "iat": now, "exp": now + 600, **changes}
    claims = {name: value for name, value in made.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": "own"}, claims, KEY)


@contextmanager
def serving_own_issuer(folder: Path, policy: PolicySet, **settings: Any) -> Iterator[Served]:
    """A hub that takes those tokens."""
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}), "utf-8")
    with serving(folder / "home", policy=policy, issuer_jwks=jwks, issuer=ISSUER, audience=AUDIENCE, **settings) as hub:
        yield hub
