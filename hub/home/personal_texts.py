"""Whether a text that somebody writes on a page holds what may identify a person: it is refused before it is kept.

The detector of free texts reads it by its rules: numbers, addresses, names beside a word that says so (`当事人张伟`).
Without its model, which takes ordinary words for names now and then, and would refuse what is right: a name that stands
alone is not found, and the page asks to write none.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hub.home.settings import Settings
from policies.text.word_list import NO_WORDS, load

if TYPE_CHECKING:
    from policies.detect import Detector


class PersonalTexts:
    """Reads texts with the word list of the settings; may be shared by threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._turn = settings, threading.Lock()
        self._detector: Detector | None = None

    def found_in(self, text: str) -> bool:
        """Whether a text holds anything personal, or cannot be judged; blocks, the first time for seconds.

        YamlFileError for a word list that cannot be read.
        """
        (found,) = self._loaded().detect([text])
        return bool(found.spans) or found.failed is not None

    def _loaded(self) -> Detector:
        with self._turn:
            if self._detector is None:
                from policies.detect import Detector  # seconds, which a hub without such texts does not spend

                path = self._settings.word_list
                self._detector = Detector(NO_WORDS if path is None else load(path), model=None)
            return self._detector
