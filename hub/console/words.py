"""Every word of the console in both languages, from the files of `wording/`; a missing one is an error, never blank.

Templates and code name a word by its key, and names in {braces} are filled in. Tests hold that each key is used, and
that no template says anything that does not stand in these files.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from schema.interface.languages import CHINESE, ENGLISH
from schema.strict_yaml import YamlFile, YamlFileError

FOLDER: Final = Path(__file__).with_name("wording")
"""A file for each group of pages."""
LANGUAGES: Final = (CHINESE, ENGLISH)
"""The languages of the console, the first before the others."""


class Words:
    """The words of one language: `words["sign_in"]`, and `words("refused_address", address=…)` with names filled in."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, key: str) -> str:
        """The word; KeyError if there is none of this key."""
        return self._texts[key]

    def get(self, key: str) -> str | None:
        """The word; None if there is none of this key, as for a code that another version wrote."""
        return self._texts.get(key)

    def __call__(self, key: str, **names: str) -> str:
        """The word with its names filled in; KeyError for an unknown key or a name that is not given."""
        return self._texts[key].format_map(names)


@lru_cache(maxsize=1)
def all_words() -> Mapping[str, Words]:
    """The words of each language; YamlFileError, with file and line, for one that lacks a language or stands twice."""
    texts: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    for file in (YamlFile(path.name, path.read_bytes()) for path in sorted(FOLDER.glob("*.yaml"))):
        for key, word in file.content.items():
            if key in texts[CHINESE]:
                raise YamlFileError(file.place((key,)), f"{key!r} stands in another file already; keep one")
            _check(file, key, word)
            for language in LANGUAGES:
                texts[language][key] = word[language]
    return {language: Words(each) for language, each in texts.items()}


def _check(file: YamlFile, key: str, word: Any) -> None:
    said = word if isinstance(word, dict) else {}
    if said.keys() != set(LANGUAGES) or not all(isinstance(text, str) and text for text in said.values()):
        raise YamlFileError(file.place((key,)), f"give a text for each of {', '.join(LANGUAGES)}, and nothing else")
