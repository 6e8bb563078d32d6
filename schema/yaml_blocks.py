"""Reads a YAML file into pydantic models: policies and slices.

Every key is known and nothing else is accepted. All faults of a file are told at once, each with file, line and what to
write; what is left of a line that was taken out (an empty list, map or key) is one of them, and never means "any".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from schema import shapes
from schema.nearest_name import nearest_name
from schema.strict_yaml import YamlFile, YamlFileError, paths_without_content

UNKNOWN = "unknown key; nothing of this name is written here"
LIKE = 0.7
"""How like an unknown key must be to one that is proposed: `parent` is no slip of `purge`."""

YamlPath = tuple[str | int, ...]
Told = tuple[YamlPath, str]
_Error = tuple[YamlPath, Mapping[str, Any]]
_Model = TypeVar("_Model", bound="Block")


class Block(BaseModel):
    """A map of a file, with exactly the keys of its fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def explain_fault(file: YamlFile, path: YamlPath, fault: Mapping[str, Any]) -> Told:
    """Where one fault in the shape of a file is, and what to write instead."""
    kind = str(fault["type"])
    if kind == "string_type":
        if isinstance(fault["input"], list | dict):
            return path, "expected one text, not a list or a block"
        return path, "expected text; put quotes around it, or YAML takes it for a number, a date or true and false"
    if kind.startswith("date"):
        return path, "write a day such as 2026-02-28, without quotes"
    message = shapes.fault_in_words(fault)
    return path, message[0].lower() + message[1:]


def read_block(
    file: YamlFile,
    model: type[_Model],
    *,
    says_nothing: str,
    unknown_key: str = UNKNOWN,
    may_be_empty: Callable[[YamlPath], bool] = lambda path: False,
    explain: Callable[[YamlFile, YamlPath, Mapping[str, Any]], Told] = explain_fault,
) -> _Model:
    """The model that a whole file holds; raises one YamlFileError for all that is wrong.

    `says_nothing` is told of a file without content, `unknown_key` of a key that there is not.
    """
    faults: dict[YamlPath, str] = {}
    unknown: dict[YamlPath, str] = {}
    try:
        document = model.model_validate(file.content)
    except ValidationError as wrong:
        errors = [(tuple(fault["loc"]), fault) for fault in wrong.errors(include_url=False)]
        unknown, told = _unknown_keys(file, model, errors, unknown_key)
        for path, problem in (explain(file, path, fault) for path, fault in errors if path not in told):
            faults.setdefault(path, unknown.get(path, problem))
    for path, problem in _empty(file, says_nothing, may_be_empty):
        if path not in unknown and not any(path[:length] in faults for length in range(1, len(path))):
            faults[path] = problem
    raise_all(
        YamlFileError(file.place(path), f"{_dotted(path)}: {problem}" if path else problem)
        for path, problem in sorted(faults.items(), key=lambda each: file.line(each[0]))
    )
    return document


def raise_all(faults: Iterable[YamlFileError]) -> None:
    """Raises one YamlFileError that tells all of them, a line each; nothing where there is none."""
    told = list(dict.fromkeys((each.place, each.problem) for each in faults))
    if told:
        (place, problem), *others = told
        raise YamlFileError(place, "\n".join([problem, *(": ".join(each) for each in others)]))


def _empty(file: YamlFile, says_nothing: str, may_be_empty: Callable[[YamlPath], bool]) -> Iterator[Told]:
    """Where nothing stands, though a key says that something does."""
    if not file.content:
        yield (), says_nothing
    for path in paths_without_content(file.content):
        if not may_be_empty(path):
            yield path, "nothing stands here; remove the key, or say what is meant"


def _unknown_keys(
    file: YamlFile, model: type[Block], errors: Iterable[_Error], unknown_key: str
) -> tuple[dict[YamlPath, str], set[YamlPath]]:
    """What to say of each unknown key, by its path; and which missing keys are told with one of them."""
    missing = {path for path, fault in errors if fault["type"] == "missing"}
    unknown: dict[YamlPath, str] = {}
    told: set[YamlPath] = set()
    for path in (path for path, fault in errors if fault["type"] == "extra_forbidden"):
        *above, written = path
        known = _known_keys(model, above)
        present: Mapping[str, Any] = reduce(_step, above, file.content) if known else {}
        near = nearest_name(str(written), (each for each in known if each not in present), LIKE)
        unknown[path] = unknown_key
        if near is not None:
            meant = (*above, near)
            same = near.lower() == str(written).lower()
            hint = f"the nearest is {near}{', which is missing here' if meant in missing else ''}"
            unknown[path] = f"unknown key; write it in these letters: {near}" if same else f"{unknown_key}; {hint}"
            told.add(meant)
    return unknown, told & missing


def _step(content: Any, step: str | int) -> Any:
    return content[step]


def _known_keys(model: type[Block], path: Iterable[str | int]) -> list[str]:
    """The keys that a block may have; none where every key is allowed, or the block is one of several."""
    here: Any = model
    for step in path:
        block = _block_of(here)
        if block is None:
            here = next(iter(get_args(here)[-1:]), None)  # what a list or map holds
        else:
            named = {each.alias or name: each.annotation for name, each in block.model_fields.items()}
            here = named.get(str(step))
    block = _block_of(here)
    return [] if block is None else [each.alias or name for name, each in block.model_fields.items()]


def _block_of(annotation: Any) -> type[Block] | None:
    """The block that stands there, or may; None for a list or map of them."""
    held = () if get_origin(annotation) in {list, dict} else (annotation, *get_args(annotation))
    return next((each for each in held if isinstance(each, type) and issubclass(each, Block)), None)


def _dotted(path: YamlPath) -> str:
    return ".".join(str(step) for step in path)
