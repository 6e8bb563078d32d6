"""Checks that whoever sends a token holds the key that it is bound to (DPoP, RFC 9449).

A token with `cnf.jkt` is taken with a fresh proof only: signed with that key, for this token, method and address, and
never seen before. One without it is refused where the registry requires a key. A proof is remembered for as long as it
could be used again, by all workers of a hub; where the memory is full, a good proof may be refused and none is let in
twice. Signatures are checked by joserfc; a proof of any other form than RFC 9449, section 4.3, is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, import_key
from joserfc.registry import HeaderParameter
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from hub.buckets import Buckets, Quota
from hub.home.strict_json import loads

ALGORITHMS: Final = ("ES256", "Ed25519")
PROOF_SECONDS: Final = 30
"""How far the time of a proof may be from the hub's, either way."""
MAX_PROOF: Final = 4_096
MAX_ID: Final = 256
PROOFS: Final = 2
"""The region of the buckets in which proofs are remembered."""
_ONCE: Final = Quota(rate=1, burst=2 * PROOF_SECONDS + 1)
"""One proof takes all that its bucket holds, which is not there again before the proof has expired."""
_PORTS: Final = {"http": 80, "https": 443}

_REGISTRY: Final = jws.JWSRegistry(algorithms=[*ALGORITHMS], strict_check_header=True)
# A header with any other member is refused.
_REGISTRY.header_registry = {
    "alg": HeaderParameter("Algorithm", "str", required=True),
    "typ": HeaderParameter("Type", "str", required=True),
    "jwk": HeaderParameter("Key", "jwk", required=True),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request with the scheme DPoP shows: its proof, if it has one, its method and its path.

    `earlier` is for a stream that goes on: the proof for this very token was checked when it was opened.
    """

    proof: str | None = field(repr=False)
    method: str
    path: str
    earlier: bool = False


class SenderKeys:
    """The proofs of one hub: at which addresses it is reached, and which proofs were seen."""

    def __init__(self, addresses: Iterable[str], buckets: Buckets) -> None:
        """`addresses` are those that clients use, without a path of ours; raises ValueError for one that is none."""
        self._addresses = tuple(each.rstrip("/") for each in addresses)
        for each in self._addresses:
            _place(each)
        self._buckets = buckets

    def check(self, shown: Shown | None, token: str, claims: Mapping[str, Any], *, required: bool, now: float) -> None:
        """Refuse a token whose sender does not show the key that it is bound to.

        `shown` is None for the scheme Bearer, `now` in seconds since 1970. Raises ValueError, TypeError or JoseError.
        """
        if "cnf" not in claims:
            if required or shown is not None:
                raise ValueError("is bound to no key")
            return
        if shown is not None and shown.earlier:
            return
        if shown is None or shown.proof is None:
            raise ValueError("is bound to a key that is not shown")
        key, proof = _signed(shown.proof)
        if key.thumbprint() != _thumbprint(claims["cnf"]):
            raise ValueError("is bound to another key")
        self._check_claims(proof, shown, token, now)
        bucket = self._buckets.bucket(PROOFS, f"{key.thumbprint()} {proof['jti']}", _ONCE)
        if self._buckets.spend((bucket,), _ONCE.burst).waits:
            raise ValueError("comes with a proof that was used before")

    def _check_claims(self, proof: Mapping[str, Any], shown: Shown, token: str, now: float) -> None:
        name, made = proof.get("jti"), proof.get("iat")
        if not isinstance(name, str) or not 0 < len(name) <= MAX_ID:
            raise ValueError("comes with a proof without a name")
        if isinstance(made, bool) or not isinstance(made, int | float) or not _is_near(made, now):
            raise ValueError("comes with a proof of another time")
        if proof.get("htm") != shown.method or proof.get("ath") != _digest(token):
            raise ValueError("comes with a proof for another request")
        if _place(proof.get("htu")) not in {_place(f"{each}{shown.path}") for each in self._addresses}:
            raise ValueError("comes with a proof for another address")


def _signed(text: str) -> tuple[Key, Mapping[str, Any]]:
    """The public key in the header of a proof, and its claims, which are signed with that key."""
    if len(text) > MAX_PROOF:
        raise ValueError("comes with a proof that is too long")
    unchecked = jws.extract_compact(text.encode())
    # joserfc reads JSON leniently, so both parts are read strictly.
    header = loads(urlsafe_b64decode(unchecked.segments["header"]))
    if not isinstance(header, dict) or header.get("typ") != "dpop+jwt" or not isinstance(header.get("jwk"), dict):
        raise ValueError("comes with no proof")
    key = import_key(header["jwk"])
    if not isinstance(key, ECKey | OKPKey) or key.is_private:
        raise ValueError("comes with a proof of another kind of key")
    claims = loads(jws.deserialize_compact(text, key, registry=_REGISTRY).payload)
    if not isinstance(claims, dict):
        raise ValueError("comes with a proof without claims")
    return key, claims


def _thumbprint(confirmation: object) -> str:
    """The thumbprint that a token is bound to; another way to bind it is refused, because it could not be kept to."""
    if not isinstance(confirmation, dict) or confirmation.keys() != {"jkt"}:
        raise ValueError("is bound in a way that is not known")
    stated = confirmation["jkt"]
    if not isinstance(stated, str):
        raise ValueError("is bound to what is no key")
    return stated


def _is_near(made: float, now: float) -> bool:
    return now - PROOF_SECONDS <= made <= now + PROOF_SECONDS


def _digest(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()).decode()


def _place(url: object) -> tuple[str, str, int | None, str]:
    """A URL without query and fragment, in one spelling of scheme, host and port."""
    if not isinstance(url, str):
        raise TypeError("is no address")
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise ValueError("is no address")
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme), parts.path
