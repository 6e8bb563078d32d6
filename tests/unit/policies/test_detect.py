"""A text that any rule or the model could not judge is redacted whole, and nothing of it is said anywhere."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult, pattern_recognizer

from policies import detect
from policies.detect import Detector, DetectorError
from policies.text.labelled_sets import read
from policies.text.scores import score
from policies.text.spans import PiiKind
from policies.text.tagger import HOME, Tagger, TaggerError
from policies.text.word_list import Words

pytestmark = pytest.mark.unit
SAMPLE = Path(__file__).parents[2] / "pii" / "dev_sample.jsonl"
CANARY = "市民曹女士来电13800576187"


class Own(EntityRecognizer):
    """A recogniser of a department that does what a test says."""

    def __init__(self, does: Callable[[str], list[tuple[int, int]]], kind: str = "HOUSE_CODE", **said: Any) -> None:
        self.does = does
        self.kind = kind
        super().__init__(
            supported_entities=said.get("kinds", ["HOUSE_CODE"]),
            supported_language=said.get("language", "zh"),
            name="own",
        )

    def load(self) -> None:
        """Nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: object) -> list[RecognizerResult]:
        return [RecognizerResult(self.kind, *place, 0.9) for place in self.does(text)]


@pytest.fixture(scope="module")
def rules() -> Detector:
    return Detector(model=None)


@pytest.fixture(scope="module")
def whole() -> Detector:
    return Detector()


def found(detector: Detector, text: str) -> list[tuple[str, str]]:
    (detection,) = detector.detect([text])
    assert detection.failed is None
    return [(text[each.start : each.end], str(each.kind)) for each in detection.spans]


def test_the_sample(whole: Detector) -> None:
    labelled = read(SAMPLE.read_text(encoding="utf-8").splitlines())
    made = score(labelled, whole.detect([each.text for each in labelled]))
    assert {kind: each.f2 for kind, each in made.kinds.items() if each.f2 < 0.97} == {}
    assert made.leak_rate <= 0.02
    assert made.left_alone >= 0.95


def test_offsets_are_those_of_the_text_as_written(rules: Detector) -> None:
    text = "😀曹\u200b女\u200d士，手机１３５８０９１２４２５👍🏽"
    assert found(rules, text) == [("曹\u200b女\u200d士", "PERSON"), ("１３５８０９１２４２５", "PHONE")]


def test_an_explanation_names_the_rule_and_never_the_value(whole: Detector) -> None:
    spans = whole.explain(CANARY).spans
    assert [(str(each.kind), bool(each.reason), 0 < each.score <= 1) for each in spans] == [
        ("PERSON", True, True),
        ("PHONE", True, True),
    ]
    assert not any(piece in each.reason for each in spans for piece in ("曹", "138"))


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("字" * detect.MAX_CHARACTERS, None),
        ("字" * (detect.MAX_CHARACTERS + 1), "too long"),
        ("曹女士\ud83d", "not text"),
        ("", None),
    ],
    ids=["longest", "too long", "lone surrogate", "empty"],
)
def test_what_is_no_text_that_can_be_judged(rules: Detector, text: str, failed: str | None) -> None:
    assert [each.failed for each in rules.detect([text, CANARY])] == [failed, None]
    assert rules.explain(text).failed == failed


def boom(_: str) -> list[tuple[int, int]]:
    raise ValueError(CANARY)


def slow(_: str) -> list[tuple[int, int]]:
    raise TimeoutError(CANARY)


@pytest.mark.parametrize(
    ("own", "failed"),
    [
        (Own(boom), "rules"),
        (Own(slow), "timeout"),
        (Own(lambda text: [(0, 1)], kind="UNHEARD_OF"), "rules"),
        (Own(lambda text: [(3, 3)]), "rules"),
        (Own(lambda text: [(0, len(text) + 1)]), "rules"),
        (Own(lambda text: [(-1, 2)]), "rules"),
    ],
    ids=["raises", "out of time", "unknown kind", "empty span", "beyond the text", "before the text"],
)
def test_a_recogniser_that_fails_fails_the_text(own: Own, failed: str) -> None:
    detector = Detector(model=None, recognisers=[own])
    assert [each.failed for each in detector.detect([CANARY, CANARY])] == [failed, failed]


def test_a_pattern_that_presidio_would_skip_fails_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern_recognizer, "REGEX_TIMEOUT_SECONDS", 0.01)
    evil = PatternRecognizer("HOUSE_CODE", supported_language="zh", patterns=[Pattern("evil", r"(a|aa)+$", 0.5)])
    detector = Detector(model=None, recognisers=[evil])
    assert detector.detect(["a" * 60 + "b"])[0].failed == "timeout"
    assert detector.detect([CANARY])[0].failed is None


