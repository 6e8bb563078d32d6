"""Where a running demo keeps its sources: `sources.json` in the home, from which `sluicegate pull` reads it.

The file holds a secret, so only its owner may read it, and it is there only while the demo runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from connectors.base import ConnectorError
from hub.home.settings import Settings


@dataclass(frozen=True, slots=True)
class SourceLocations:
    """The folders of source files and of data, and the variables; `secrets` are by name of an environment variable."""

    sources: str
    data: str
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


@contextmanager
def published_source_locations(settings: Settings, locations: SourceLocations) -> Iterator[None]:
    """Keep the locations in the home while the block runs."""
    path = _path(settings)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(locations), file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_source_locations(settings: Settings) -> SourceLocations | None:
    """What a running demo has published, or None. Raises ConnectorError if it cannot be read."""
    path = _path(settings)
    try:
        return SourceLocations(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        raise ConnectorError("sources.json", f"cannot be read; remove {path}, or give --data and --set") from None


def _path(settings: Settings) -> Path:
    return settings.home.absolute() / "sources.json"
