"""The words of the policy language are told from the code that reads them, so that the page cannot say otherwise.

The JSON Schema for editors (JSON Schema 2020-12, made by pydantic) and the vocabulary page in Markdown, both of the
models in `policies/yaml_models.py`, the registered masks and obligations, and the catalogue.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from policies import masking, obligations
from policies.yaml_models import PolicyDocument
from schema.catalogue import Catalogue, EdgeEnd
from schema.predicate import OPERATORS

PLACEHOLDERS: Mapping[str, str] = {
    "$subject.application": "the application that asks",
    "$subject.department": "its department",
    "$subject.role": "its role",
    "$subject.level": "its level",
    "$subject.jurisdiction": "the jurisdiction it, or its member of staff, answers for",
    "$case": "the request's Case-Reference, if it names a case that the subject may work on",
    "$today": "the local date of the request",
    "$today - 60y": "the same day of the year, so many years earlier",
}
"""Values in `rows` that are known only when a request is decided."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of one policy file."""
    schema = PolicyDocument.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Sluicegate policy file", **schema}


def page(catalogue: Catalogue) -> str:
    """The vocabulary page."""
    parts = [
        "# The words of the policy language 策略词汇",
        "Made by `sluicegate policy vocabulary`; do not edit. How to use them: "
        "[policy-language.md](policy-language.md). For editors: [policy.schema.json](policy.schema.json).",
        *_sections(),
        "## Rows",
        "A row condition is a filter as the API takes it, in YAML: a field with an operator and a value, an edge with "
        "`some` or `none`, and `and`, `or`, `not`. An empty condition means every row of the type.",
        _table(("kind of field", "operators"), [(str(kind), ", ".join(ops)) for kind, ops in OPERATORS.items()]),
        "Placeholders:",
        _table(("placeholder", "stands for"), [(f"`{name}`", text) for name, text in PLACEHOLDERS.items()]),
        "## Effects",
        "`clear`, `{mask: …}` or `aggregate`. Strongest first: clear, then the most revealing mask granted, then "
        "aggregate. A mask must stand on the ladder of its coordinate.",
        _table(("mask", "what is left of the value"), list(_masks(catalogue))),
        _table(("coordinate", "mask ladder, least revealing first"), list(_ladders(catalogue))),
        "## Obligations",
        _table(("obligation", "what it asks"), list(_obligations())),
    ]
    return "\n\n".join(parts) + "\n"


def _sections() -> Iterator[str]:
    for section, info in PolicyDocument.model_fields.items():
        block = _block(info)
        if block is None:
            yield f"## `{section}`\n\nType → the department that answers for its data."
            continue
        yield f"## `{section}`\n\n{_said(block)}\n\n{_keys(block)}"
        for name, each in block.model_fields.items():
            inner = _block(each)
            if inner is not None:
                yield f"### `{section}.{each.alias or name}`\n\n{_said(inner)}\n\n{_keys(inner)}"


def _block(info: FieldInfo) -> type[BaseModel] | None:
    stack: list[Any] = [info.annotation]
    while stack:
        found = stack.pop()
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
        stack.extend(get_args(found))
    return None


def _keys(block: type[BaseModel]) -> str:
    properties = block.model_json_schema(by_alias=True)["properties"]
    rows = [
        (f"`{info.alias or name}`", _kind(properties[info.alias or name]), _default(info))
        for name, info in block.model_fields.items()
    ]
    return _table(("key", "takes", "if left out"), rows)


def _kind(told: Mapping[str, Any]) -> str:
    """A property of the JSON Schema in a few words."""
    if "anyOf" in told:
        meant = [each for each in told["anyOf"] if each.get("type") != "null" and each.get("const") != ""]
        return " or ".join(_kind(each) for each in meant)
    if "$ref" in told:
        return "a block, see below"
    if "const" in told or "enum" in told:
        return " or ".join(f"`{each}`" for each in told.get("enum", [told.get("const")]))
    if told.get("type") == "array":
        return f"a list of: {_kind(told['items'])}"
    if told.get("type") == "object":
        values = told.get("additionalProperties")
        return f"a map to: {_kind(values)}" if isinstance(values, dict) and values else "a map"
    names = {"string": "text", "integer": "a whole number", "boolean": "true or false"}
    name = "a date" if told.get("format") == "date" else names.get(str(told.get("type")), "any value")
    least = f" of at least {told['minimum']}" if "minimum" in told else ""
    return name + least + (f", at most {told['maximum']}" if "maximum" in told else "")


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    default = info.default
    plain = default is not PydanticUndefined and isinstance(default, str | int) and default != ""
    return f"`{default}`" if plain else "nothing"


def _masks(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    known = {text: masking.parse(text) for _, text in _every_rung(catalogue)}
    for method in masking.METHODS:
        for text, mask in sorted(known.items()):
            if text.partition("(")[0] == method:
                yield f"`{text}`", _first_line(mask)


def _every_rung(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for coordinate, field in catalogue.coordinates():
        if not isinstance(field, EdgeEnd):
            for text in field.masks:
                yield coordinate, text


def _ladders(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for coordinate, field in catalogue.coordinates():
        if not isinstance(field, EdgeEnd) and field.masks:
            yield f"`{coordinate}`", " < ".join(f"`{text}`" for text in field.masks)


def _obligations() -> Iterator[tuple[str, str]]:
    for name in obligations.OBLIGATIONS:
        required = name == obligations.CASE
        found = obligations.parse({name: "required" if required else 1})[name]
        yield f"`{name}: {'required' if required else 'N'}`", " ".join(_said(type(found)).split())


def _first_line(of: object) -> str:
    return _said(type(of)).splitlines()[0]


def _said(of: type) -> str:
    return inspect.getdoc(of) or ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
