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
from dataclasses import dataclass
from typing import Any

import yaml

from schema import yaml_causes

MAX_BYTES = 1_000_000
"""Largest file, in bytes."""
_HIDING = re.compile("[\\x85\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]|\\r(?!\\n)")
"""What lets a file read otherwise than it looks: line ends that not every editor shows, and changes of direction."""
_UNSEEN = "an invisible control character; delete it"

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


class YamlFileError(ValueError):
    """A file cannot be used. The text names file, line and remedy."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a value stands in the text of its file: from sign `start` to before `end`.

    `kind` is map, list or text; `flow` says whether braces or brackets stand around it. `inside` are the values of a
    map with their keys, or those of a list without. The end of a block may lie behind blanks that follow it.
    """

    start: int
    end: int
    kind: str
    flow: bool = False
    inside: tuple[tuple[Piece | None, Piece], ...] = ()


class YamlFile:
    """One file: `content` is plain data, `place` turns a path in it into `file:line`. Raises YamlFileError."""

    def __init__(self, name: str, raw: bytes) -> None:
        self.name = name
        self.content, self._root = _load(name, raw)

    def pieces(self) -> Piece:
        """Where everything stands, for whoever changes a part of the text alone; a map of no length if it is empty."""
        return Piece(0, 0, "map") if self._root is None else _piece(self._root)

    def place(self, path: tuple[str | int, ...] = ()) -> str:
        """`file:line` of the deepest node that `path` leads to."""
        return f"{self.name}:{self.line(path)}"

    def line(self, path: tuple[str | int, ...]) -> int:
        """The line of the deepest node that `path` leads to, from 1."""
        line = 1
        for node in _walk(self._root, path):
            line = node.start_mark.line + 1
        return line


def _piece(node: yaml.Node) -> Piece:
    start, end = node.start_mark.index, node.end_mark.index
    inside: tuple[tuple[Piece | None, Piece], ...]
    if isinstance(node, yaml.MappingNode):
        inside = tuple((_piece(key), _piece(value)) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        inside = tuple((None, _piece(value)) for value in node.value)
    else:
        return Piece(start, end, "text")
    flow = bool(node.flow_style)
    # PyYAML ends a block where the next thing begins, behind comments that are not of it.
    last = end if flow or not inside else inside[-1][1].end
    return Piece(start, last, "map" if isinstance(node, yaml.MappingNode) else "list", flow, inside)


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


def _composed(text: str) -> yaml.Node | None:
    return _Composer(text).get_single_node()


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
    unseen = _HIDING.search(text)
    if unseen:
        raise YamlFileError(f"{name}:{text.count(chr(10), 0, unseen.start()) + 1}", _UNSEEN)
    try:
        root = _composed(text)
        content = {} if root is None else _Values(text).value(root)
    except yaml.MarkedYAMLError as wrong:
        if wrong.problem_mark and not isinstance(wrong, yaml.scanner.ScannerError | yaml.parser.ParserError):
            raise YamlFileError(f"{name}:{wrong.problem_mark.line + 1}", str(wrong.problem)) from None
        line, problem = yaml_causes.parse_error(text, wrong)
        more = [f"{name}:{further}: {slip}" for further, slip in yaml_causes.like_slips(text, line)]
        raise YamlFileError(f"{name}:{line}", "\n".join([problem, *more])) from None
    except yaml.reader.ReaderError as wrong:
        line = text.count("\n", 0, wrong.position) + 1
        raise YamlFileError(f"{name}:{line}", _UNSEEN) from None
    except RecursionError:
        raise YamlFileError(name, "nested too deeply") from None
    if not isinstance(content, dict):
        line, problem = yaml_causes.no_mapping(text)
        raise YamlFileError(f"{name}:{line}", problem)
    return content, root


class _Values:
    """The plain data of the nodes of one file; raises MarkedYAMLError."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return [self._item(each, flow=bool(node.flow_style)) for each in node.value]
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.style else self._scalar(node, listed=False)
        content: dict[str, Any] = {}
        for key, value in node.value:
            name = self._key(key)
            if name in content:
                raise _refused(key, f"the key {name!r} stands twice; remove one")
            content[name] = self.value(value)
        return content

    def _item(self, node: yaml.Node, *, flow: bool) -> Any:
        if isinstance(node, yaml.ScalarNode) and not node.style:
            return self._scalar(node, listed=flow)
        return self.value(node)

    def _key(self, key: yaml.Node) -> str:
        if not isinstance(key, yaml.ScalarNode):
            raise _refused(key, "a key must be plain text; put quotes around it if it begins with { or [")
        name: str = key.value
        if not key.style:
            if name == "<<":
                raise _refused(key, "merge keys (`<<`) are not allowed; write out what they stand for")
            problem = yaml_causes.wrong_key(name, self._line(key))
            if problem:
                raise _refused(key, problem)
        if not name.isprintable():
            raise _refused(key, f"the key {name!r} holds a character that nobody sees; delete it")
        return name

    def _scalar(self, node: yaml.ScalarNode, *, listed: bool) -> Any:
        problem = yaml_causes.wrong_text(node.value, self._line(node), listed=listed)
        if problem:
            raise _refused(node, problem)
        return _plain(node)

    def _line(self, node: yaml.Node) -> str:
        # A value that is left out at the end of the file stands after its last line.
        return "".join(self._lines[node.start_mark.line : node.start_mark.line + 1])


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


def paths_without_content(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of each empty list, empty map and missing value within, in the order of the file."""
    steps = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for step, inner in steps:
        if inner is None or inner in ({}, []):
            yield (*path, step)
        yield from paths_without_content(inner, (*path, step))


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
