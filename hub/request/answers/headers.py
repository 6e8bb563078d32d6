"""Headers of an answer, and on which of a request it depends.

Nothing may keep an answer in any case, and none is taken for another media type than it says.
"""

from __future__ import annotations

from typing import Final

from hub.errors import Code
from hub.request.answers.preferences import Preferences
from schema.interface.languages import ENGLISH

VARY: Final = (
    "Accept, Accept-Encoding, Accept-Language, Access-Cost, Access-Errors, Access-Purpose, Authorization, "
    "Case-Reference"
)
"""What an answer depends on beside its body; nothing may keep it in any case."""


CHALLENGE: Final = 'Bearer realm="sluicegate", DPoP algs="ES256 Ed25519"'
"""How a sender may prove who it is (RFC 6750, RFC 9449)."""


def headers_of(preferences: Preferences, code: str, *, challenge: bool, retry_after: int | None) -> dict[str, str]:
    """The headers of an answer with this code; `retry_after` in seconds."""
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": preferences.language or ENGLISH,
        "Vary": VARY,
        "X-Content-Type-Options": "nosniff",
    }
    if challenge:
        headers["WWW-Authenticate"] = CHALLENGE
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if code == Code.METHOD:
        headers["Allow"] = "POST"
    if code == Code.TOO_LARGE:
        # The rest of the body was not read: this connection cannot carry another request.
        headers["Connection"] = "close"
    return headers
