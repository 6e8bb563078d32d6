"""Who is signed in at a home: the session that `sluicegate login` writes, and that each act reads.

A session is believed only with the provider's signature, which is checked with the provider's keys at each act; it ends
an hour after the time that the provider signed. The file is readable by its owner only.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import Any, Final

from hub.home.key_files import NotPrivate, read_private
from hub.home.settings import Settings
from hub.home.sign_in import Identity, SignInRefused, check_token, discover, keys_of
from hub.home.strict_json import NotStrict, loads

SESSION_SECONDS: Final = 3_600


def issuer_of(settings: Settings) -> str:
    """The provider at which people of this home sign in: that of the settings, else the demo's, while it runs."""
    if settings.sign_in_issuer is not None:
        return settings.sign_in_issuer
    found = _read_object(settings.local_provider_file)
    if found is None or not isinstance(found.get("issuer"), str):
        raise SignInRefused(
            "no OpenID provider is known; set SLUICEGATE_SIGN_IN_ISSUER, or start the demo, which brings one"
        )
    return str(found["issuer"])


def keep_session(settings: Settings, token: str) -> Identity:
    """Check an ID token with the provider's keys and keep it as the session of this home."""
    identity = _check(settings, token)
    path = settings.prepare_home() / settings.session_file.name
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"idToken": token}, file)
    draft.replace(path)
    return identity


def end_session(settings: Settings) -> bool:
    """Forget who is signed in; whether anybody was."""
    try:
        settings.session_file.unlink()
    except FileNotFoundError:
        return False
    return True


def signed_in(settings: Settings) -> Identity:
    """Who is signed in; SignInRefused if nobody is, or not any more."""
    found = _read_object(settings.session_file)
    if found is None or not isinstance(found.get("idToken"), str):
        raise SignInRefused("nobody is signed in; sign in first: sluicegate login")
    return _check(settings, found["idToken"])


def _check(settings: Settings, token: str) -> Identity:
    issuer = issuer_of(settings)
    identity = check_token(token, keys_of(discover(issuer)), issuer, settings.sign_in_client)
    if identity.at + SESSION_SECONDS < time.time():
        raise SignInRefused("the sign-in is more than an hour old; sign in again: sluicegate login")
    return identity


def _read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file that only its owner may read; None if there is none."""
    try:
        found = loads(read_private(path))
    except FileNotFoundError:
        return None
    except (OSError, NotStrict):
        raise SignInRefused(f"{path} cannot be read; remove it and sign in again: sluicegate login") from None
    except NotPrivate:
        raise SignInRefused(f"{path} may be read by others; remove it and sign in again: sluicegate login") from None
    return found if isinstance(found, dict) else None
