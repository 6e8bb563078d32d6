"""Normalises a document into the form that is logged.

The normalised text holds no value and no name that its author chose: literals become placeholders; aliases, variables,
fragments and the operation's own name become numbers, because an app could write a telephone number into any of them.
One operation asked about a thousand people is therefore one text. The literals are returned beside it, so that the log
can keep them as keyed digests.
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
class NormalisedDocument:
    """A document's text without values, its literals in order, and the new name of each of its variables."""

    text: str
    literals: tuple[str, ...] = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)

    @property
    def texts(self) -> bool:
        """Whether some literal is a text or a number with a point; no name in the normalised text looks like one."""
        return any(placeholder in self.text for kind, placeholder in _LITERALS.items() if kind is not TokenKind.INT)


def normalise(document: DocumentNode) -> NormalisedDocument:
    """The normalised form of a document, which must have been parsed with locations: its tokens are read."""
    reader = _Reader()
    tokens = list(_tokens(document))
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        reader.take(before, token, after)
    return NormalisedDocument(_joined(reader.pieces), tuple(reader.literals), reader.chosen_names["v"])


def _tokens(document: DocumentNode) -> Iterator[Token]:
    token = document.loc.start_token if document.loc else None
    while token is not None:
        # Comments are left out, so that none can stand between a name and the sign that tells what it names.
        if token.kind not in _IGNORED:
            yield token
        token = token.next


class _Reader:
    """Reads tokens one by one and keeps count of open braces and parentheses."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.literals: list[str] = []
        self.chosen_names: dict[str, dict[str, str]] = {"a": {}, "v": {}, "f": {}, "q": {}}
        self._braces = 0
        self._arguments = 0

    def take(self, before: Token | None, token: Token, after: Token | None) -> None:
        """Read one token, given the tokens before and after it."""
        if token.kind in _LITERALS:
            self.literals.append(token.value or "")
            self.pieces.append(_LITERALS[token.kind])
        elif token.kind is TokenKind.NAME:
            kind = self._kind(before, token, after)
            known = self.chosen_names.get(kind)
            name = token.value or ""
            self.pieces.append(name if known is None else known.setdefault(name, f"{kind}{len(known) + 1}"))
        else:
            self._arguments += {TokenKind.PAREN_L: 1, TokenKind.PAREN_R: -1}.get(token.kind, 0)
            self._braces += {TokenKind.BRACE_L: 1, TokenKind.BRACE_R: -1}.get(token.kind, 0)
            self.pieces.append(token.kind.value)

    def _kind(self, before: Token | None, token: Token, after: Token | None) -> str:
        """What a name is: alias `a`, variable `v`, fragment `f`, operation `q`, or a name of the schema (empty)."""
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
