"""A text that cannot be judged is marked as such and never passes as one in which there is nothing.

The hub's side of `connectors.base.TextAnnotator`: spans from `policies.detect`, which is loaded when the first text
comes, and the words outside them for hot words. Nothing here raises for a text, and no log line holds a part of one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.base import Annotation
from hub.home.settings import Settings
from hub.telemetry import describe_exception
from policies.text.detector_version import edition
from policies.text.plain_text import normalise
from policies.text.spans import Detection, encode
from policies.text.word_list import NO_WORDS, Words, load

if TYPE_CHECKING:
    from policies.detect import Detector

MAX_WORDS = 50
"""Most words kept of one text."""
NOT_LOADED = "detector"
"""Why a text was not judged: the detector could not be loaded, or broke."""
_TAGS = frozenset({"n", "nl", "v", "vn", "vd", "vi", "a", "ad", "an", "al"})
"""Nouns, verbs and adjectives as jieba tags them; names of people, places, bodies and brands have tags of their own."""
_REPORT = (
    "来电人、来电、来人、来访、市民、居民、群众、反映、表示、要求、请求、希望、咨询、告知、联系、"
    "联系人、联系电话、电话、手机、回电、回访、人称、姓名、身份证、身份证号、情况、问题、事情、时候、人员、"
    "本人、自己、有人、无人、进行、没有、可以、可能、应该、需要、觉得、认为、知道、属实、处理"
)
_COMMON = frozenset(_REPORT.split("、"))
"""Words of any report (`人称` is half of `来电人称`), which tell nothing about this one."""
_log = logging.getLogger("sluicegate.annotate")


def words_of(settings: Settings) -> Words:
    """The department's word list; raises YamlFileError where it cannot be read whole."""
    return NO_WORDS if settings.word_list is None else load(settings.word_list)


def detector_version(settings: Settings) -> str:
    """The version of the detector that these settings make; it is not loaded for that. Raises YamlFileError."""
    return edition(words_of(settings).digest)


def annotator_of(settings: Settings) -> Annotator:
    """The annotator of these settings. Raises YamlFileError."""
    return Annotator(words_of(settings))


class Annotator:
    """Finds spans and words; the detector is loaded with the first text."""

    def __init__(self, words: Words = NO_WORDS, model: Path | None = None) -> None:
        """`model` is the folder of another model than the one that is installed."""
        self._words = words
        self._model = model
        self._detector: Detector | None = None
        self._broken = False
        self.version = edition(words.digest)

    def annotate(self, texts: Sequence[str]) -> list[Annotation]:
        """One annotation for each text, in order."""
        return [_annotation(text, found) for text, found in zip(texts, self._detect(texts), strict=True)]

    @property
    def broken(self) -> bool:
        """Whether the detector itself failed: no text can be judged until somebody mends it."""
        return self._broken

    def _detect(self, texts: Sequence[str]) -> list[Detection]:
        unjudged = [Detection(failed=NOT_LOADED)] * len(texts)
        if self._broken or not texts:
            return unjudged
        try:
            if self._detector is None:
                self._detector = self._loaded()
            return self._detector.detect(texts) if self._detector else unjudged
        except Exception as fault:
            _log.error("free text cannot be judged, it is redacted whole: %s", describe_exception(fault))
            self._broken = True
            return unjudged

    def _loaded(self) -> Detector | None:
        from policies.detect import Detector, DetectorError

        try:
            return Detector(self._words) if self._model is None else Detector(self._words, model=self._model)
        except DetectorError as refused:
            # Its text says what is missing: it was made before any text was read.
            _log.error("free text cannot be judged, it is redacted whole: %s", refused)
            self._broken = True
            return None


def _annotation(text: str, found: Detection) -> Annotation:
    if found.failed is not None:
        return Annotation(None, [], found.failed)
    return Annotation(encode(found.spans), outside(text, [(each.start, each.end) for each in found.spans]))


def outside(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """The words of a text that have no part in a span: nouns, verbs and adjectives of Han characters, each once."""
    import rjieba

    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        at = end
    # A line break stands for each span: no word can be made of what stood before and after one.
    plain = _plain("\n".join([*kept, text[at:]]))
    words = dict.fromkeys(word for word, tag in rjieba.tag(plain) if tag in _TAGS and _telling(word))
    return list(words)[:MAX_WORDS]


def _telling(word: str) -> bool:
    return len(word) > 1 and word not in _COMMON and all("一" <= each <= "鿿" for each in word)


def _plain(text: str) -> str:
    return normalise(text).text
