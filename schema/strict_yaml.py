"""The one reader of YAML files that people write for us: policies, sources, word lists.

Only plain data passes: no tags, anchors, aliases, merge keys, directives or keys that stand twice, and nothing that
YAML 1.1 and YAML 1.2 read differently (`010`, `1:30`, `yes`). What is refused is named by file and line, with what to
write. Numbers, truth values and null are those of the core schema of YAML 1.2.2 (yaml.org/spec/1.2.2, section 10.3.2);
dates and times are ISO 8601. Keys are always text, as they are written.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

MAX_BYTES = 1_000_000
"""Largest file, in bytes."""

_READ_ALIKE = {
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?(?:0|[1-9][0-9]*)"),
    "float": re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+][0-9]+)?"),
    "str": re.compile(r"(?!0o[0-7]+\Z|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z)(?s:.*)"),
}
"""For each kind that YAML 1.1 gives a scalar, the spellings that mean the same in the core schema of YAML 1.2."""
_REMEDIES = {
    "bool": "YAML readers disagree on this word; write true or false, or quote it",
    "int": "YAML readers disagree on this number; write it in plain digits, or quote it",
}
_FULL_WIDTH = {"：": ": ", "，": ", ", "“": '"', "”": '"', "【": "[", "】": "]", "｛": "{", "｝": "}"}
_FULL_WIDTH_SIGN = re.compile(f"([{''.join(_FULL_WIDTH)}]) *")


class YamlFileError(ValueError):
    """A file cannot be used. The text names file, line and remedy."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


class YamlFile:
    """One file: `content` is plain data, `place` turns a path in it into `file:line`. Raises YamlFileError."""

    def __init__(self, name: str, raw: bytes) -> None:
        self.name = name
        self.content, self._root = _load(name, raw)

    def place(self, path: tuple[str | int, ...] = ()) -> str:
        """`file:line` of the deepest node that `path` leads to."""
        line = 1
        for node in _walk(self._root, path):
            line = node.start_mark.line + 1
        return f"{self.name}:{line}"


class _Composer(yaml.SafeLoader):
    """PyYAML's reader as far as the tree of nodes, without what is more than plain data."""

    def compose_document(self) -> yaml.Node | None:
        start = self._next()
        if start.version or start.tags:
            raise _refused(start, "directives such as %YAML are not allowed; leave the line out")
        node: yaml.Node | None = super().compose_document()
        if not self.check_event(yaml.StreamEndEvent):
            raise _refused(self._next(), "a second document begins here; write one document in each file")
        return node

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self._next()
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _refused(event, "anchors and aliases are not allowed; write out what they stand for")
        if getattr(event, "tag", None) is not None:
            raise _refused(event, f"tags such as {event.tag} are not allowed; write the plain value")
        return super().compose_node(parent, index)

    def _next(self) -> Any:
        return self.peek_event()  # type: ignore[no-untyped-call]


def _refused(at: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)


def _load(name: str, raw: bytes) -> tuple[dict[str, Any], yaml.Node | None]:
    if len(raw) > MAX_BYTES:
        raise YamlFileError(name, f"larger than {MAX_BYTES} bytes; split it")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise YamlFileError(f"{name}:{line}", "not UTF-8 here; save the file as UTF-8") from None
    try:
        root = _Composer(text).get_single_node()
        content = {} if root is None else _value(root)
    except yaml.MarkedYAMLError as wrong:
        line, problem = _explained(text, wrong)
        raise YamlFileError(f"{name}:{line}", problem) from None
    except yaml.reader.ReaderError as wrong:
        line = text.count("\n", 0, wrong.position) + 1
        raise YamlFileError(f"{name}:{line}", "an invisible control character; delete it") from None
    except RecursionError:
        raise YamlFileError(name, "nested too deeply") from None
    if not isinstance(content, dict):
        raise YamlFileError(f"{name}:1", "expected a key such as `name:` at the top, not a list or plain text")
    return content, root


def _value(node: yaml.Node) -> Any:
    """The plain data of a node; raises MarkedYAMLError."""
    if isinstance(node, yaml.SequenceNode):
        return [_value(each) for each in node.value]
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else _plain(node)
    content: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _refused(key, "a key must be plain text; put quotes around it if it begins with { or [")
        if key.value == "<<" and not key.style:
            raise _refused(key, "merge keys (`<<`) are not allowed; write out what they stand for")
        if key.value in content:
            raise _refused(key, f"the key {key.value!r} stands twice; remove one")
        content[key.value] = _value(value)
    return content


def _plain(node: yaml.ScalarNode) -> Any:
    """What a scalar without quotes means; refused is what two versions of YAML read differently."""
    text: str = node.value
    kind = node.tag.rpartition(":")[2]
    alike = _READ_ALIKE.get(kind)
    if alike and not alike.fullmatch(text):
        raise _refused(node, f'{text}: {_REMEDIES["bool" if kind == "bool" else "int"]}: "{text}"')
    try:
        return _SCALARS[kind](text) if kind in _SCALARS else text
    except (ValueError, OverflowError):
        remedy = _NO_SUCH_TIME if kind == "timestamp" else "a number that is too large; quote it if it is text"
        raise _refused(node, f"{text[:40]}: {remedy}") from None


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("too large")
    return number


def _moment(text: str) -> dt.date:
    return dt.date.fromisoformat(text) if len(text) == len("2026-02-28") else dt.datetime.fromisoformat(text)


_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": int,
    "float": _float,
    "timestamp": _moment,
}
_NO_SUCH_TIME = "there is no such day or time; write one such as 2026-02-28 or 2026-02-28T08:00:00+08:00"


def _explained(text: str, wrong: yaml.MarkedYAMLError) -> tuple[int, str]:
    """Line and cause of what the parser refused. A full-width sign is often noticed one line late."""
    mark = wrong.problem_mark or wrong.context_mark
    line = mark.line if mark else 0
    if isinstance(wrong, yaml.scanner.ScannerError | yaml.parser.ParserError):
        lines = [*text.splitlines(), ""]
        if "\\t" in str(wrong.problem):
            return line + 1, "a tab; YAML is indented with spaces only"
        for at in (line, line - 1):
            sign = _FULL_WIDTH_SIGN.search(lines[at]) if 0 <= at < len(lines) else None
            if sign:
                right = _FULL_WIDTH_SIGN.sub(lambda found: _FULL_WIDTH[found[1]], lines[at]).strip()
                return at + 1, f"the sign {sign[1]} is full-width; write this line with half-width signs: {right}"
    parts = [str(each) for each in (wrong.context, wrong.problem) if each]
    return line + 1, ": ".join(parts)


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
