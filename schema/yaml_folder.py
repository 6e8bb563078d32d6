"""Lists the files of a folder of YAML files: of policies, or of sources.

Each entry is a file to read, or it refuses the whole folder by its name: another ending, a hidden file, a folder
within, a link that leads nowhere. So what lies in the folder is what is in force.
"""

from __future__ import annotations

import os
from pathlib import Path

from schema.strict_yaml import YamlFileError

ENDING = ".yaml"


def yaml_paths(folder: Path) -> list[Path]:
    """The files in `folder`, by name; none if it is no folder. Raises YamlFileError that names what cannot be read."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    refused = [(_printable(path.name), problem) for path in paths if (problem := _why_not_read(path))]
    if refused:
        (place, problem), *others = refused
        raise YamlFileError(place, "\n".join([problem, *(": ".join(each) for each in others)]))
    return paths


def _why_not_read(path: Path) -> str | None:
    away = f"move it out of {_printable(path.parent.name)}, where nothing may lie unread"
    if path.name.startswith("."):
        return f"a hidden file is not read; remove it, or {away}"
    if path.is_dir():
        return f"a folder within is not read; move its files up, or {away}"
    if not path.is_file():
        return f"a link that leads nowhere, or no plain file; remove it, or {away}"
    if not path.name.endswith(ENDING):
        return f"is not read, because its name does not end in {ENDING}; rename it, or {away}"
    if not path.name.isprintable():
        return "its name has a sign that cannot be shown; rename it"
    return None if os.access(path, os.R_OK) else "cannot be read by this user; give them the right to read it"


def _printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)
