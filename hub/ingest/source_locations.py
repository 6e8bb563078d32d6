"""Where sources are: those of a running demo, by `sources.json` in the home, and those that a hub looks after.

The file holds a secret, so only its owner may read it, and it is there only while the demo runs. A hub reads the folder
of its settings, and fills `${NAME}` in from its environment.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from connectors.base import ConnectorError
from hub.home.settings import Settings

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


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


def locations_of_hub(settings: Settings) -> SourceLocations | None:
    """The sources that a hub looks after: those of SLUICEGATE_SOURCES, None without it.

    What its files name as `${NAME}` is taken from the hub's environment, `DATA` too; from a running demo of this
    home if that pulls from the same folder. Raises ConnectorError as `read_source_locations`.
    """
    if settings.sources is None:
        return None
    demo = read_source_locations(settings)
    if demo is not None and Path(demo.sources).absolute() == settings.sources.absolute():
        return demo
    texts = [path.read_text("utf-8", "replace") for path in sorted(settings.sources.glob("*.yaml"))]
    named = {name for text in texts for name in _VARIABLE.findall(text)}
    variables = {name: os.environ[name] for name in sorted(named) if name in os.environ}
    return SourceLocations(str(settings.sources), variables.pop("DATA", ""), variables, {})


def _path(settings: Settings) -> Path:
    return settings.home.absolute() / "sources.json"
