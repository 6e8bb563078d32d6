"""The detector: finds personal information in Chinese texts with our rules and our model, through Presidio.

A text is judged by every rule and by the model, or it counts as failed and is redacted whole. Nothing of a text is
ever logged. This is the only file that imports Presidio: one analyzer without predefined recognisers, spaCy model or
network. Its NLP engine turns a batch of texts into plain text, tags it and runs all rules over it
(`text/rules/run.py`); one recogniser of ours hands on what they found, and a department may add recognisers of its own.
Presidio passes over what goes wrong (it logs and skips a pattern that times out, and ignores an unknown entity): here
each of these fails the text.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from presidio_analyzer import (
    AnalyzerEngine,
    ContextAwareEnhancer,
    EntityRecognizer,
    RecognizerRegistry,
    RecognizerResult,
    pattern_recognizer,
)
from presidio_analyzer.app_tracer import AppTracer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from policies.text.detector_version import compute_version
from policies.text.plain_text import PlainText, normalise, readings
from policies.text.rules import people
from policies.text.rules import run as rules
from policies.text.rules.run import Reading
from policies.text.second_look import look_until_settled
from policies.text.spans import Detection, PiiKind, Span, without_overlap
from policies.text.tagger import HOME, Tagger, TaggerError
from policies.text.word_list import NO_WORDS, Words

MAX_CHARACTERS = 20_000
"""Longest text that is judged, in characters."""
SECONDS = 2.0
"""Longest processor time that the rules may take for one text: a busy machine must not decide what is shown."""
REMEMBERED = 50_000
"""How many texts' results are kept, by a keyed digest of the text."""
BATCH = 256
"""Texts a call of the model."""
LANGUAGE = "zh"
_ENTITIES = [str(kind) for kind in PiiKind]
_REASON = "reason"
_RULES = "rules"


class DetectorError(RuntimeError):
    """The detector cannot be made; without it no text may be judged."""


class _Failed(Exception):
    """A text cannot be judged; the argument is the reason that is counted."""


class _Prepared(NlpArtifacts):
    """A text with what the rules and the model found in it, in the place of Presidio's artifacts."""

    entities: Any = ()
    tokens: Any = ()
    tokens_indices: Any = ()
    lemmas: Any = ()
    keywords: Any = ()
    scores: Any = ()
    nlp_engine: Any = None

    def __init__(self, reading: Reading) -> None:
        self.normal = reading.normal
        self.reading = reading


class _Preparation(NlpEngine):
    """Presidio's place for a language model: makes a batch of texts plain, tags it, and has the rules read it."""

    def __init__(self, tagger: Tagger | None, words: Words) -> None:
        self._tagger = tagger
        self._words = words

    def load(self) -> None:
        """Nothing is left to load."""

    def is_loaded(self) -> bool:
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        return next(self.process_batch([text], language))[1]

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **_: Any
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """Plain text and what the model and the rules found in it, for each text. All texts are one batch."""
        plain = [normalise(text) for text in texts]
        for each in self.read(plain, [SECONDS] * len(plain)):
            yield each.normal.text, each

    def read(self, plain: Sequence[PlainText], seconds: Sequence[float]) -> list[_Prepared]:
        """The same for plain texts, each with the seconds that it may take."""
        tagged: Sequence[Sequence[Span]] = [()] * len(plain)
        if self._tagger is not None:
            tagged = self._tagger.tag([each.text for each in plain])
        return [_Prepared(each) for each in rules.read(plain, tagged, self._words, seconds)]

    def is_stopword(self, word: str, language: str) -> bool:
        return False

    def is_punct(self, word: str, language: str) -> bool:
        return False

    def get_supported_entities(self) -> list[str]:
        return []

    def get_supported_languages(self) -> list[str]:
        return [LANGUAGE]


class _SpanResult(RecognizerResult):
    """A span of ours as Presidio hands it on."""

    def __init__(self, span: Span, metadata: dict[str, str]) -> None:
        super().__init__(span.kind, span.start, span.end, span.score, recognition_metadata=metadata)
        self.span = span


