"""A token proves `client_id` and `sub` and nothing else; all other attributes come from the registry.

Stage 2. JWS compact tokens (RFC 7515, RFC 7519, best practice RFC 8725): one list of algorithms, each bound to its key;
issuer and audience compared as whole strings; a lifetime that is stated and short. A refusal never says which check
failed, because that is a guide for the next try.
"""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from hub.errors import Code, HubError
from hub.home.issuer import LEEWAY_SECONDS, MAX_LIFETIME_SECONDS
from hub.home.strict_json import NotStrict, loads
from hub.request.endpoint import Request
from policies.model import PolicySet
from policies.rules import Subject

MAX_TOKEN: Final = 8_192
MIN_RSA_BITS: Final = 2_048
MAX_SUB: Final = 256
NONE: Final[frozenset[str]] = frozenset()
HEADER: Final = frozenset({"alg", "kid", "typ"})
KINDS: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})

_PART = re.compile(r"[A-Za-z0-9_-]+\Z")


class KeysRefused(RuntimeError):
    """The issuer's key file cannot be used; the text says why."""


class _Refused(Exception):
    """The token is not accepted. Why stays inside."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A request whose sender is known, under the policy version that will decide it."""

    request: Request
    policy: PolicySet
    subject: Subject = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verifier:
    """Accepts tokens of one issuer for one audience, signed with one of its public keys."""

    issuer: str
    audience: str
    keys: Mapping[str, tuple[frozenset[str], Key]] = field(repr=False)
    """kid → (the one algorithm it may be used with, by all its names; key)."""

    @classmethod
    def load(cls, jwks: Path, issuer: str, audience: str) -> Verifier:
        """Read a JWK set (RFC 7517) of public keys from a file; raises KeysRefused."""
        try:
            keys = KeySet.import_key_set(loads(jwks.read_bytes())).keys
        except (OSError, NotStrict, JoseError, KeyError, TypeError, ValueError):
            raise KeysRefused(f"{jwks} is not a JWK set") from None
        if not keys:
            raise KeysRefused(f"{jwks} holds no key")
        known = {key.kid: (_algorithms(key), key) for key in keys if key.kid}
        if len(known) != len(keys):
            raise KeysRefused(f"{jwks}: each key needs a `kid` of its own")
        return cls(issuer, audience, known)

    def verify(self, token: str, now: float) -> tuple[str, str]:
        """(client_id, sub) of an accepted token at `now` (seconds since 1970); raises HubError UNAUTHENTICATED."""
        try:
            claims = self._signed_claims(token)
            self._check_times(claims, now)
            if claims.get("iss") != self.issuer or claims.get("aud") != self.audience:
                raise _Refused
            return _name(claims, "client_id"), _name(claims, "sub")
        except _Refused:
            raise unauthenticated() from None

    def _signed_claims(self, token: str) -> Mapping[str, Any]:
        parts = token.split(".")
        if len(token) > MAX_TOKEN or len(parts) != 3 or not all(_PART.match(part) for part in parts):
            raise _Refused
        header = _section(parts[0])
        # `crit`, `jku`, `jwk`, `x5u`, `zip` and whatever else there may be: a header we do not know is not ours.
        if not header.keys() <= HEADER or str(header.get("typ", "JWT")).lower() not in KINDS:
            raise _Refused
        kid = header.get("kid")
        algorithms, key = self.keys.get(kid, (NONE, None)) if isinstance(kid, str) else (NONE, None)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in algorithms:
            raise _Refused
        _check_signature(token, key, algorithm)
        return _section(parts[1])

    def _check_times(self, claims: Mapping[str, Any], now: float) -> None:
        issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
        begins = _moment(claims, "nbf") if "nbf" in claims else issued
        in_force = max(issued, begins) <= now + LEEWAY_SECONDS and now - LEEWAY_SECONDS < expires
        if not in_force or not 0 < expires - issued <= MAX_LIFETIME_SECONDS:
            raise _Refused


def identify(request: Request, policy: PolicySet, verifier: Verifier, now: float) -> Identified:
    """Who sent a request, with the attributes that the policy version's registry gives him.

    Raises HubError UNAUTHENTICATED, with one text for every reason but a missing token.
    """
    if request.bearer is None:
        raise HubError(
            Code.UNAUTHENTICATED,
            "send `Authorization: Bearer …` with a token of your department's issuer; "
            "on a local hub: sluicegate token --app NAME",
        )
    client, sub = verifier.verify(request.bearer, now)
    subject = registered(policy, client, sub)
    if subject is None:
        raise unauthenticated()
    return Identified(request, policy, subject)


def registered(policy: PolicySet, client: str, sub: str) -> Subject | None:
    """The subject that the registry makes of an application and a person; None where it knows no such pair."""
    application = policy.applications.get(client)
    if application is None:
        return None
    # An application that lists its staff answers for nobody else.
    jurisdiction = application.staff.get(sub) if application.staff else application.jurisdiction
    if jurisdiction is None:
        return None
    return Subject(application.id, application.department, application.role, application.level, jurisdiction, sub)


def unauthenticated() -> HubError:
    """The refusal of a token, the same whatever was wrong with it."""
    return HubError(
        Code.UNAUTHENTICATED,
        "the token is not accepted: ask its issuer for a fresh one, made for this hub and a registered application",
    )


def _check_signature(token: str, key: Key | None, algorithm: str) -> None:
    try:
        with warnings.catch_warnings():
            # RFC 9864 renames EdDSA with this curve to Ed25519; issuers still write the old name.
            warnings.simplefilter("ignore", SecurityWarning)
            jws.deserialize_compact(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        raise _Refused from None


def _algorithms(key: Key) -> frozenset[str]:
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return frozenset({"ES256"})
    if isinstance(key, OKPKey) and key.curve_name == "Ed25519":
        return frozenset({"EdDSA", "Ed25519"})
    if isinstance(key, RSAKey) and key.public_key.key_size >= MIN_RSA_BITS:
        return frozenset({"RS256"})
    raise KeysRefused("a key is none of P-256, Ed25519, and RSA of 2048 bits or more")


def _section(part: str) -> Mapping[str, Any]:
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        found = loads(raw)
    except (ValueError, NotStrict):
        raise _Refused from None
    if not isinstance(found, dict):
        raise _Refused
    return found


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Refused
    return value


def _name(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_SUB:
        raise _Refused
    return value
