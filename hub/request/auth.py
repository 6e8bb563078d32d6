"""Verifies the bearer token of a request and finds its sender in the registry of applications.

A token proves `client_id` and `sub` only, and may say to which purposes and key it is bound; every other attribute
comes from the registry. Stage 2. Tokens are JWS compact (RFC 7515, RFC 7519, best practice RFC 8725), checked by
joserfc's registries: one list of algorithms, each bound to its kind of key; issuer and audience compared as whole
strings; a lifetime that is stated and short. A refusal never says which check failed, because that would guide the next
attempt.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from joserfc import jws
from joserfc.errors import (
    ExceededSizeError,
    InvalidClaimError,
    InvalidKeyIdError,
    InvalidPayloadError,
    JoseError,
    SecurityWarning,
)
from joserfc.jwk import Key, KeySet, RSAKey
from joserfc.jwt import Claims, JWTClaimsRegistry
from joserfc.registry import HeaderParameter
from joserfc.util import urlsafe_b64decode

from hub.errors import Code, HubError
from hub.home.issuer import LEEWAY_SECONDS, MAX_LIFETIME_SECONDS, actor_of
from hub.home.key_files import KeyRefused
from hub.home.strict_json import NotStrict, loads
from hub.home.visible_names import is_visible
from hub.recently_used import RecentlyUsed
from hub.request.bindings.sender_keys import SenderKeys
from hub.request.bindings.token_purposes import purposes_of_token
from hub.request.endpoint import Head, Request
from policies.model import KEY_REQUIRED, PolicySet
from policies.rules import Actor, Subject

MAX_TOKEN: Final = 8_192
MIN_RSA_BITS: Final = 2_048
MAX_NAME: Final = 256
KEPT_TOKENS: Final = 4_096
"""Of how many tokens a hub keeps that their signature is good: to check it takes 0.15 ms."""
ALGORITHMS: Final = ["ES256", "RS256", "Ed25519"]
OLD_NAME: Final = "EdDSA"
"""What Ed25519 was called before RFC 9864; issuers still write it."""
TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})


class KeysRefused(KeyRefused):
    """The issuer's keys cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A request whose sender is known, under the policy version that will decide it."""

    request: Request
    policy: PolicySet
    subject: Subject = field(repr=False)


@dataclass(slots=True)
class SignedToken:
    """The claims of a token whose signature is good, and when (seconds since 1970) they were accepted at last."""

    claims: dict[str, Any] = field(repr=False)
    accepted: float = math.inf

    def is_accepted(self, now: float) -> bool:
        """Whether it was accepted before and has not expired: no other claim fails by the time that has passed."""
        return self.accepted <= now < float(self.claims["exp"])


