"""Reads the public keys of an OpenID provider: its discovery document, then the key set that it names.

Nothing is sent but the two paths; no redirect is followed, no proxy asked, and size and time of the answers are
bounded. OpenID Connect Discovery 1.0 section 4, RFC 7517.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any, Final

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from hub.home.addresses import is_protected
from hub.home.strict_json import NotStrict, loads
from hub.request.auth import MIN_RSA_BITS, KeysRefused, is_accepted

ANSWER_SECONDS: Final = 10.0
"""Longest time for both answers together."""
MAX_ANSWER: Final = 262_144
MAX_KEYS: Final = 100
WELL_KNOWN: Final = "/.well-known/openid-configuration"
# Compressed answers are not asked for, because a small one could become a large one.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "sluicegate"}


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """The keys of a provider that can check tokens, and how many others it publishes."""

    keys: KeySet
    skipped: int


async def fetch_keys(issuer: str) -> ProviderKeys:
    """The keys that the provider at `issuer` publishes now; raises KeysRefused, with a text for the operator."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            # The system's authorities, or those of SSL_CERT_FILE.
            trusted = await asyncio.to_thread(ssl.create_default_context)
            async with httpx.AsyncClient(
                timeout=ANSWER_SECONDS, trust_env=False, verify=trusted, follow_redirects=False, headers=_HEADERS
            ) as client:
                document = await _get(client, issuer.rstrip("/") + WELL_KNOWN, "its discovery document")
                answer = await _get(client, _jwks_uri(document, issuer), "its key set")
    except TimeoutError:
        raise KeysRefused(f"the provider {issuer} does not answer within {ANSWER_SECONDS:.0f} s") from None
    except KeysRefused as refused:
        raise KeysRefused(f"the provider {issuer}: {refused}") from None
    try:
        # To read a hundred RSA keys takes longer than the event loop should wait.
        return await asyncio.to_thread(read_keys, answer)
    except KeysRefused as refused:
        raise KeysRefused(f"the provider {issuer}: {refused}") from None


def read_keys(content: Any) -> ProviderKeys:
    """The keys of a JWK set that can check tokens; raises KeysRefused if there is none, or two share a `kid`."""
    listed = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise KeysRefused(f"its key set is no JWK set of at most {MAX_KEYS} keys")
    taken = [key for each in listed if (key := _usable(each)) is not None]
    if not taken:
        raise KeysRefused(
            "it publishes no key that can check a token; let it sign with ES256, Ed25519, or RS256 and a key of "
            f"{MIN_RSA_BITS} bits or more"
        )
    if len({key.kid for key in taken}) != len(taken):
        raise KeysRefused("two of its keys share a `kid`; each needs its own")
    return ProviderKeys(KeySet(taken), len(listed) - len(taken))


def _usable(content: Any) -> Key | None:
    """A public key with a `kid` of a kind that is accepted; None for every other, as a provider has those too."""
    if not isinstance(content, dict) or not isinstance(content.get("kid"), str) or not content["kid"]:
        return None
    # Whoever reads a private key in public can sign as the provider does. Of a short one the library would warn.
    if "d" in content or (content.get("kty") == "RSA" and len(str(content.get("n"))) < MIN_RSA_BITS / 6):
        return None
    try:
        key = JWKRegistry.import_key(content)
        return key if is_accepted(key) else None
    except (JoseError, KeyError, TypeError, ValueError):
        return None


def _jwks_uri(document: Any, issuer: str) -> str:
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise KeysRefused("it gives itself another name; write SLUICEGATE_ISSUER exactly as its `issuer`")
    uri = document.get("jwks_uri")
    # Over TLS whatever is asked over TLS: the document must not lead back to plain text.
    is_as_safe = isinstance(uri, str) and (uri.startswith("https:") or issuer.startswith("http:"))
    if not isinstance(uri, str) or not is_as_safe or not is_protected(uri):
        raise KeysRefused("its `jwks_uri` is missing or is no https address")
    return uri


async def _get(client: httpx.AsyncClient, url: str, what: str) -> Any:
    try:
        async with client.stream("GET", url) as response:
            if response.status_code != 200:
                raise KeysRefused(f"{what} is answered with status {response.status_code}")
            raw = b""
            async for chunk in response.aiter_raw():
                raw += chunk
                if len(raw) > MAX_ANSWER:
                    raise KeysRefused(f"{what} is larger than {MAX_ANSWER} bytes")
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
        raise KeysRefused(f"{what} cannot be reached, or its certificate is not trusted") from None
    try:
        return await asyncio.to_thread(loads, raw)
    except NotStrict:
        raise KeysRefused(f"{what} is no JSON") from None
