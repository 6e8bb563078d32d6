"""Writes the vocabulary page and the JSON Schema of the policy language.

Both are made from the code that reads policies (the models in `policies/yaml_models.py`, the registered masks and
obligations, and the catalogue), so the page cannot say otherwise. The schema is JSON Schema 2020-12, made by pydantic;
the page is Markdown.
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
from schema.catalogue import Answer, Catalogue, Field
from schema.predicate import OPERATORS

PLACEHOLDERS: Mapping[str, str] = {
    "$subject.application": "the application that asks",
    "$subject.department": "its department",
    "$subject.role": "its role",
    "$subject.level": "its level",
    "$subject.jurisdiction": "the jurisdiction it, or its member of staff, answers for",
    "$case": "the request's Case-Reference, if it names a case that the subject may work on; a grant that names "
    "it does not apply without one, and it cannot stand under `not` or `none`",
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
        "`some` or `none`, and `and`, `or`, `not`. `Person: {}` means every row of the type; an empty condition "
        "anywhere else is refused.",
        _table(("kind of field", "operators"), [(str(kind), ", ".join(ops)) for kind, ops in OPERATORS.items()]),
        "Placeholders:",
        _table(("placeholder", "stands for"), [(f"`{name}`", text) for name, text in PLACEHOLDERS.items()]),
        "## Effects",
        "`clear`, `{mask: …}` or `aggregate`. Strongest first: clear, then the most revealing mask granted, then "
        "aggregate. A mask must stand on the ladder of its coordinate. An answer is granted as `answer`, or as "
        "`{answer: [18, 60]}` with the values of its argument that are answered, and has no other effect.",
        _table(("mask", "what is left of the value"), list(_masks(catalogue))),
        _table(("coordinate", "mask ladder, least revealing first"), list(_ladders(catalogue))),
        _table(("answer", "asked with", "what it reads"), list(_answers(catalogue))),
        "## Obligations",
        _table(("obligation", "what it asks"), list(_obligations())),
    ]
    return "\n\n".join(parts) + "\n"


def _sections() -> Iterator[str]:
    for section, info in PolicyDocument.model_fields.items():
        blocks = _blocks(info)
        if not blocks:
            yield f"## `{section}`\n\nType → the department that answers for its data."
        for block in blocks:
            yield f"## `{section}`\n\n{_docstring(block)}\n\n{_keys(block)}"
            yield from _inner_blocks(section, block)


def _inner_blocks(section: str, block: type[BaseModel]) -> Iterator[str]:
    for name, each in block.model_fields.items():
        title = f"{section}.{each.alias or name}"
        for inner in _blocks(each):
            yield f"### `{title}`\n\n{_docstring(inner)}\n\n{_keys(inner)}"
            yield from _inner_blocks(title, inner)


def _blocks(info: FieldInfo) -> list[type[BaseModel]]:
    """The blocks that may stand at a key, in the order of its type."""
    stack, found = [info.annotation], list[type[BaseModel]]()
    while stack:
        each: Any = stack.pop(0)
        if isinstance(each, type) and issubclass(each, BaseModel):
            found.append(each)
        stack.extend(get_args(each))
    return found


def _keys(block: type[BaseModel]) -> str:
    properties = block.model_json_schema(by_alias=True)["properties"]
    rows = [
        (f"`{info.alias or name}`", _kind(properties[info.alias or name]), _default(info))
        for name, info in block.model_fields.items()
    ]
    return _table(("key", "takes", "if left out"), rows)


def _kind(prop: Mapping[str, Any]) -> str:
    """A property of the JSON Schema in a few words."""
    if "anyOf" in prop:
        meant = [each for each in prop["anyOf"] if each.get("type") != "null" and each.get("const") != ""]
        return " or ".join(_kind(each) for each in meant)
    if "$ref" in prop:
        return "a block, see below"
    if "const" in prop or "enum" in prop:
        return " or ".join(f"`{each}`" for each in prop.get("enum", [prop.get("const")]))
    if prop.get("type") == "array":
        return f"a list of: {_kind(prop['items'])}"
    if prop.get("type") == "object":
        values = prop.get("additionalProperties")
        return f"a map to: {_kind(values)}" if isinstance(values, dict) and values else "a map"
    names = {"string": "text", "integer": "a whole number", "boolean": "true or false"}
    name = "a date" if prop.get("format") == "date" else names.get(str(prop.get("type")), "any value")
    least = f" of at least {prop['minimum']}" if "minimum" in prop else ""
    return name + least + (f", at most {prop['maximum']}" if "maximum" in prop else "")


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
        if isinstance(field, Field):
            for text in field.masks:
                yield coordinate, text


def _ladders(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for coordinate, field in catalogue.coordinates():
        if isinstance(field, Field) and field.masks:
            yield f"`{coordinate}`", " < ".join(f"`{text}`" for text in field.masks)


def _answers(catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    for coordinate, answer in catalogue.coordinates():
        if isinstance(answer, Answer):
            argument = f"`{answer.argument.name}`: {answer.argument.scalar}" if answer.argument else "nothing"
            yield f"`{coordinate}`", argument, ", ".join(f"`{each}`" for each in sorted(answer.reads))


def _obligations() -> Iterator[tuple[str, str]]:
    for name in obligations.OBLIGATIONS:
        required = name == obligations.CASE
        found = obligations.parse({name: "required" if required else 1})[name]
        yield f"`{name}: {'required' if required else 'N'}`", " ".join(_docstring(type(found)).split())


def _first_line(of: object) -> str:
    return _docstring(type(of)).splitlines()[0]


def _docstring(of: type) -> str:
    return inspect.getdoc(of) or ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