class _Rules(EntityRecognizer):
    """What all of our rules and the model found, as one recogniser: each separate one costs 15 µs a text."""

    def __init__(self, words: Words, modelled: bool) -> None:
        self._words = words
        self._modelled = modelled
        self._metadata: dict[str, dict[str, str]] = {}
        super().__init__(supported_entities=_ENTITIES, name=_RULES, supported_language=LANGUAGE)

    def load(self) -> None:
        """Nothing is left to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        """Spans of the plain text; _Failed if the rules could not read it or took too long."""
        if not isinstance(nlp_artifacts, _Prepared):
            raise _Failed("rules")
        if nlp_artifacts.reading.failed:
            raise _Failed(nlp_artifacts.reading.failed)
        found = nlp_artifacts.reading.found
        # Where the model sees nobody and no other rule finds anything, the dictionary's guess is a plant or a stone.
        if not found or (self._modelled and all(each.reason == people.GUESSED for each in found)):
            return []
        found = self._words.personal([*found, *people.named_elsewhere(text, found)], text)
        return [
            _SpanResult(each, self._metadata_for(each.reason))
            for each in (without_overlap(found) if found[1:] else found)
        ]

    def _metadata_for(self, reason: str) -> dict[str, str]:
        if reason not in self._metadata:
            self._metadata[reason] = {
                RecognizerResult.RECOGNIZER_NAME_KEY: _RULES,
                RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                _REASON: reason,
            }
        return self._metadata[reason]


class _NoContext(ContextAwareEnhancer):
    """Our rules read the words around a match themselves; Presidio's way needs tokens and copies every result."""

    def __init__(self) -> None:
        super().__init__(0, 0, 0, 0)

    def enhance_using_context(
        self, text: str, raw_results: list[RecognizerResult], *_: Any, **__: Any
    ) -> list[RecognizerResult]:
        return raw_results


class _PresidioLog(logging.Handler):
    """Hears in Presidio's log what was passed over, which is told nowhere else; nothing of it is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.reason = "timeout" if "timed out" in str(record.msg) else "rules"

    def clear(self) -> None:
        self.heard.reason = None

    @property
    def reason(self) -> str | None:
        """Why the text at hand cannot be trusted, in this thread."""
        reason: str | None = getattr(self.heard, "reason", None)
        return reason


def _listen() -> _PresidioLog:
    heard = _PresidioLog()
    for name in ("presidio-analyzer", "decision_process"):
        log = logging.getLogger(name)
        log.handlers = [heard]
        log.propagate = False
        log.setLevel(logging.WARNING)
    pattern_recognizer.REGEX_TIMEOUT_SECONDS = SECONDS  # type: ignore[assignment]
    return heard


_SKIPPED = _listen()


class _Registry(RecognizerRegistry):
    """Every recogniser is asked, for every kind: none is chosen away by what a request names."""

    def get_recognizers(self, *_: Any, **__: Any) -> list[EntityRecognizer]:
        return list(self.recognizers)


class _Engine(AnalyzerEngine):
    """Presidio's analyzer for our kinds; faster where our recogniser stands alone."""

    def get_supported_entities(self, language: str | None = None) -> list[str]:
        return _ENTITIES

    def analyze(self, text: str, language: str, *more: Any, **named: Any) -> list[RecognizerResult]:
        """Where our recogniser is the only one, its spans do not overlap and need no weighing (saves 8 µs a text)."""
        first, *others = self.registry.recognizers
        if isinstance(first, _Rules) and not others:
            return first.analyze(text, _ENTITIES, named["nlp_artifacts"])
        weighed: list[RecognizerResult] = super().analyze(text, language, *more, **named)
        return weighed


