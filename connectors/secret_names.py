"""The names of secrets in a source's file, and the secrets that they name.

A file says where a secret is kept (`env:NAME`, `file:PATH`) and never what it is; no secret stands in an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from connectors.base import ConnectorError

_REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)\Z")
NOT_NEEDED = "env:NOT_NEEDED"
"""Stands for the name of a secret in a source that is not pulled."""


def _named(given: str) -> str:
    if not _REFERENCE.match(given):
        raise ValueError("a secret is named, not written: env:NAME or file:PATH")
    return given


SecretName = Annotated[str, AfterValidator(_named)]


def read_secret(source: str, reference: str, environment: Mapping[str, str]) -> SecretStr:
    """The secret that `env:NAME` or `file:PATH` names; ConnectorError if it is missing or empty."""
    kind, _, name = reference.partition(":")
    try:
        found = environment.get(name, "") if kind == "env" else Path(name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    if not found:
        if kind == "env":
            text = (
                f"environment variable {name} is missing or empty; set it for `sluicegate pull` to the source's secret"
            )
        else:
            text = "the file of the secret is missing or empty; write the secret into it, or name another file"
        raise ConnectorError(source, text)
    return SecretStr(found)
