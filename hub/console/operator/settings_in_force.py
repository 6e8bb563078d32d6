"""The settings of a hub as they are in force, for a page: each with its value and where it is from.

No secret is shown: of an address neither user, password nor query, of any other secret that it is set. What each does
stands in docs/operations.md, under the same headings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from hub.console.operator.source_reading import without_secrets
from hub.home.session import issuer_of
from hub.home.setting_faults import PREFIX
from hub.home.settings import Settings
from hub.home.sign_in import SignInRefused

RESIDENTS: Final = ("resident_issuer", "resident_client", "resident_secret_file", "resident_claim")
GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "home": ("home", "host", "port", "public_url", "workers", "time_zone"),
    "graph": (
        *("graph_url", "graph_user", "graph_password", "graph_password_file", "graph_database", "graph_port"),
        *("graph_heap", "graph_page_cache", "graph_transaction_memory", "graph_quick_start", "graph_deadline"),
        *("graph_statements", "jars"),
    ),
    "policies": ("slices", "policies", "policy_store", "policy_key_file", "policy_max_age"),
    "asks": ("issuer", "audience", "issuer_jwks", "issuer_discovery", "issuer_keys_max_age"),
    "signs_in": (
        "sign_in_issuer",
        "token",
        "token_file",
        "sign_in_client",
        "sign_in_secret_file",
        *RESIDENTS,
        "local_stewards",
    ),
    "events": ("sources", "pull_lease", "purge"),
    "limits": (
        *("words", "connections", "connections_per_address", "plain", "http_profile", "introspection"),
        *("compress_answers", "body_limit", "result_node_cap", "rate_of_application", "burst_of_application"),
        *("rate_of_person", "burst_of_person", "failed_matches", "failed_matches_of_application", "result_byte_cap"),
    ),
    "log": ("audit_deadline", "audit_store", "audit_store_file", "audit_origin", "otlp_endpoint"),
}
"""The headings of docs/operations.md, and the settings below each in its order."""
SECONDS: Final = frozenset(("graph_deadline", "policy_max_age", "issuer_keys_max_age", "pull_lease", "audit_deadline"))
PORTS: Final = frozenset(("port", "graph_port"))
BYTES: Final = frozenset(("body_limit", "result_byte_cap"))
PER_SECOND: Final = frozenset(("rate_of_application", "rate_of_person"))
DEFAULT: Final = "default"
"""The source of a value that nobody gave."""
OF_HOME: Final = {"words": "word_list", "slices": "slice_folder"}
"""Settings in whose place a file of the home stands, if it is there."""


@dataclass(frozen=True, slots=True)
class InForce:
    """One setting: `value` is empty if it has none, `hidden` if it is a secret of which nothing is shown.

    `unit` is one of seconds, bytes, per_second or nothing; `source` is environment, given (by the command that started
    the hub), home, demo (its provider, while that runs) or default.
    """

    variable: str
    value: str
    unit: str
    source: str
    hidden: bool = False


def settings_in_force(settings: Settings) -> Mapping[str, Sequence[InForce]]:
    """Every setting, below the headings of GROUPS."""
    return {group: [_in_force(settings, name) for name in names] for group, names in GROUPS.items()}


def _in_force(settings: Settings, name: str) -> InForce:
    variable, value, source = PREFIX + name.upper(), getattr(settings, name), _source_of(settings, name)
    if value is None and name in OF_HOME:
        value = getattr(settings, OF_HOME[name])
        source = source if value is None else "home"
    if value is None and name == "sign_in_issuer" and (issuer := _issuer_of_demo(settings)):
        return InForce(variable, without_secrets(issuer), "", "demo")
    if isinstance(value, SecretStr):
        shown = _address_of(value.get_secret_value())
        return InForce(variable, shown, "", source, hidden=not shown)
    if name in PORTS:
        return InForce(variable, "" if value is None else str(value), "", source)
    return InForce(variable, _text_of(value), _unit_of(name) if value is not None else "", source)


def _source_of(settings: Settings, name: str) -> str:
    if name not in settings.model_fields_set:
        return DEFAULT
    given = next((text for key, text in os.environ.items() if key.upper() == PREFIX + name.upper()), "")
    return "environment" if given else "given"


def _issuer_of_demo(settings: Settings) -> str:
    """Where people sign in if no setting says it; empty if nowhere."""
    try:
        return issuer_of(settings)
    except SignInRefused:
        return ""


def _address_of(secret: str) -> str:
    """What may be shown of a secret: the place of an address, nothing of anything else."""
    return without_secrets(secret) if "://" in secret else ""


def _text_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}" if value >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,g}"
    return str(value.absolute()) if isinstance(value, Path) else without_secrets(str(value))


def _unit_of(name: str) -> str:
    return next(
        (unit for unit, names in (("seconds", SECONDS), ("bytes", BYTES), ("per_second", PER_SECOND)) if name in names),
        "",
    )