@pytest.mark.parametrize(
    "own",
    [
        Own(lambda text: [], kinds=["PHONE_NUMBER"]),
        Own(lambda text: [], kinds=["PHONE", "DATE_TIME"]),
        Own(lambda text: [], kinds=[]),
        Own(lambda text: [], language="en"),
    ],
    ids=["unknown", "one unknown", "none", "language"],
)
def test_a_recogniser_that_presidio_would_pass_over_is_refused(own: Own) -> None:
    with pytest.raises(DetectorError):
        Detector(model=None, recognisers=[own])


def test_a_further_recogniser_is_heard() -> None:
    own = Own(lambda text: [(text.index("甲字"), text.index("甲字") + 4)])
    detector = Detector(model=None, recognisers=[own])
    assert found(detector, "房号甲字7号，曹女士") == [("甲字7号", "HOUSE_CODE"), ("曹女士", "PERSON")]
    assert detector.version != Detector(model=None).version


def test_rules_that_take_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "SECONDS", -1.0)
    assert Detector(model=None).detect([CANARY])[0].failed == "timeout"


def test_a_missing_or_broken_model_refuses(tmp_path: Path) -> None:
    with pytest.raises(DetectorError):
        Detector(model=tmp_path)
    for path in HOME.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    network = tmp_path / "tagger.onnx"
    network.write_bytes(network.read_bytes()[:-1] + b"\0")
    with pytest.raises(DetectorError):
        Detector(model=tmp_path)


def test_a_model_that_fails_on_one_text_fails_that_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Tagger.tag

    def tag(self: Tagger, texts: list[str]) -> object:
        if any("坏" in text for text in texts):
            raise TaggerError("the tagger failed")
        return real(self, texts)

    monkeypatch.setattr(Tagger, "tag", tag)
    assert [each.failed for each in Detector().detect([CANARY, "坏了", "好了"])] == [None, "model", None]


def test_a_tagger_with_more_threads_finds_the_same(whole: Detector) -> None:
    texts = [each.text for each in read(SAMPLE.read_text(encoding="utf-8").splitlines())]
    assert Detector(threads=2).detect(texts) == whole.detect(texts)


def test_a_guess_alone_is_nobody_where_the_model_sees_nobody(rules: Detector, whole: Detector) -> None:
    text = "标的为透水砖1200平方米、路缘石860延米"
    assert [text[each.start : each.end] for each in rules.explain(text).spans] == ["路缘石"]
    assert whole.explain(text).spans == ()


def test_the_word_list() -> None:
    words = Words.of(people=["阿强"], places=["祁连山庄"], never=["13800576187", "曹女士烘焙"])
    detector = Detector(words, model=None)
    assert found(detector, "阿强说曹女士烘焙的电话是138-0057-6187") == [("阿强", "PERSON")]
    assert found(detector, "曹女士的电话是13800576188") == [("曹女士", "PERSON"), ("13800576188", "PHONE")]
    assert found(detector, "祁连山庄来电") == []
    assert found(detector, "住祁连山庄77号") == [("祁连山庄77号", "ADDRESS")]


def test_the_version_is_that_of_rules_model_and_words(rules: Detector, whole: Detector) -> None:
    assert whole.version == Detector().version
    assert len({rules.version, whole.version, Detector(Words.of(people=["阿强"])).version}) == 3


def test_repeated_texts_are_answered_from_memory_and_failures_are_not() -> None:
    calls: list[str] = []
    detector = Detector(model=None, recognisers=[Own(lambda text: calls.append(text) or [])])  # type: ignore[func-returns-value]
    first = detector.detect([CANARY, "无事", CANARY])
    assert detector.detect([CANARY, "无事", CANARY]) == first
    assert calls == [CANARY, "无事"]
    own = Own(boom)
    failing = Detector(model=None, recognisers=[own])
    assert failing.detect([CANARY])[0].failed == "rules"
    own.does = lambda text: []
    assert failing.detect([CANARY])[0].failed is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "REMEMBERED", 3)
    detector = Detector(model=None)
    texts = [f"第{number}条" for number in range(10)]
    assert detector.detect(texts) == detector.detect(texts[::-1])[::-1]
    assert len(detector._known) == 3


def test_nothing_of_a_text_is_logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    for own in (Own(boom), Own(lambda text: [])):
        Detector(model=None, recognisers=[own]).detect([CANARY, "曹\ud83d"])
    written = capfd.readouterr()
    assert not any("曹" in said or "138" in said for said in (caplog.text, written.out, written.err))


def test_no_network_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the detector reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert found(Detector(), "邮箱9718147@qq.com") == [("9718147@qq.com", "EMAIL")]


def test_all_kinds_are_offered() -> None:
    assert set(detect._ENTITIES) == {str(kind) for kind in PiiKind}
