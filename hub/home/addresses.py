"""Which addresses of an OpenID provider may be asked: over TLS, or on this machine.

What arrives without TLS from another machine could have been written by anybody on the way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = frozenset(("127.0.0.1", "localhost", "::1"))


def check_discovery(issuer: str, key_file: Path | None) -> None:
    """Raises ValueError unless a provider's keys can be found at the address that is its name, and in no file."""
    if key_file is not None:
        raise ValueError("give issuer_jwks or issuer_discovery, not both")
    if "?" in issuer or not is_protected(issuer):
        raise ValueError(
            "issuer_discovery needs an issuer such as https://id.example, without user and query; http only for a "
            "provider on this machine"
        )


def is_protected(url: str) -> bool:
    """Whether `url` is https, or http on this machine; without user, password and fragment."""
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    if not known or not url.isascii() or not url.isprintable() or " " in url or "@" in parts.netloc or "#" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def addresses_of(public_url: str | None, port: int) -> tuple[str, ...]:
    """The addresses under which clients reach a hub: the one that its settings name, else those of this machine."""
    return (public_url,) if public_url else (f"http://127.0.0.1:{port}", f"http://localhost:{port}")
