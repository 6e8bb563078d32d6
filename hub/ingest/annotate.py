"""Annotates free text: the spans of what is personal in it, and the words outside them. Implements `TextAnnotator`.

A text that cannot be checked is marked so, and never passes as one that holds nothing personal. No text makes it raise,
and no log line holds a part of one. The spans come from `policies.detect`, which is loaded with the first text.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.base import Annotation
from hub.home.settings import Settings
from hub.log_lines import describe_exception
from policies.text.detector_version import compute_version
from policies.text.plain_text import normalise
from policies.text.spans import Detection, encode
from policies.text.word_list import NO_WORDS, Words, load

if TYPE_CHECKING:
    from policies.detect import Detector

MAX_WORDS = 50
"""How many words of one text are kept at most."""
NOT_LOADED = "detector"
"""Why a text was not checked: the detector could not be loaded, or failed."""
_TAGS = frozenset({"n", "nl", "v", "vn", "vd", "vi", "a", "ad", "an", "al"})
"""Jieba's tags of nouns, verbs and adjectives; names of people, places, bodies and brands have other tags."""
_REPORT = (
    "来电人、来电、来人、来访、市民、居民、群众、反映、表示、要求、请求、希望、咨询、告知、联系、"
    "联系人、联系电话、电话、手机、回电、回访、人称、姓名、身份证、身份证号、情况、问题、事情、时候、人员、"
    "本人、自己、有人、无人、进行、没有、可以、可能、应该、需要、觉得、认为、知道、属实、处理"
)
_COMMON = frozenset(_REPORT.split("、"))
"""Words that occur in every report (`人称` is half of `来电人称`), and so say nothing about this one."""
_log = logging.getLogger("sluicegate.annotate")


def words_of(settings: Settings) -> Words:
    """The department's word list; raises YamlFileError if any of it cannot be read."""
    return NO_WORDS if settings.word_list is None else load(settings.word_list)


def detector_version(settings: Settings) -> str:
    """The version of the detector with these settings, without loading it. Raises YamlFileError."""
    return compute_version(words_of(settings).digest)


def annotator_of(settings: Settings, threads: int = 1) -> Annotator:
    """The annotator with these settings, whose tagger is run by so many threads. Raises YamlFileError."""
    return Annotator(words_of(settings), threads=threads)


class Annotator:
    """Finds spans and words; the detector is loaded with the first text."""

    def __init__(self, words: Words = NO_WORDS, model: Path | None = None, threads: int = 1) -> None:
        """`model` is the folder of a model, in place of the installed one."""
        self._words = words
        self._model = model
        self._threads = threads
        self._detector: Detector | None = None
        self._broken = False
        self.version = compute_version(words.digest)

    def annotate(self, texts: Sequence[str]) -> list[Annotation]:
        """One annotation for each text, in order."""
        return [_annotation(text, found) for text, found in zip(texts, self._detect(texts), strict=True)]

    @property
    def broken(self) -> bool:
        """Whether the detector itself failed: no text can be checked until that is mended."""
        return self._broken

    def _detect(self, texts: Sequence[str]) -> list[Detection]:
        unchecked = [Detection(failed=NOT_LOADED)] * len(texts)
        if self._broken or not texts:
            return unchecked
        try:
            if self._detector is None:
                self._detector = self._load()
            return self._detector.detect(texts) if self._detector else unchecked
        except Exception as fault:
            _log.error("free text cannot be checked, it is redacted whole: %s", describe_exception(fault))
            self._broken = True
            return unchecked

    def _load(self) -> Detector | None:
        from policies.detect import Detector, DetectorError
        from policies.text.tagger import HOME

        try:
            return Detector(self._words, model=self._model or HOME, threads=self._threads)
        except DetectorError as refused:
            # Its text says what is missing: it was made before any text was read.
            _log.error("free text cannot be checked, it is redacted whole: %s", refused)
            self._broken = True
            return None


def _annotation(text: str, found: Detection) -> Annotation:
    if found.failed is not None:
        return Annotation(None, [], found.failed)
    return Annotation(encode(found.spans), words_outside(text, [(each.start, each.end) for each in found.spans]))


def words_outside(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """The words of a text outside its spans: nouns, verbs and adjectives of Han characters, each once."""
    import rjieba

    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        at = end
    # A line break replaces each span, so that no word is made of what stood before and after it.
    plain = normalise("\n".join([*kept, text[at:]])).text
    words = dict.fromkeys(word for word, tag in rjieba.tag(plain) if tag in _TAGS and _is_content_word(word))
    return list(words)[:MAX_WORDS]


def _is_content_word(word: str) -> bool:
    return len(word) > 1 and word not in _COMMON and all("一" <= each <= "鿿" for each in word)
