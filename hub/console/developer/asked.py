"""What a developer writes into the query page, and the request that it is: the one that their application would send.

None of it stands in an address, and none of it is kept.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from hub.home.settings import Settings
from hub.home.strict_json import NotStrict, loads
from hub.request.answers.preferences import JSON
from hub.request.endpoint import Arrival

PATH = "/graphql"


class VariablesUnread(ValueError):
    """The variables are no JSON object."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation, its variables as a JSON text, and for which purpose and case it is asked."""

    purpose: str
    document: str = field(default="", repr=False)
    variables: str = field(default="", repr=False)
    case: str = field(default="", repr=False)

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Asked:
        """What a form says; browsers send the lines of a text with a carriage return each."""
        document, variables = (form.get(name, "").replace("\r\n", "\n") for name in ("document", "variables"))
        return cls(form.get("purpose", ""), document, variables, form.get("case", "").strip())

    @property
    def body(self) -> bytes:
        """The body of the request; raises VariablesUnread."""
        try:
            values = loads(self.variables.encode("utf-8", "replace")) if self.variables.strip() else {}
        except NotStrict:
            raise VariablesUnread from None
        if not isinstance(values, dict):
            raise VariablesUnread
        return orjson.dumps({"query": self.document, **({"variables": values} if values else {})})

    @property
    def headers(self) -> dict[str, str]:
        """The headers that a client sends beside its token."""
        case = {"Case-Reference": self.case} if self.case else {}
        return {"Access-Purpose": self.purpose, **case, "Content-Type": JSON}

    def arrival(self, language: str, source: str, more: Mapping[str, str]) -> Arrival:
        """The request as it would arrive over HTTP from `source`, with `more` headers; raises VariablesUnread."""
        sent = {**self.headers, "Accept-Language": language, **more}
        # As a server reads them off the wire.
        headers = tuple((name.lower(), text.encode("utf-8").decode("latin-1")) for name, text in sent.items())
        now, began = dt.datetime.now(dt.UTC), time.monotonic_ns()
        return Arrival(secrets.token_hex(16), now, began, "POST", PATH, headers, self.body, source=source)


def is_local(settings: Settings) -> bool:
    """Whether the hub takes the tokens of its own issuer, and is nobody's but of whoever sits at its machine.

    That is for demos and tests: a hub that others reach under a public address gives no tokens.
    """
    return not settings.issuer_discovery and settings.issuer_jwks is None and settings.public_url is None
