"""Signs a person in at an OpenID provider by the authorization code flow with PKCE, in their browser.

The browser keeps what was begun (`Begun`) and brings it back with the provider's code; a code of another browser does
not fit. The hub is a public client, or one with a secret that it shows when it brings the code (`client_secret_basic`).

OpenID Connect Core 1.0 sections 3.1 and 9, RFC 7636 (PKCE), RFC 9207 (the issuer beside the code).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from hub.home.sign_in import Identity, Provider, SignInRefused, check_claims, identity_in, keys_of, post_form

FRESH_SECONDS: Final = 300
"""How old a sign-in may be that a provider signed, when its code is brought."""


@dataclass(frozen=True, slots=True)
class Client:
    """What a hub is to a provider: its name there, and its secret if it has one."""

    name: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that a browser began: the state and the nonce that come back, and the verifier of PKCE (RFC 7636)."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def now(cls) -> Begun:
        """A new one."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @classmethod
    def read(cls, text: str) -> Begun | None:
        """The one that `str` wrote; None for any other text."""
        parts = text.split(".")
        return cls(*parts) if len(parts) == 3 and all(len(part) == 43 for part in parts) else None

    def __str__(self) -> str:
        return f"{self.state}.{self.nonce}.{self.verifier}"

    @property
    def challenge(self) -> str:
        """The challenge that belongs to the verifier, method S256."""
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


def page_of(provider: Provider, client: str, redirect: str, begun: Begun, claim: str | None = None) -> str:
    """The provider's page at which the person signs in; it sends the browser back to `redirect`.

    `claim` names one that the ID token has to have (OpenID Connect Core 1.0, 5.5).
    """
    asked = {
        "response_type": "code",
        "scope": "openid",
        "client_id": client,
        "redirect_uri": redirect,
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": begun.challenge,
        "code_challenge_method": "S256",
    }
    if claim is not None:
        asked["claims"] = json.dumps({"id_token": {claim: {"essential": True}}})
    return f"{provider.begins}{'&' if '?' in provider.begins else '?'}{urlencode(asked)}"


def code_of(answer: Mapping[str, str], provider: Provider, begun: Begun) -> str:
    """The code that a browser brings back with `answer`, the parameters of its address; SignInRefused without one."""
    if not secrets.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
        raise SignInRefused("the sign-in was begun by another browser, or in another tab after this one; begin again")
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise SignInRefused("the code is from another provider; begin again")
    if not answer.get("code"):
        raise SignInRefused("the provider did not sign anybody in; begin again")
    return answer["code"]


def redeem(provider: Provider, client: Client, redirect: str, code: str, begun: Begun) -> Identity:
    """Who signed in, for a code of the provider; SignInRefused if it is not taken, or is not of this sign-in."""
    return identity_in(redeem_claims(provider, client, redirect, code, begun))


def redeem_claims(provider: Provider, client: Client, redirect: str, code: str, begun: Begun) -> Mapping[str, Any]:
    """What the provider says of who signed in, for a code; SignInRefused as `redeem`."""
    form = {
        "grant_type": "authorization_code",
        "client_id": client.name,
        "redirect_uri": redirect,
        "code": code,
        "code_verifier": begun.verifier,
    }
    status, answer = post_form(provider.token, form, None if client.secret is None else (client.name, client.secret))
    token = answer.get("id_token")
    if status != 200 or not isinstance(token, str):
        raise SignInRefused("the provider does not take the code; begin again")
    claims = check_claims(token, keys_of(provider), provider.issuer, client.name, begun.nonce)
    if identity_in(claims).at + FRESH_SECONDS < time.time():
        raise SignInRefused("the provider's sign-in is too old, or its clock is wrong; begin again")
    return claims