class Detector:
    """Finds what is personal in texts. Safe to share between threads, which take turns."""

    def __init__(
        self,
        words: Words = NO_WORDS,
        *,
        model: Path | None = HOME,
        recognisers: Sequence[EntityRecognizer] = (),
        threads: int = 1,
    ) -> None:
        """`model` is the tagger's folder, None for rules only; `recognisers` are further ones of Presidio's kind.

        The tagger is run by so many `threads`: with a second one, many texts take a sixth less time.

        A further recogniser is for the language `zh`, finds kinds of PiiKind, and reads plain text (`plain_text.py`).
        Raises DetectorError for a model that is missing or broken, and for a recogniser that would be passed over.
        """
        try:
            tagger = None if model is None else Tagger.load(model, threads=threads)
        except TaggerError as error:
            raise DetectorError(str(error)) from None
        for each in recognisers:
            unknown = set(each.supported_entities) - set(_ENTITIES)
            if each.supported_language != LANGUAGE or unknown or not each.supported_entities:
                raise DetectorError(
                    f"recogniser {_name(each)}: it must be for {LANGUAGE} and find kinds of PiiKind only"
                )
        self._words = words
        self._preparation = _Preparation(tagger, words)
        registry = _Registry([_Rules(words, model is not None), *recognisers], supported_languages=[LANGUAGE])
        self._engine = _Engine(
            registry=registry,
            nlp_engine=self._preparation,
            app_tracer=AppTracer(enabled=False),
            supported_languages=[LANGUAGE],
            context_aware_enhancer=_NoContext(),
        )
        self._further, self._modelled = bool(recognisers), model is not None
        extra = ",".join(sorted(f"{_name(each)} {each.version}" for each in recognisers))
        inputs = "\n".join((words.digest, *(["no model"] if model is None else []), *([extra] if extra else [])))
        self.version = compute_version(inputs)
        self._key = os.urandom(16)
        self._known: OrderedDict[bytes, Detection] = OrderedDict()
        self._turn = threading.Lock()

    def detect(self, texts: Sequence[str]) -> list[Detection]:
        """What is personal in each text, in order. Never raises for a text: one that cannot be judged says why."""
        with self._turn:
            keys = [self._digest(text) for text in texts]
            new = {key: text for key, text in zip(keys, texts, strict=True) if key and key not in self._known}
            fresh = dict(zip(new, self._detect_settled(list(new.values())), strict=True))
            answers = [self._answer(key, text, fresh) for key, text in zip(keys, texts, strict=True)]
            self._remember(fresh)
            return answers

    def explain(self, text: str) -> Detection:
        """What is personal in a text, with the reason and score of each span, judged anew."""
        with self._turn:
            return self._detect_settled([text])[0] if self._digest(text) else self._answer(None, text, {})

    def _digest(self, text: str) -> bytes | None:
        """A keyed digest; None for what is not a text that can be judged."""
        if len(text) > MAX_CHARACTERS:
            return None
        try:
            return hashlib.blake2b(text.encode(), digest_size=16, key=self._key).digest()
        except UnicodeEncodeError:
            return None

    def _answer(self, key: bytes | None, text: str, fresh: dict[bytes, Detection]) -> Detection:
        if key is None:
            return Detection(failed="too long" if len(text) > MAX_CHARACTERS else "not text")
        if key in fresh:
            return fresh[key]
        self._known.move_to_end(key)
        return self._known[key]

    def _remember(self, fresh: dict[bytes, Detection]) -> None:
        self._known.update((key, found) for key, found in fresh.items() if found.failed is None)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _detect_settled(self, texts: Sequence[str]) -> list[Detection]:
        """With a model, until nothing more is found: it reads a text otherwise once a name is out of it."""
        return look_until_settled(texts, self._detect_once) if self._modelled else self._detect_once(texts)

    def _detect_once(self, texts: Sequence[str]) -> list[Detection]:
        return [found for at in range(0, len(texts), BATCH) for found in self._batch(texts[at : at + BATCH])]

    def _batch(self, texts: Sequence[str]) -> list[Detection]:
        """What each text holds, in all of its readings, which share the time of one text."""
        try:
            read = [readings(text) for text in texts]
            shares = [SECONDS / len(each) for each in read for _ in each]
            prepared = self._preparation.read(list(chain.from_iterable(read)), shares)
        except Exception:  # whatever the model raises, no text passes without it
            if len(texts) == 1:
                return [Detection(failed="model")]
            return [found for text in texts for found in self._batch([text])]
        found = map(self._run_recognisers, prepared)
        return [_united([next(found) for _ in each]) for each in read]

    def _run_recognisers(self, prepared: NlpArtifacts) -> Detection:
        if not isinstance(prepared, _Prepared):
            return Detection(failed="rules")
        _SKIPPED.clear()
        try:
            results = self._engine.analyze(prepared.normal.text, LANGUAGE, nlp_artifacts=prepared)
            length = len(prepared.normal.text)
            spans = self._kept([_span(each, length) for each in results] if results else [], prepared.normal)
        except _Failed as failed:
            return Detection(failed=str(failed))
        except TimeoutError:
            return Detection(failed="timeout")
        except Exception:  # whatever a recogniser raises, the text does not pass
            return Detection(failed="rules")
        return Detection(failed=_SKIPPED.reason) if _SKIPPED.reason else Detection(spans)

    def _kept(self, spans: list[Span], normal: PlainText) -> tuple[Span, ...]:
        """The spans as places in the text as it was written."""
        if self._further:
            spans = list(without_overlap(self._words.personal(spans, normal.text)))
        if normal.starts is not None:
            spans = [Span(*normal.span(each.start, each.end), each.kind, each.score, each.reason) for each in spans]
        return tuple(spans)


def _united(found: Sequence[Detection]) -> Detection:
    """What all readings of a text found; the first that failed fails the text."""
    if not found[1:]:
        return found[0]
    failed = next((each for each in found if each.failed), None)
    return failed or Detection(without_overlap(chain.from_iterable(each.spans for each in found)))


def _name(recogniser: EntityRecognizer) -> str:
    return str(recogniser.to_dict()["name"])


def _span(result: RecognizerResult, length: int) -> Span:
    if isinstance(result, _SpanResult):
        return result.span
    metadata = result.recognition_metadata or {}
    reason = metadata.get(_REASON) or metadata.get(RecognizerResult.RECOGNIZER_NAME_KEY, "")
    if not 0 <= result.start < result.end <= length:
        raise _Failed("rules")
    return Span(result.start, result.end, PiiKind(result.entity_type), result.score, str(reason))
