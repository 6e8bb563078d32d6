"""Signs a person in at an OpenID provider by the device flow, and checks what the provider says about them.

A person is known by what the provider signed: issuer, `sub`, and when. Nothing is sent to a provider but the client's
name and the codes of the flow; all of it over TLS, except to this machine. `code_flow.py` is the other flow, for a page
that people have open in a browser anyway.

OpenID Connect Discovery 1.0, OpenID Connect Core 1.0 section 3.1.3.7, RFC 8628 (device authorization grant).
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.home.addresses import LOOPBACK
from hub.home.strict_json import NotStrict, loads
from hub.home.visible_names import is_visible

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE: Final = "device_authorization_endpoint"
CODE: Final = "authorization_endpoint"
FLOWS: Final = {DEVICE: "the device flow (RFC 8628)", CODE: "the authorization code flow with PKCE (RFC 7636)"}
"""What each flow is called, by the endpoint where it begins."""
ALGORITHMS: Final = ["ES256", "RS256", "PS256", "Ed25519"]
ANSWER_SECONDS: Final = 10.0
MAX_ANSWER: Final = 262_144
MAX_WAIT_SECONDS: Final = 900.0
LEEWAY_SECONDS: Final = 30


class SignInRefused(RuntimeError):
    """Nobody is signed in, or not who it has to be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in: `subject` at `issuer`, at the time `at` (seconds since 1970, as the provider signed it)."""

    issuer: str
    subject: str
    at: int


@dataclass(frozen=True, slots=True)
class Provider:
    """The endpoints of an OpenID provider; at `begins` the flow begins that it was looked up for."""

    issuer: str
    begins: str
    token: str
    jwks: str


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person has to do: open the page and confirm the code there, within `seconds`."""

    page: str
    user_code: str
    whole_page: str | None
    device_code: str
    seconds: float
    interval: float


def discover(issuer: str, begins: str = DEVICE) -> Provider:
    """The provider at `issuer`; SignInRefused if it does not answer, is not that issuer, or has not the flow.

    `begins` names the endpoint of the flow: DEVICE or CODE.
    """
    _check_address(issuer, "the provider")
    found = _get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise SignInRefused(f"the provider at {issuer} says that it is another; give its name exactly as it writes it")
    names = (begins, "token_endpoint", "jwks_uri")
    for name in names:
        if not isinstance(found.get(name), str):
            raise SignInRefused(f"the provider {issuer} has no {name}; sign-in needs {FLOWS[begins]}")
        _check_address(found[name], name)
    return Provider(issuer, *(found[name] for name in names))


def begin(provider: Provider, client: str) -> DeviceCode:
    """Begin a sign-in; SignInRefused if the provider does not know the client."""
    status, answer = post_form(provider.begins, {"client_id": client, "scope": "openid"})
    texts = [answer.get(name) for name in ("verification_uri", "user_code", "device_code")]
    if status != 200 or not all(isinstance(text, str) and text for text in texts):
        raise SignInRefused(f"the provider did not begin a sign-in ({answer.get('error', status)})")
    whole = answer.get("verification_uri_complete")
    return DeviceCode(
        page=str(texts[0]),
        user_code=str(texts[1]),
        whole_page=whole if isinstance(whole, str) else None,
        device_code=str(texts[2]),
        seconds=min(_number(answer.get("expires_in"), 600.0), MAX_WAIT_SECONDS),
        interval=max(_number(answer.get("interval"), 5.0), 0.1),
    )


def await_token(provider: Provider, client: str, code: DeviceCode, sleep: Callable[[float], None] = time.sleep) -> str:
    """The ID token, once the person has confirmed; SignInRefused if they refuse, or do not confirm in time."""
    interval, until = code.interval, time.monotonic() + code.seconds
    form = {"grant_type": DEVICE_GRANT, "device_code": code.device_code, "client_id": client}
    while time.monotonic() < until:
        sleep(interval)
        status, answer = post_form(provider.token, form)
        error = answer.get("error")
        if status == 200 and isinstance(answer.get("id_token"), str):
            return str(answer["id_token"])
        if error == "slow_down":
            interval += 5.0
        elif error != "authorization_pending":
            raise SignInRefused(f"the provider did not sign anybody in ({error or status}); begin again")
    raise SignInRefused("the code was not confirmed in time; begin again")


