"""The report of a purge: what went, as a file of the home whose digest is in the audit log.

It holds names, days, hashes and counts, and no value. The same purge makes the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from audit.durable_files import sync_folder
from hub.home.key_files import replace_private
from hub.home.policy_in_force import Purposes
from hub.home.settings import Settings
from hub.ingest.purging.purge import Work
from policies.collecting.endings import Ended


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was written: where, its SHA-256 in hex, and its text."""

    path: Path
    digest: str
    text: str


def write_report(
    settings: Settings, purpose: str, end: Ended, force: Purposes, catalogue_version: str, work: Work
) -> Report:
    """Write the report durably, with mode 0600, in the place of one of the same purge; raises OSError."""
    text = _text(purpose, end, force, catalogue_version, work)
    content = text.encode()
    path = settings.purges / f"{purpose}-{work.begun.strftime('%Y%m%dT%H%M%SZ')}.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    replace_private(path, content)
    sync_folder(path.parent)
    return Report(path, hashlib.sha256(content).hexdigest(), text)


def _text(purpose: str, end: Ended, force: Purposes, catalogue_version: str, work: Work) -> str:
    expires, purge = end.purpose.expires, end.purpose.purge
    told = {
        "purpose": purpose,
        "ended": {
            "by": end.purpose.id,
            "expires": expires and expires.isoformat(),
            "purge": purge and purge.isoformat(),
        },
        "policy": {"number": force.number, "hash": force.version},
        "catalogue": catalogue_version,
        "begun": work.begun.isoformat(),
        "gone": work.counts.as_json(),
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
