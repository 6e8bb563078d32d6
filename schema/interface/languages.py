"""The two languages of a description, which is written once, Chinese before English.

A description is known by its Chinese full stop, which stands in no name and in no default value of the schema.
"""

from __future__ import annotations

from typing import Final, Protocol

CHINESE: Final = "zh"
ENGLISH: Final = "en"
STOP: Final = "。"
"""What ends the Chinese part of a description; the English part follows without a space."""


class Named(Protocol):
    """What has a name in both languages."""

    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


def name_in(language: str, thing: Named) -> str:
    """What a thing is called in one language."""
    return thing.zh if language == CHINESE else thing.en


def in_language(language: str | None, text: str) -> str:
    """The part of a description in one language; the whole of it if none is asked for, or if it has no two parts."""
    chinese, stop, english = text.partition(STOP)
    if language is None or not stop or not english:
        return text
    return english if language == ENGLISH else chinese + stop
