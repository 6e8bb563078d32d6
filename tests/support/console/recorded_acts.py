"""The acts of people that the source code can record, read from its calls: the name of every such record."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from audit.record import KINDS

HUB = Path(__file__).parents[3] / "hub"
CALLS = {
    *("command_record", "reading_record", "begin_record", "end_record", "record_reading", "record", "_record"),
    *("_change_record", "_recorded", "own_record"),
}
"""The functions that make a record, or pass on the name of one."""
RESULTS = {"OK", "REFUSED", "TAMPERED", "BEGUN"}
PASSED_ON = {
    *("home/audit_log.py", "steward/changes.py", "steward/policy_lookup.py", "cli/audit_opening.py", "console/desk.py"),
    *("push/endpoint.py", "serve.py", "console/operator/source_pages.py", "console/resident/resident_pages.py"),
    *("console/objections/store.py", "console/resident/recording.py"),
}
"""Files with a call that names no act itself: it hands on a name or a record that another call made."""
MADE = {
    "console/requests/desk_work.py": {f"console request {act}" for act in ("ask", "withdraw", "refuse", "draft")},
    "console/review/return_pages.py": {f"console versions {page}" for page in ("rollback", "schedule", "conflict")},
    "console/integrity/checking.py": {"console integrity check"},
    "schema_page.py": {"schema"},
}
"""By file: acts whose names are put together when they are recorded."""


@lru_cache(maxsize=1)
def recorded_acts() -> frozenset[str]:
    """Every act; AssertionError for a call whose act cannot be read, with its place."""
    found = {act for acts in MADE.values() for act in acts}
    for path in sorted(HUB.rglob("*.py")):
        name = path.relative_to(HUB).as_posix()
        text = path.read_text("utf-8")
        if not any(f"{call}(" in text for call in CALLS):
            continue
        tree = ast.parse(text)
        known = dict(_constants(tree))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if _name(call) not in CALLS:
                continue
            if (
                _name(call) in {"record", "_record", "_recorded"}
                and not name.startswith("console/")
                and not _texts(call, known)
            ):
                continue  # of something else
            act = _act(call, known, name)
            assert act or name in PASSED_ON | MADE.keys(), f"hub/{name}:{call.lineno}: which act is recorded here?"
            found |= {act} if act else set()
    return frozenset(found)


def _act(call: ast.Call, known: Mapping[str, str], name: str) -> str | None:
    texts = _texts(call, known)
    by_desk = name.startswith("console/") and _name(call) in {"record_reading", "record"}
    if not by_desk:
        named = () if name.startswith("console/") else ("pull", "delivery")  # kinds that are acts as well
        texts = [text for text in texts if text not in KINDS or text in named]
    if not texts or (_name(call) == "command_record" and texts == ["admin"]):
        return None
    act = texts[0] if by_desk else texts[-1]
    if _name(call) in {"_recorded", "_change_record"}:
        return f"policy {act}"
    if name.startswith("console/") and not act.startswith("console "):
        return f"console {act}"
    return f"{act} begin" if _name(call) == "begin_record" else act


def _texts(call: ast.Call, known: Mapping[str, str]) -> list[str]:
    return [text for each in call.args if (text := _text(each, known)) and text not in RESULTS]


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _text(node: ast.expr, known: Mapping[str, str]) -> str | None:
    """The text that an expression is, where it says so itself."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.JoinedStr):
        parts = [_text(part.value if isinstance(part, ast.FormattedValue) else part, known) for part in node.values]
        return None if None in parts else "".join(str(part) for part in parts)
    return None


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = getattr(node, "value", None)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield from ((target.id, value.value) for target in targets if isinstance(target, ast.Name))
