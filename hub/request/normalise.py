"""The logged form of an operation holds nothing that its author made up: no value, and no name.

Literals become placeholders; aliases, variables, fragments and the operation's own name become numbers, because an app
can write a telephone number into any of them. So one operation asked for a thousand people is one text. The literals
are handed out beside it, for the log to keep as keyed digests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import DocumentNode, Token, TokenKind

_LITERALS = {TokenKind.INT: "0", TokenKind.FLOAT: "0.0", TokenKind.STRING: '""', TokenKind.BLOCK_STRING: '""'}
_IGNORED = frozenset({TokenKind.SOF, TokenKind.EOF, TokenKind.COMMENT})
_DEFINES = {"fragment": "f", "query": "q", "mutation": "q", "subscription": "q"}
_TIGHT_BEFORE = frozenset({"(", ")", ":", "]", "!"})
_TIGHT_AFTER = frozenset({"(", "[", "$", "@", "..."})


@dataclass(frozen=True, slots=True)
class Normal:
    """A document's text without values, the literals that stood in it, in order, and what its variables became."""

    text: str
    literals: tuple[str, ...] = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)


def normalise(document: DocumentNode) -> Normal:
    """The normal form of a parsed document (parsed with locations: its tokens are read)."""
    reader = _Reader()
    tokens = list(_tokens(document))
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        reader.take(before, token, after)
    return Normal(_joined(reader.pieces), tuple(reader.literals), reader.made_up["v"])


def _tokens(document: DocumentNode) -> Iterator[Token]:
    token = document.loc.start_token if document.loc else None
    while token is not None:
        # Without comments, so that none can stand between a name and the sign that tells whose it is.
        if token.kind not in _IGNORED:
            yield token
        token = token.next


class _Reader:
    """Reads tokens one by one, keeping how deep in braces and parentheses it is."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.literals: list[str] = []
        self.made_up: dict[str, dict[str, str]] = {"a": {}, "v": {}, "f": {}, "q": {}}
        self._braces = 0
        self._arguments = 0

    def take(self, before: Token | None, token: Token, after: Token | None) -> None:
        """One token, between those that stand beside it."""
        if token.kind in _LITERALS:
            self.literals.append(token.value or "")
            self.pieces.append(_LITERALS[token.kind])
        elif token.kind is TokenKind.NAME:
            kind = self._kind(before, token, after)
            known = self.made_up.get(kind)
            name = token.value or ""
            self.pieces.append(name if known is None else known.setdefault(name, f"{kind}{len(known) + 1}"))
        else:
            self._arguments += {TokenKind.PAREN_L: 1, TokenKind.PAREN_R: -1}.get(token.kind, 0)
            self._braces += {TokenKind.BRACE_L: 1, TokenKind.BRACE_R: -1}.get(token.kind, 0)
            self.pieces.append(token.kind.value)

    def _kind(self, before: Token | None, token: Token, after: Token | None) -> str:
        """Whose name it is: an alias's, a variable's, a fragment's, an operation's, or the schema's (empty)."""
        if before is not None and before.kind is TokenKind.DOLLAR:
            return "v"
        if self._arguments:
            return ""
        if not self._braces:
            opening = before.value if before is not None and before.kind is TokenKind.NAME else None
            return _DEFINES.get(opening or "", "")
        if before is not None and before.kind is TokenKind.SPREAD and token.value != "on":
            return "f"
        return "a" if after is not None and after.kind is TokenKind.COLON else ""


def _joined(pieces: list[str]) -> str:
    text: list[str] = []
    before = "("
    for piece in pieces:
        if not (piece in _TIGHT_BEFORE or before in _TIGHT_AFTER):
            text.append(" ")
        text.append(piece)
        before = piece
    return "".join(text)
