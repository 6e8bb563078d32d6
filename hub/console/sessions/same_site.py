"""What a change has to bring: it comes from a page of this console, open in the browser of the session itself.

A browser says where a request comes from (`Sec-Fetch-Site`, `Origin`); a form carries a token that only a page of the
session can know. A change needs both, so that no other site can make one with the cookie of a person who is signed in.
Sources: W3C Fetch Metadata; RFC 6454, section 7 (Origin); OWASP, cross-site request forgery.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Final

FIELD: Final = "csrf_token"
SAME: Final = "same-origin"


class Forged(ValueError):
    """A change that does not come from a page of this session; nothing was done."""


def form_token(held: str) -> str:
    """The token in the forms of the session that a browser holds."""
    return hmac.digest(held.encode(), b"form of the console", "sha256").hex()


def check_origin(headers: Mapping[str, str], origins: Sequence[str]) -> None:
    """Forged unless the browser says that a change comes from one of the console's own `origins`."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if (site is None and origin is None) or (site or SAME) != SAME or (origin or origins[0]) not in origins:
        raise Forged("from another site")


def check_form(form: Mapping[str, str], held: str) -> None:
    """Forged unless a form carries the token of the session."""
    if not hmac.compare_digest(form.get(FIELD, "").encode(), form_token(held).encode()):
        raise Forged("without the token of this session")
