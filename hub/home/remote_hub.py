"""Asks a running hub, which may be another machine's, what its token's bearer may see.

The token comes from the environment or a file and goes over TLS to the host of the address alone; without TLS only to
this home's own hub on this machine, once that has proved itself. No proxy is asked, and no redirect followed.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import httpx

from hub.home.addresses import LOOPBACK
from hub.home.running_hub import ANSWER_SECONDS, MAX_ANSWER, HubAddress, HubNotFound, get_from_hub
from hub.home.settings import Settings, SettingsError
from hub.home.strict_json import NotStrict, loads

MAX_TOKEN_FILE: Final = 16_384


def read_token(settings: Settings) -> str:
    """The token of the settings or of their file; raises SettingsError if there is none, or not exactly one."""
    if settings.token is not None and settings.token_file is not None:
        raise SettingsError("give SLUICEGATE_TOKEN or SLUICEGATE_TOKEN_FILE, not both")
    if settings.token is not None:
        return _checked(settings.token.get_secret_value(), "SLUICEGATE_TOKEN")
    if settings.token_file is None:
        raise SettingsError(
            "no token is given; put one into SLUICEGATE_TOKEN, or its file's name into SLUICEGATE_TOKEN_FILE. It is no "
            "argument, because others on this machine see those. On a local hub: sluicegate token --app NAME"
        )
    try:
        text = settings.token_file.read_bytes()[:MAX_TOKEN_FILE].decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError("token_file cannot be read; it must name a text file in UTF-8") from None
    return _checked(text, "the file of SLUICEGATE_TOKEN_FILE")


def _checked(text: str, where: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or len(token.split()) != 1:
        raise SettingsError(f"{where} holds no token; a token is one word of ASCII characters")
    return token


def get_access(settings: Settings, url: str, query: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and answer of `GET /access` with this query string at a hub; raises HubNotFound."""
    parts = _address(url)
    path = f"{parts.path.rstrip('/')}/access" + (f"?{query}" if query else "")
    if parts.scheme == "https":
        return _get(f"https://{parts.netloc}{path}", headers)
    if parts.path.strip("/"):
        raise HubNotFound("a hub on this machine is named without a path, such as http://127.0.0.1:8600")
    return get_from_hub(settings, HubAddress(parts.hostname or "", parts.port or 80), path, headers)


def _address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise HubNotFound("--remote takes the address of a hub, such as https://hub.example") from None
    if not known or parts.username or parts.password or parts.query or parts.fragment or not url.isascii():
        raise HubNotFound("--remote takes the address of a hub and nothing more, such as https://hub.example")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise HubNotFound("--remote takes https://…, or http:// for a hub of this home on this machine")
    return parts


def _get(url: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    try:
        # The system's authorities, or those of SSL_CERT_FILE.
        trusted = ssl.create_default_context()
        with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False, verify=trusted) as client:
            response = client.get(url, headers=dict(headers))
        answer = loads(response.content[:MAX_ANSWER])
    except httpx.HTTPError:
        raise HubNotFound("no hub answers at the address of --remote, or its certificate is not trusted") from None
    except NotStrict:
        answer = None
    if not isinstance(answer, dict):
        raise HubNotFound("what answers at the address of --remote is no hub")
    return response.status_code, answer
