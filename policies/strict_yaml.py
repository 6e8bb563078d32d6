"""A policy file is read strictly: no tags, no anchors, no duplicate keys, and each node knows its line.

PyYAML's safe constructor, with what a policy never needs refused (a bundle of aliases can grow without bound).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

MAX_BYTES = 1_000_000
"""Largest policy file, in bytes."""


class PolicyFileError(ValueError):
    """A policy file cannot be loaded. The text names file, line and remedy."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


class _Strict(yaml.SafeLoader):
    """SafeLoader without aliases and duplicate keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not allowed",
                problem_mark=self.peek_event().start_mark,  # type: ignore[no-untyped-call]
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be plain text", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class PolicyFile:
    """One parsed file: `content` is plain data, `place` turns a path in it into `file:line`."""

    def __init__(self, name: str, raw: bytes) -> None:
        self.name = name
        self.content, self._root = _load(name, raw)

    def place(self, path: tuple[str | int, ...] = ()) -> str:
        """`file:line` of the deepest node that `path` leads to."""
        line = 1
        for node in _walk(self._root, path):
            line = node.start_mark.line + 1
        return f"{self.name}:{line}"


def _load(name: str, raw: bytes) -> tuple[dict[str, Any], yaml.Node | None]:
    if len(raw) > MAX_BYTES:
        raise PolicyFileError(name, f"larger than {MAX_BYTES} bytes; split it")
    loader: _Strict | None = None
    try:
        loader = _Strict(raw.decode("utf-8"))
        root = loader.get_single_node()
        content = {} if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as wrong:
        line = f":{wrong.problem_mark.line + 1}" if wrong.problem_mark else ""
        raise PolicyFileError(f"{name}{line}", str(wrong.problem or wrong.context)) from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise PolicyFileError(name, "not YAML in UTF-8") from None
    except RecursionError:
        raise PolicyFileError(name, "nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(content, dict):
        raise PolicyFileError(name, "expected sections such as `grants:` at the top")
    return content, root


def _walk(node: yaml.Node | None, path: tuple[str | int, ...]) -> Iterator[yaml.Node]:
    if node is None:
        return
    yield node
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                return
            yield found[0]
            node = found[1]
        elif isinstance(node, yaml.SequenceNode) and str(step).isdigit() and int(step) < len(node.value):
            node = node.value[int(step)]
            yield node
        else:
            return
