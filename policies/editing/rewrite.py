"""Changes one value in the text of a YAML file so that it holds another, line by line and key by key.

What stays the same keeps its bytes: comments, order, quotes and the way that it is laid out. A comment on the line of
what is taken out goes with it. Whoever calls this reads the result again and compares; nothing is trusted to be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from policies.editing.written import EditRefused, same, written
from schema.strict_yaml import Piece

Edit = tuple[int, int, str]
"""From, to before, and what stands there instead."""
ORDER: Final = (
    "id", "to", "prohibit", "for", "basis", "valid", "obligations", "contributors", "rounding", "buckets", "rows",
    "fields", "match", "verify", "accesses",
)  # fmt: skip
"""The keys of a rule in the order in which they are written."""
IN_BLOCKS: Final = ("rows", "fields")
"""Keys whose map has a line for each entry."""
_BY_TEXT: Final = "it is laid out in a way that a form does not change; edit it as text"


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits done; none of them may overlap another."""
    parts, done = list[str](), 0
    for start, end, instead in sorted(edits):
        if start < done:
            raise EditRefused(_BY_TEXT)
        parts += text[done:start], instead
        done = end
    return "".join((*parts, text[done:]))


def edits(text: str, piece: Piece, old: Any, new: Any, after: int) -> Iterator[Edit]:
    """What makes `new` of the value `old` that stands at `piece`; its key or its dash ends before `after`."""
    if same(old, new):
        return
    if piece.kind == "map" and isinstance(new, dict) and new:
        yield from (_flow_map if piece.flow else _block_map)(text, piece, old, new)
    elif piece.kind == "list" and isinstance(new, list) and new and _grown(old, new):
        yield from (_flow_list if piece.flow else _block_list)(text, piece, old, new)
    elif "\n" in text[after : piece.start]:
        yield after, content_end(text, piece), f" {written(new)}"
    else:
        yield piece.start, content_end(text, piece), written(new)


def rule_lines(rule: Mapping[str, Any], indent: int, newline: str) -> str:
    """A whole rule as an item of a list whose dash stands behind `indent` blanks."""
    keys = sorted(rule, key=ORDER.index)
    lines = "".join(_entry(key, rule[key], indent + 2, newline) for key in keys)
    return " " * indent + "- " + lines[indent + 2 :]


def content_end(text: str, piece: Piece) -> int:
    """Where the last sign of a value ends."""
    return piece.start + len(text[piece.start : piece.end].rstrip())


def line_start(text: str, at: int) -> int:
    """Where the line of a sign begins."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Where the line after that of a sign begins."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def newline_of(text: str) -> str:
    """The line end of a text."""
    return "\r\n" if "\r\n" in text else "\n"


def dash_before(text: str, item: Piece) -> int:
    """The column of the dash of an item of a list that is laid out in lines; EditRefused where it has no line."""
    before = text[line_start(text, item.start) : item.start].rstrip()
    if before.strip() != "-":
        raise EditRefused(_BY_TEXT)
    return len(before) - 1


def _entry(key: str, value: Any, indent: int, newline: str) -> str:
    if key in IN_BLOCKS and isinstance(value, dict) and value:
        inner = "".join(_entry(name, each, indent + 2, newline) for name, each in value.items())
        return f"{' ' * indent}{written(key)}:{newline}{inner}"
    return f"{' ' * indent}{written(key)}: {written(value)}{newline}"


def _block_map(text: str, piece: Piece, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Edit]:
    entries = _entries(piece, old)
    for at, (name, key, value) in enumerate(entries):
        if name in new:
            yield from edits(text, value, old[name], new[name], text.index(":", key.end) + 1)
        else:
            following = entries[at + 1][1] if at + 1 < len(entries) else None
            yield _line_out(text, key, value, following)
    first = entries[0][1]
    indent = first.start - line_start(text, first.start)
    yield from _added_lines(text, entries, new, indent)


def _added_lines(
    text: str, entries: Sequence[tuple[str, Piece, Piece]], new: Mapping[str, Any], indent: int
) -> Iterator[Edit]:
    """New entries: after the last that comes before them in the order of a rule, or after the last of all."""
    known, newline = {name for name, _, _ in entries}, newline_of(text)
    places: dict[int, str] = {}
    for name in sorted(new.keys() - known, key=lambda name: (_rank(name), list(new).index(name))):
        before = [value for other, _, value in entries if _rank(other) <= _rank(name)] or [entries[0][2]]
        place = line_end(text, content_end(text, before[-1]))
        ended = text[:place].endswith("\n") or places.get(place)
        places[place] = places.get(place, "") + ("" if ended else newline) + _entry(name, new[name], indent, newline)
    yield from ((place, place, lines) for place, lines in places.items())


def _rank(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _line_out(text: str, key: Piece, value: Piece, following: Piece | None) -> Edit:
    """The lines of an entry taken out; the next one moves up where a dash stands before it."""
    start, end = line_start(text, key.start), content_end(text, value)
    if not text[start : key.start].strip():
        return start, line_end(text, end), ""
    if following is None or text[end : following.start].strip():
        raise EditRefused(_BY_TEXT)
    return key.start, following.start, ""


def _block_list(text: str, piece: Piece, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Edit]:
    items = [item for _, item in piece.inside]
    for item, value in zip(items, old, strict=True):
        dash_before(text, item)
        if value not in new:
            yield line_start(text, item.start), line_end(text, content_end(text, item)), ""
    place, newline = line_end(text, content_end(text, items[-1])), newline_of(text)
    start = " " * dash_before(text, items[-1]) + "- "
    lines = "".join(f"{start}{written(each)}{newline}" for each in new if each not in old)
    if lines:
        yield place, place, lines if text[:place].endswith("\n") else newline + lines


def _flow_map(text: str, piece: Piece, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Edit]:
    entries = _entries(piece, old)
    for name, key, value in entries:
        if name in new:
            yield from edits(text, value, old[name], new[name], key.end + 1)
    kept = [name in new for name, _, _ in entries]
    added = [f"{written(name)}: {written(each)}" for name, each in new.items() if name not in old]
    yield from _flow(piece, [(key.start, value.end) for _, key, value in entries], kept, added, written(new))


def _flow_list(_: str, piece: Piece, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Edit]:
    kept = [each in new for each in old]
    added = [written(each) for each in new if each not in old]
    yield from _flow(piece, [(item.start, item.end) for _, item in piece.inside], kept, added, written(new))


def _flow(
    piece: Piece, places: Sequence[tuple[int, int]], kept: Sequence[bool], added: Sequence[str], whole: str
) -> Iterator[Edit]:
    """Items of braces or brackets that go and come, without touching those that stay."""
    if not any(kept):
        yield piece.start, piece.end, whole
        return
    last = max(at for at, stays in enumerate(kept) if stays)
    for at in range(last):
        if not kept[at]:
            yield places[at][0], places[at + 1][0], ""
    gone = places[last][1], places[-1][1]
    if gone[0] < gone[1] or added:
        yield *gone, "".join(f", {each}" for each in added)


def _entries(piece: Piece, old: Mapping[str, Any]) -> list[tuple[str, Piece, Piece]]:
    return [(name, key, value) for name, (key, value) in zip(old, piece.inside, strict=True) if key is not None]


def _grown(old: Sequence[Any], new: Sequence[Any]) -> bool:
    """Whether a list is another with items taken out and others put behind it, each once."""
    stayed = [each for each in old if each in new]
    return (
        len(new) == len([each for at, each in enumerate(new) if each not in new[:at]]) and new[: len(stayed)] == stayed
    )
