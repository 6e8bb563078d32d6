"""The logged form of an operation holds no value that its author wrote into it.

Literals become placeholders and aliases numbers, so that one operation asked for a thousand people is one
text; the literals themselves are handed out beside it, for the log to keep as keyed digests.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from graphql import DocumentNode, TokenKind

_LITERALS = {TokenKind.INT: "0", TokenKind.FLOAT: "0.0", TokenKind.STRING: '""', TokenKind.BLOCK_STRING: '""'}
_IGNORED = frozenset({TokenKind.SOF, TokenKind.EOF, TokenKind.COMMENT})
_TIGHT_BEFORE = frozenset({"(", ")", ":", "]", "!"})
_TIGHT_AFTER = frozenset({"(", "[", "$", "@", "..."})


@dataclass(frozen=True, slots=True)
class Normal:
    """A document's text without values, and the literal values that stood in it, in order."""

    text: str
    literals: tuple[str, ...] = field(repr=False)


def normalise(document: DocumentNode) -> Normal:
    """The normal form of a parsed document (parsed with locations: its tokens are read)."""
    pieces: list[str] = []
    literals: list[str] = []
    aliases: dict[str, str] = {}
    arguments = 0
    token = document.loc.start_token if document.loc else None
    while token is not None:
        if token.kind in _LITERALS:
            literals.append(token.value or "")
            pieces.append(_LITERALS[token.kind])
        elif token.kind is TokenKind.NAME:
            name = token.value or ""
            alias = not arguments and token.next is not None and token.next.kind is TokenKind.COLON
            pieces.append(aliases.setdefault(name, f"a{len(aliases) + 1}") if alias else name)
        elif token.kind not in _IGNORED:
            arguments += {TokenKind.PAREN_L: 1, TokenKind.PAREN_R: -1}.get(token.kind, 0)
            pieces.append(token.kind.value)
        token = token.next
    return Normal(_joined(pieces), tuple(literals))


def _joined(pieces: list[str]) -> str:
    text: list[str] = []
    before = "("
    for piece in pieces:
        if not (piece in _TIGHT_BEFORE or before in _TIGHT_AFTER):
            text.append(" ")
        text.append(piece)
        before = piece
    return "".join(text)