class SignedTokens:
    """Tokens whose signature is good, by the digest of the token; the least recently used goes first.

    It belongs to one verifier: one set of keys, one issuer and one audience.
    """

    def __init__(self, limit: int) -> None:
        self._kept: RecentlyUsed[bytes, SignedToken] = RecentlyUsed(limit)

    def find(self, token: str, keys: KeySet) -> SignedToken:
        """A token; raises JoseError, ValueError or TypeError for one that is not signed well."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        return self._kept.find(digest) or self._kept.keep(digest, SignedToken(_signed_claims(token, keys)))


@dataclass(frozen=True, slots=True)
class Verifier:
    """Accepts tokens of one issuer for one audience, signed with one of its public keys.

    `missed` is called for each token that names none of them, so it must be quick. `is_revoked` is asked about each
    that would be accepted, with its claims.
    """

    issuer: str
    audience: str
    keys: KeySet = field(repr=False)
    signed: SignedTokens = field(repr=False, compare=False)
    missed: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    is_revoked: Callable[[Mapping[str, Any]], bool] = field(default=lambda _: False, repr=False, compare=False)

    @classmethod
    def load(cls, jwks: Path, issuer: str, audience: str, *, kept: int = KEPT_TOKENS) -> Verifier:
        """Read a JWK set (RFC 7517) of public keys from a file, and keep so many tokens; raises KeysRefused."""
        try:
            keys = KeySet.import_key_set(loads(jwks.read_bytes()))
        except (OSError, NotStrict, JoseError, KeyError, TypeError, ValueError):
            raise KeysRefused(f"{jwks} is not a JWK set of public keys; save the issuer's JWK set there") from None
        if not all(is_accepted(key) for key in keys):
            raise KeysRefused(f"{jwks}: each key must be P-256, Ed25519, or RSA of {MIN_RSA_BITS} bits or more")
        if len({key.kid for key in keys}) != len(keys.keys):
            raise KeysRefused(f"{jwks}: two keys share a `kid`; each needs its own")
        return cls(issuer, audience, keys, SignedTokens(kept))

    def verify(self, token: str, now: float) -> tuple[str, str]:
        """(client_id, sub) of an accepted token at `now` (seconds since 1970); raises HubError UNAUTHENTICATED.

        A token that is bound to purposes or to a key, or by which an application acts for another's user, is refused:
        whoever asks here looks at none of these.
        """
        claims = self.claims_of(token, now)
        if purposes_of_token(claims) is not None or claims.keys() & {"cnf", "act"}:
            raise unauthenticated()
        return claims["client_id"], claims["sub"]

    def claims_of(self, token: str, now: float) -> Mapping[str, Any]:
        """The claims of an accepted token at `now` (seconds since 1970); raises HubError UNAUTHENTICATED."""
        try:
            signed = self.signed.find(token, self.keys)
            if not signed.is_accepted(now):
                _TokenClaims(self.issuer, self.audience, int(now)).validate(signed.claims)
                signed.accepted = now
        except InvalidKeyIdError:
            self.missed()
            raise unauthenticated() from None
        except (JoseError, ValueError, TypeError, RecursionError):
            raise unauthenticated() from None
        if self.is_revoked(signed.claims):
            raise unauthenticated()
        return signed.claims


def identify(head: Head, policy: PolicySet, verifier: Verifier, senders: SenderKeys, now: float) -> Subject:
    """Who sent a request, with the attributes that the registry of the policy version gives them.

    Raises HubError UNAUTHENTICATED, with one text for every reason but a missing token.
    """
    if head.bearer is None:
        raise HubError(
            Code.UNAUTHENTICATED,
            "send `Authorization: Bearer …` with a token from your department's issuer; "
            "on a local hub: sluicegate token --app NAME",
        )
    claims = verifier.claims_of(head.bearer, now)
    subject = registered(policy, claims["client_id"], claims["sub"])
    acting = actor_of(claims)
    if subject is not None and acting is not None:
        subject = delegated(policy, subject, *acting)
    if subject is None:
        raise unauthenticated()
    required = any(policy.applications[each].dpop == KEY_REQUIRED for each in subject.applications)
    try:
        senders.check(head.shown, head.bearer, claims, required=required, now=now)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise unauthenticated() from None
    purposes = purposes_of_token(claims)
    return subject if purposes is None else replace(subject, purposes=purposes)


def registered(policy: PolicySet, client: str, sub: str) -> Subject | None:
    """The subject that the registry makes of an application and a person; None if it knows no such pair."""
    application = policy.applications.get(client)
    if application is None:
        return None
    # An application that lists its staff may act for nobody else.
    jurisdiction = application.staff.get(sub) if application.staff else application.jurisdiction
    if jurisdiction is None:
        return None
    return Subject(application.id, application.department, application.role, application.level, jurisdiction, sub)


def delegated(policy: PolicySet, user: Subject, client: str, sub: str | None) -> Subject | None:
    """The subject for whom the application `client` acts; None if the registry does not know who acts.

    Its jurisdiction is the narrower of both; where neither lies within the other, it lies in no place at all.
    """
    actor = registered(policy, client, sub or "")
    if actor is None:
        return None
    places = sorted((user.jurisdiction, actor.jurisdiction), key=len)
    narrower = places[1] if places[1].startswith(places[0]) else NOWHERE
    acting = Actor(actor.application, actor.department, actor.role, actor.level, actor.jurisdiction, sub)
    return replace(user, jurisdiction=narrower, actor=acting)


def check_delegation(policy: PolicySet, subject: Subject) -> None:
    """Refuse an application that acts for a user of another one without leave; raises HubError DELEGATION_DENIED."""
    actor = subject.actor
    if actor is None or policy.may_act(actor.application, subject.application):
        return
    raise HubError(
        Code.DELEGATION_DENIED,
        "the application that acts (`act` of the token) may not act for users of the other application; ask a steward "
        "of its department to name that one under `actsFor` of its entry in the registry",
    )


def unauthenticated() -> HubError:
    """The refusal of a token, the same whatever was wrong with it."""
    return HubError(
        Code.UNAUTHENTICATED,
        "the token is not accepted, or the proof of its key is not; ask its issuer for a new token, made for this hub "
        "and a registered application",
    )


class _TokenClaims(JWTClaimsRegistry):
    """The claims that a token must have; stricter than RFC 7519 about audience, lifetime and names."""

    def __init__(self, issuer: str, audience: str, now: int) -> None:
        super().__init__(
            now,
            LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            iat={"essential": True},
            exp={"essential": True},
            client_id={"essential": True},
            sub={"essential": True},
        )

    def validate(self, claims: Claims) -> None:
        """Check each claim, then the lifetime."""
        super().validate(claims)
        purposes_of_token(claims)
        if not 0 < claims["exp"] - claims["iat"] <= MAX_LIFETIME_SECONDS:
            raise InvalidClaimError("exp")

    def validate_aud(self, value: object) -> None:
        """One audience as a whole string: a token for several hubs could be replayed by any of them."""
        if not isinstance(value, str):
            raise InvalidClaimError("aud")
        self.check_value("aud", value)

    def validate_act(self, value: object) -> None:
        """Who acts: one application, by `client_id` or else by `sub`; a chain of them is not accepted."""
        if not isinstance(value, dict) or not value or not value.keys() <= ACT_MEMBERS:
            raise InvalidClaimError("act")
        if not all(_is_name(each) for each in value.values()):
            raise InvalidClaimError("act")

    def validate_client_id(self, value: object) -> None:
        """The id of an application."""
        if not _is_name(value):
            raise InvalidClaimError("client_id")

    def validate_sub(self, value: object) -> None:
        """The id of a person."""
        if not _is_name(value):
            raise InvalidClaimError("sub")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME and is_visible(value)


def _check_type(value: object) -> None:
    if not isinstance(value, str) or value.lower() not in TYPES:
        raise ValueError("is no type of a token")


# An issuer's name beside `sub` could make it another's: the hub knows one issuer.
ACT_MEMBERS: Final = frozenset({"sub", "client_id"})
NOWHERE: Final = "-/"
"""A path in which nothing lies."""
_REGISTRY: Final = jws.JWSRegistry(algorithms=[*ALGORITHMS, OLD_NAME], strict_check_header=True)
# A header with any other member (`crit`, `jku`, `jwk`, `x5u`, `zip` …) is refused.
_REGISTRY.header_registry = {
    "alg": HeaderParameter("Algorithm", "str", required=True),
    "kid": HeaderParameter("Key ID", "str", required=True),
    "typ": HeaderParameter("Type", _check_type),
}


def _signed_claims(token: str, keys: KeySet) -> dict[str, Any]:
    """The claims of a token whose header and signature are good; raises JoseError, ValueError or TypeError."""
    if len(token) > MAX_TOKEN:
        raise ExceededSizeError
    with warnings.catch_warnings():
        # joserfc warns of the old name of Ed25519; `is_accepted` lets no other curve of that name in.
        warnings.simplefilter("ignore", SecurityWarning)
        signed = jws.deserialize_compact(token, keys, registry=_REGISTRY)
    # joserfc reads JSON leniently (a later duplicate name wins), so both parts are read once more, strictly.
    loads(urlsafe_b64decode(signed.segments["header"]))
    claims = loads(signed.payload)
    if not isinstance(claims, dict):
        raise InvalidPayloadError
    return claims


def is_accepted(key: Key) -> bool:
    """Whether a key may check tokens: of an accepted kind, for signatures, and long enough."""
    long_enough = not isinstance(key, RSAKey) or key.public_key.key_size >= MIN_RSA_BITS
    return long_enough and bool(jws.JWSRegistry.filter_algorithms(key, ALGORITHMS))
