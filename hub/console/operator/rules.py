"""The rules by which rows are refused, and by which a pull notes something, that the console has words for."""

from __future__ import annotations

from typing import Final

REFUSING: Final = frozenset(
    (
        *("archive-within", "external-link", "name-twice", "not-csv", "not-json"),
        *("too-large", "unknown-packing", "unlisted-folder", "unsafe-name"),
        *("bad-character", "bad-credit-code", "bad-resident-id", "birth-mismatch"),
        *("contested", "ended-grid", "formula-error", "gender-mismatch"),
        *("in-future", "level-mismatch", "member-twice", "missing"),
        *("not-a-code", "not-a-date", "not-a-division", "not-a-number"),
        *("not-a-phone",),
        *("not-a-position", "not-a-record", "not-a-time", "not-an-integer"),
        *("not-constant", "not-decodable", "not-text", "old-registration"),
        *("order-of-times", "out-of-range", "precision-lost", "repeated-number"),
        *("scientific-notation", "sentinel", "target-not-found"),
        *("thousands-separator", "too-long", "unknown-grid", "unknown-value"),
        *("unknown-word", "unreadable-file", "unreadable-sheet", "wrong-length"),
    )
)
NOTED: Final = frozenset(
    (
        *("blank-lines", "changed-kind", "fewer-records", "hidden-sheets"),
        *("merged-cells", "missed", "missing-columns", "new-columns"),
        *("no-graph", "missing-target"),
        *("no-points",),
        *("not-removed", "other-files", "truncated"),
    )
)
RULES: Final = REFUSING | NOTED


def word_of(rule: str) -> str:
    """The key of the words for a rule, which may name an edge after it; empty for one without words."""
    return _word(rule, "rule")


def fix_of(rule: str) -> str:
    """The key of the words for what to do about it; empty for one without words."""
    return _word(rule, "fix")


def _word(rule: str, kind: str) -> str:
    name = rule.partition(" ")[0]
    return f"ops_{kind}_{name.replace('-', '_')}" if name in RULES else ""
