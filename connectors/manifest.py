"""Reads the YAML file that declares a source.

A file with an unknown or missing key does not load, and the error names file, path and what is allowed. Provenance
(purpose of collection, trust) comes from here and never from the data. Secrets are named (`env:NAME`, `file:PATH`), not
written. Names of the catalogue are checked in `connectors/sources.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from connectors.kinds import KINDS
from connectors.manifest_forms import form_to_write
from connectors.source_model import FaultAt, Source
from schema import shapes
from schema.strict_yaml import YamlFile, YamlFileError, paths_without_content

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class ManifestError(ValueError):
    """The file of a source cannot be used. The text names file, line, path and what is allowed."""


def read_yaml(path: Path) -> YamlFile:
    """The file of a source, as it is written; raises ManifestError."""
    try:
        file = YamlFile(path.name, path.read_bytes())
    except OSError:
        raise ManifestError(f"{path.name}: cannot be read") from None
    except YamlFileError as wrong:
        raise ManifestError(str(wrong)) from None
    _check_all_say_something(file)
    return file


def source_of(file: YamlFile, variables: Mapping[str, str], wanted: Collection[str] = ()) -> Source:
    """The source that a file declares; `${NAME}` stands for one of `variables`.

    If sources are `wanted`, by name, any other need not have its variables: it is checked, and cannot be read. Raises
    ManifestError.
    """
    kind = _kind(file)
    try:
        return kind.model_validate(_fill_variables(file, kind, variables, wanted))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        told = [_told(file, kind, fault) for fault in faults if not _follows(fault, faults)]
        raise ManifestError("\n".join(told)) from None


def _kind(file: YamlFile) -> type[Source]:
    """The kind of source that a file names."""
    given = file.content.get("kind")
    found = KINDS.get(given) if isinstance(given, str) else None
    if found is None:
        problem = "this key is missing; add it" if given is None else "there is no such kind"
        known = ", ".join(repr(each) for each in KINDS)
        raise ManifestError(f"{file.place(('kind',))}: kind: {problem}; known: {known}")
    return found


def _told(file: YamlFile, kind: type[Source], fault: Any) -> str:
    within = fault.get("ctx", {}).get("error")
    if isinstance(within, FaultAt):
        path, problem = (*fault["loc"], *within.path), within.problem
    else:
        path, problem = fault["loc"], _problem(kind, fault)
    return f"{file.place(path)}: {'.'.join(map(str, path)) or 'block'}: {problem}"


def _check_all_say_something(file: YamlFile) -> None:
    """An empty list, map or value is what is left of a line that was taken out: it means nothing, and is refused."""
    empty = [
        f"{file.place(path)}: {'.'.join(map(str, path))}: nothing stands here; remove the key, or say what is meant"
        for path in paths_without_content(file.content)
    ]
    if empty or not file.content:
        raise ManifestError("\n".join(empty) or f"{file.name}:1: says nothing; declare a source, or remove the file")


def _problem(kind: type[Source], fault: Any) -> str:
    if fault["type"] != "extra_forbidden":
        return form_to_write(fault["type"], fault["loc"]) or shapes.fault_in_words(fault)
    path = fault["loc"]
    if len(path) == 1 and any(path[0] in _keys(other) for other in KINDS.values()):
        name = next(name for name, each in KINDS.items() if each is kind)
        return f"not for a {name} source"
    return f"unknown name; allowed: {', '.join(_keys(_model_at(kind, path[:-1])))}"


def _keys(model: type[BaseModel]) -> Mapping[str, Any]:
    """The keys of a map, as they are written, and what stands under each."""
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def _model_at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """The model of the innermost map on a path that has one."""
    for part in path:
        model = next(_models_in(_keys(model).get(str(part))), model)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)


def _follows(fault: Any, faults: Sequence[Any]) -> bool:
    """Whether a fault says only that nothing is left of a list in which another fault stands."""
    inner = (each["loc"] for each in faults if len(each["loc"]) > len(fault["loc"]))
    return fault["type"] == "too_short" and any(each[: len(fault["loc"])] == fault["loc"] for each in inner)


def _fill_variables(
    file: YamlFile, kind: type[Source], variables: Mapping[str, str], wanted: Collection[str]
) -> dict[str, Any]:
    """The content with `${NAME}` filled in, where the kind of source takes variables."""
    is_needed = not wanted or file.content.get("name") in wanted

    def filled(path: tuple[str, ...], text: str) -> str:
        if not is_needed and any(name not in variables for name in _VARIABLE.findall(text)):
            return kind.filled[path]

        def value(found: re.Match[str]) -> str:
            if found.group(1) not in variables:
                known = ", ".join(sorted(variables)) or "none"
                name = found.group(1)
                raise ManifestError(
                    f"{file.place(path)}: unknown variable {name}; give it with --set {name}=VALUE; known: {known}"
                )
            return variables[found.group(1)]

        return _VARIABLE.sub(value, text)

    def within(path: tuple[str, ...], given: Any) -> Any:
        if isinstance(given, dict) and any(each[: len(path)] == path for each in kind.filled):
            return {key: within((*path, key), each) for key, each in given.items()}
        return filled(path, given) if path in kind.filled and isinstance(given, str) else given

    return {key: within((key,), each) for key, each in file.content.items()}
