"""How a REST source is shown who asks: a bearer key, a key in a header, or OAuth 2 client credentials (RFC 6749, 4.4).

Secrets and tokens stand in requests and nowhere else; a token is fetched for one read and forgotten.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from typing import Annotated, Any

from pydantic import Field

from connectors.base import ConnectorError
from connectors.readers.guarded_session import GuardedSession
from connectors.readers.page_json import loads
from connectors.secret_names import SecretName, read_secret
from connectors.source_model import Block
from schema import shapes

_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}\Z")


class ApiKey(Block):
    """A key that stands in a header of each request."""

    header: Annotated[str, Field(pattern=shapes.HEADER)]
    secret: SecretName


class OAuth(Block):
    """Where a token is fetched, and for whom."""

    token: str = Field(min_length=1)
    client: str = Field(min_length=1, max_length=256)
    secret: SecretName
    scope: str | None = Field(default=None, min_length=1, max_length=1_000)


def key_headers(name: str, bearer: str | None, api_key: ApiKey | None) -> dict[str, str]:
    """The header with the key of a source; none if it takes a token, or nothing. Raises ConnectorError."""
    if bearer is not None:
        return {"Authorization": f"Bearer {_sendable(name, bearer)}"}
    return {api_key.header: _sendable(name, api_key.secret)} if api_key else {}


def _sendable(name: str, reference: str) -> str:
    secret = read_secret(name, reference, os.environ).get_secret_value()
    if not secret.isascii() or not secret.isprintable():
        raise ConnectorError(name, "the secret holds signs that no header takes; write the key alone, on one line")
    return secret


def fetch_token(name: str, session: GuardedSession, oauth: OAuth) -> dict[str, str]:
    """The header with a new token; raises ConnectorError, and requests' errors."""
    secret = read_secret(name, oauth.secret, os.environ).get_secret_value()
    asked = {"grant_type": "client_credentials"} | ({"scope": oauth.scope} if oauth.scope else {})
    credentials = b64encode(f"{oauth.client}:{secret}".encode()).decode()
    answer = session.post(oauth.token, data=asked, headers={"Authorization": f"Basic {credentials}"})
    if answer.status_code != 200:
        wrong = answer.status_code in {400, 401, 403}
        problem = "see `oauth.client` and its secret" if wrong else "pull again later"
        raise ConnectorError(name, f"no token is given ({answer.status_code}); {problem}", terminal=wrong)
    token = _token(answer.content)
    if token is None:
        raise ConnectorError(name, "what is given for a token is none; see `oauth.token`")
    return {"Authorization": f"Bearer {token}"}


def _token(body: bytes) -> str | None:
    try:
        given: Any = loads(body, "utf-8")
    except ValueError:
        return None
    if not isinstance(given, dict) or str(given.get("token_type", "bearer")).lower() != "bearer":
        return None
    token = given.get("access_token")
    return token if isinstance(token, str) and _TOKEN.match(token) else None
