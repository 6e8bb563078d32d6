"""Reads policy files into the models of `policies/yaml_models.py` and explains what is wrong with their shape.

All faults of all files are told at once, each with file, line and what to write. A list, a map or a key with nothing in
it is a fault: what is left of a line that was taken out is never taken for "any" or "always".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from policies.yaml_models import PolicyDocument
from schema.strict_yaml import YamlFile, YamlFileError, paths_without_content

UNKNOWN = "unknown key; the policy language does not have it"

_Path = tuple[str | int, ...]


def read_documents(files: Mapping[str, bytes]) -> list[tuple[YamlFile, PolicyDocument]]:
    """Each file with its model, by name; raises one YamlFileError for all that is wrong."""
    read: list[tuple[YamlFile, PolicyDocument]] = []
    faults: list[YamlFileError] = []
    for name, content in sorted(files.items()):
        try:
            file = YamlFile(name, content)
            read.append((file, _document(file)))
        except YamlFileError as wrong:
            faults.append(wrong)
    raise_all(faults)
    return read


def raise_all(faults: Iterable[YamlFileError]) -> None:
    """Raises one YamlFileError that tells all of them, a line each; nothing where there is none."""
    told = list(dict.fromkeys((each.place, each.problem) for each in faults))
    if told:
        (place, problem), *others = told
        raise YamlFileError(place, "\n".join([problem, *(": ".join(each) for each in others)]))


def _document(file: YamlFile) -> PolicyDocument:
    faults: dict[_Path, str] = {}
    try:
        document = PolicyDocument.model_validate(file.content)
    except ValidationError as wrong:
        for fault in wrong.errors(include_url=False, include_input=False):
            path, problem = _fault(file, tuple(fault["loc"]), fault["type"], fault["msg"])
            faults[path] = problem
    for path, problem in _empty(file):
        if faults.get(path) != UNKNOWN and not any(path[:length] in faults for length in range(1, len(path))):
            faults[path] = problem
    raise_all(
        YamlFileError(file.place(path), f"{_dotted(path)}: {problem}" if path else problem)
        for path, problem in sorted(faults.items(), key=lambda each: file.line(each[0]))
    )
    return document


def _empty(file: YamlFile) -> Iterator[tuple[_Path, str]]:
    """Where nothing stands, though a key says that something does."""
    if not file.content:
        yield (), "says nothing; remove the file, or write a section such as `grants:`"
    for path in paths_without_content(file.content):
        if not _may_be_empty(path):
            yield path, "nothing stands here; remove the key, or say what is meant"


def _may_be_empty(path: _Path) -> bool:
    """`effects: []` means no effect, `to: {}` and conditions are looked at where they are read."""
    match path:
        case ("expect", _, "effects") | ("grants", _, "to") | ("grants", _, "rows", _, *_):
            return True
    return False


def _fault(file: YamlFile, path: _Path, kind: str, message: str) -> tuple[_Path, str]:
    """Where one fault in the shape of a file is, and what to write instead."""
    problem = _explain(kind, message)
    if path[0] == "grants" and len(path) > 4 and path[2] == "fields":
        path = path[:4]
        problem = _explain_effect(path[3], file.content["grants"][path[1]]["fields"][path[3]])
    return path, problem


def _dotted(path: _Path) -> str:
    return ".".join(str(step) for step in path)


def _explain(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return UNKNOWN
    if kind == "string_type":
        return "expected text; put quotes around it, or YAML takes it for a number, a date or true and false"
    if kind.startswith("date"):
        return "write a day such as 2026-02-28, without quotes"
    return message[0].lower() + message[1:]


def _explain_effect(coordinate: Any, effect: object) -> str:
    """What to write instead of an effect, and the line as it should be."""
    if isinstance(effect, str):
        mask = f'{{mask: "{effect}"}}'
        return f"write clear, aggregate, or a mask such as {mask}, so: `{coordinate}: {mask}`"
    if isinstance(effect, dict) and isinstance(effect.get("mask"), str):
        mask = f'{{mask: "{",".join([effect["mask"], *(str(each) for each in effect if each != "mask")])}"}}'
        return f"put quotes around the mask: {mask}, so: `{coordinate}: {mask}`"
    return f"write clear, aggregate, or a mask such as {{mask: redact}}, so: `{coordinate}: {{mask: redact}}`"