def keys_of(provider: Provider) -> KeySet:
    """The public keys with which the provider signs; SignInRefused if it has none that can be used."""
    try:
        return KeySet.import_key_set(_get(provider.jwks))  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError):
        raise SignInRefused(f"the keys of the provider {provider.issuer} cannot be read") from None


def check_token(token: str, keys: KeySet, issuer: str, client: str, nonce: str | None = None) -> Identity:
    """Who an ID token signs in; SignInRefused unless this provider signed it for this client, and with this nonce.

    How long it may be used is for the caller to decide, by `at`.
    """
    return identity_in(check_claims(token, keys, issuer, client, nonce))


def identity_in(claims: Mapping[str, Any]) -> Identity:
    """Who signed in, by claims that were checked."""
    return Identity(claims["iss"], claims["sub"], claims["iat"])


def check_claims(token: str, keys: KeySet, issuer: str, client: str, nonce: str | None = None) -> Mapping[str, Any]:
    """All that an ID token says, checked as `check_token` does: `iss`, `sub` and `iat` can be relied on."""
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError):
        raise SignInRefused("the sign-in is not signed by the provider; sign in again: sluicegate login") from None
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    subject, at = claims.get("sub"), claims.get("iat")
    if claims.get("iss") != issuer or client not in audiences or claims.get("azp", client) != client:
        raise SignInRefused("the sign-in is for another program or from another provider; sign in again")
    if nonce is not None and claims.get("nonce") != nonce:
        raise SignInRefused("the sign-in was begun by another browser; sign in again")
    if not isinstance(subject, str) or not subject or type(at) is not int or at > time.time() + LEEWAY_SECONDS:
        raise SignInRefused("the provider does not say who signed in and when; its clock may be wrong")
    if not is_visible(subject):
        raise SignInRefused("the provider says who signed in by a name with a character that cannot be seen")
    return claims


def _check_address(url: str, what: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise SignInRefused(f"{what} is at {url}; only https is safe for a sign-in, except on this machine")


def _get(url: str) -> dict[str, Any]:
    status, answer = _ask("GET", url, None)
    if status != 200:
        raise SignInRefused(f"{url} answers {status}; is this an OpenID provider?")
    return answer


def post_form(url: str, form: Mapping[str, str], client: tuple[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of what a provider answers to a form; SignInRefused if it does not answer one.

    `client` is a name and its secret, which are sent as RFC 6749, 2.3.1, has it.
    """
    return _ask("POST", url, form, None if client is None else httpx.BasicAuth(*map(quote_plus, client)))


def _ask(
    method: str, url: str, form: Mapping[str, str] | None, auth: httpx.BasicAuth | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of an answer; no redirect is followed."""
    try:
        with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False, verify=_authorities()) as client:
            response = client.request(method, url, data=form, headers={"Accept": "application/json"}, auth=auth)
        answer = loads(response.content[:MAX_ANSWER])
    except httpx.HTTPError:
        raise SignInRefused(f"no OpenID provider answers at {url}") from None
    except NotStrict:
        raise SignInRefused(f"{url} does not answer JSON; is this an OpenID provider?") from None
    if not isinstance(answer, dict):
        raise SignInRefused(f"{url} does not answer a JSON object; is this an OpenID provider?")
    return response.status_code, answer


@cache
def _authorities() -> ssl.SSLContext:
    """Those that vouch for a provider; they are read once, as a sign-in asks three times."""
    return httpx.create_ssl_context(trust_env=False)


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else otherwise
