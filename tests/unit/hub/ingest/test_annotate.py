"""Annotations and the properties beside a text: true of that text, or marked as not checked."""

from __future__ import annotations

import datetime as dt
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Annotation
from hub.home.settings import Settings, SettingsError
from hub.ingest.annotate import MAX_WORDS, NOT_LOADED, Annotator, annotator_of, detector_version, words_outside
from hub.ingest.pull import run_pull
from hub.ingest.text_properties import Reading, Tally, properties
from hub.serve import serve_until_stopped
from hub.steward.explain_query import explain_query
from policies.detect import MAX_CHARACTERS, Detector
from policies.text.spans import PiiKind, checksum, decode
from policies.text.word_list import Words
from schema import SPINE
from schema.catalogue import TextProperties
from schema.strict_yaml import YamlFileError
from tests.support.pulling import SOURCES, silent

pytestmark = pytest.mark.unit

EVENT = SPINE.entity("Event")
BESIDE = TextProperties("text")
NOW = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)
SECRET = "赫连朔风"
TEXT = f"来电人{SECRET}反映楼上漏水,电话19903210004。"


@pytest.fixture(scope="module")
def annotator() -> Annotator:
    return Annotator()


def spans_of(text: str, *parts: str) -> list[tuple[int, int]]:
    return [(text.index(part), text.index(part) + len(part)) for part in parts]


WORDS = [
    # text, its spans, words
    ("楼上漏水,暖气漏水", (), ["漏水", "暖气"]),
    ("电梯停运三天", (), ["电梯", "停运"]),
    ("祁慧兰反映楼道堆满杂物", ("祁慧兰",), ["楼道", "堆满", "杂物"]),
    ("房东拒退押金", ("押金",), ["房东", "拒退"]),
    # What stands before and after a span makes no word.
    ("漏祁慧兰水", ("祁慧兰",), []),
    ("垃圾13800000000分类", ("13800000000",), ["垃圾", "分类"]),
    # A name that nobody found is none either: jieba knows names of people, places and bodies.
    ("刘德华在北京市公安局吵架", (), ["吵架"]),
    # The same word in another dress.
    ("樓上漏\u200b水,電梯停運", (), ["漏水", "电梯", "停运"]),
    # Single characters, digits, Latin and words of any report.
    ("车 12345 WiFi 来电人反映要求处理", (), []),
    ("", (), []),
    ("🀄🀄漏水🀄", (), ["漏水"]),
]


@pytest.mark.parametrize(("text", "spans", "words"), WORDS)
def test_words_outside_spans(text: str, spans: Sequence[str], words: list[str]) -> None:
    assert words_outside(text, spans_of(text, *spans)) == words


def test_no_more_words_than_the_limit() -> None:
    nouns = (
        "电梯 暖气 垃圾 噪音 天花板 面包车 楼道 杂物 灭火器 通道 水管 路面 房东 租客 押金 合同 工地 车辆 业主 "
        "物业 电表 煤气 水表 门锁 窗户 玻璃 墙壁 地板 厨房 厕所 阳台 花园 草坪 树木 道路 桥梁 路灯 井盖 广告 "
        "招牌 商店 饭店 学校 医院 银行 邮局 车站 机场 公园 广场 市场 超市 仓库 工厂 农村 城市 河流 湖泊 大海 森林"
    )
    assert len(words_outside(nouns, ())) == MAX_WORDS


def test_an_annotation_is_what_the_detector_found(annotator: Annotator) -> None:
    (found,) = annotator.annotate([TEXT])
    assert found.failed is None and found.spans is not None
    spans = decode(found.spans, len(TEXT))
    assert [(TEXT[each.start : each.end], each.kind) for each in spans] == [
        (SECRET, PiiKind.PERSON), ("19903210004", PiiKind.PHONE),
    ]  # fmt: skip
    assert found.words == ["漏水"]
    assert SECRET not in repr(found)


def test_nothing_personal_is_an_empty_list_and_not_null(annotator: Annotator) -> None:
    (found,) = annotator.annotate(["电梯停运三天,没有人修。"])
    assert (found.spans, found.failed) == ([], None)


def test_a_text_that_is_too_long_is_not_judged_and_the_next_one_is(annotator: Annotator) -> None:
    long, short = annotator.annotate(["漏" * (MAX_CHARACTERS + 1), TEXT])
    assert long == Annotation(None, [], "too long")
    assert short.spans


def test_a_missing_model_judges_nothing_and_names_no_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    annotator = Annotator(model=tmp_path)
    with caplog.at_level(logging.INFO):
        found = annotator.annotate([TEXT, "电梯停运三天"])
    assert found == [Annotation(None, [], NOT_LOADED)] * 2
    assert annotator.broken
    assert len(caplog.records) == 1 and "model" in caplog.text
    assert SECRET not in caplog.text and "电梯" not in caplog.text
    annotator.annotate([TEXT])
    assert len(caplog.records) == 1, "told once"


class TestVersion:
    def test_it_is_the_detectors_own(self) -> None:
        words = Words.of(people=[SECRET])
        assert Annotator(words).version == Detector(words).version

    def test_the_settings_name_the_one_that_a_pull_uses(self, tmp_path: Path) -> None:
        listed = tmp_path / "list.yaml"
        listed.write_text("people: [祁连山]\n", encoding="utf-8")
        plain, with_list = Settings.load(home=tmp_path), Settings.load(home=tmp_path, words=listed)
        assert detector_version(plain) == annotator_of(plain).version
        assert detector_version(with_list) == annotator_of(with_list).version != detector_version(plain)
        listed.write_text("people: [祁连山, 祁连海]\n", encoding="utf-8")
        assert detector_version(with_list) != annotator_of(plain).version

    def test_a_home_has_its_own_list(self, tmp_path: Path) -> None:
        listed, other = tmp_path / "words.yaml", tmp_path / "other.yaml"
        other.write_text("people: [祁连海]\n", encoding="utf-8")
        without = detector_version(Settings.load(home=tmp_path))
        listed.write_text("people: [祁连山]\n", encoding="utf-8")
        own, named = Settings.load(home=tmp_path), Settings.load(home=tmp_path, words=other)
        assert len({without, detector_version(own), detector_version(named)}) == 3
        assert (own.word_list, named.word_list) == (listed, other)

    def test_the_list_is_used(self, tmp_path: Path) -> None:
        listed = tmp_path / "list.yaml"
        listed.write_text("never: ['0353-2024024']\n", encoding="utf-8")
        text = "来电人说电话0353-2024024没人接"
        (found,) = annotator_of(Settings.load(home=tmp_path, words=listed)).annotate([text])
        assert found.spans == []
        assert annotator_of(Settings.load(home=tmp_path)).annotate([text])[0].spans


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("peopel: [祁连山]\n", "words.yaml:1"),
        ("people: [祁]\n", "words.yaml:1"),
        ("people: [\n", "words.yaml"),
        (None, "words.yaml"),
    ],
)
def test_a_broken_list_stops_all_that_needs_it_before_it_begins(tmp_path: Path, content: str | None, told: str) -> None:
    listed = tmp_path / "words.yaml"
    if content is not None:
        listed.write_text(content, encoding="utf-8")
    settings = Settings.load(home=tmp_path / "home", words=listed)
    with pytest.raises(YamlFileError, match=told):
        serve_until_stopped(settings, print)
    with pytest.raises(YamlFileError, match=told):
        explain_query(settings, "grid-desk", None, "event.dispatch", {"query": "{ events { edges { cursor } } }"})
    with pytest.raises(YamlFileError, match=told):
        run_pull(settings, SOURCES, ["divisions"], tmp_path, {"HOTLINE_URL": "http://127.0.0.1:9"}, silent)
    assert not (tmp_path / "home").exists(), "nothing was begun"


def test_a_setting_that_is_misspelt_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_WORD", "words.yaml")
    with pytest.raises(SettingsError, match="SLUICEGATE_WORDS"):
        Settings.load()


LAZY = """
import sys
from hub.ingest.annotate import annotator_of, detector_version
from hub.serve import serve_until_stopped
from hub.home.settings import Settings
settings = Settings.load()
assert len(detector_version(settings)) == 16
annotator = annotator_of(settings)
assert annotator.annotate([]) == []
assert not {"presidio_analyzer", "onnxruntime", "rjieba"} & set(sys.modules), "loaded too soon"
annotator.annotate(["电梯停运"])
assert {"presidio_analyzer", "onnxruntime", "rjieba"} <= set(sys.modules)
"""


def test_the_detector_is_loaded_with_the_first_text() -> None:
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", LAZY], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


class Counting(Annotator):
    """Remembers how many texts it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def annotate(self, texts: Sequence[str]) -> list[Annotation]:
        self.asked.append(len(texts))
        return super().annotate(texts)


class TestReading:
    def test_each_text_is_read_once(self) -> None:
        counting = Counting()
        reading = Reading(EVENT, counting, {})
        nodes: list[dict[str, Any]] = [
            {"text": TEXT},
            {"text": TEXT},
            {"text": "电梯停运"},
            {"text": None},
            {"kind": "LEAK"},
        ]
        first = reading.read(nodes)
        assert reading.read(nodes) == first == Tally(3, 2, {})
        assert counting.asked == [2]

    def test_nothing_is_read_of_an_entity_without_free_text(self) -> None:
        counting = Counting()
        reading = Reading(SPINE.entity("Person"), counting, {})
        values = {"name": SECRET}
        assert reading.read([values]) == Tally(0, 0, {})
        assert reading.written(values) == values
        assert counting.asked == []

    def test_what_is_written_goes_with_the_text(self, annotator: Annotator) -> None:
        reading = Reading(EVENT, annotator, {})
        reading.read([{"text": TEXT}])
        written = reading.written({"text": TEXT, "kind": "LEAK"})
        assert written.keys() == {"text", "kind", *BESIDE.names}
        assert written["textDetector"] == annotator.version
        assert reading.written({"text": None}) == {"text": None, **dict.fromkeys(BESIDE.names)}
        assert reading.written({"kind": "LEAK"}) == {"kind": "LEAK"}, "a text that is not written is left alone"


@pytest.mark.parametrize(
    ("found", "spans", "words", "detector", "detected"),
    [
        (None, None, None, None, None),
        (Annotation([], ["漏水"]), [], ["漏水"], "v1", NOW),
        (Annotation([0, 3, 0], []), [0, 3, 0], [], "v1", NOW),
        # Tried in vain: the next pass tries again, but for what would always fail.
        (Annotation(None, [], "timeout"), None, [], None, NOW),
        (Annotation(None, [], NOT_LOADED), None, [], None, NOW),
        (Annotation(None, [], "too long"), None, [], "v1", NOW),
    ],
)
def test_what_stands_beside_a_text(
    found: Annotation | None, spans: Any, words: Any, detector: Any, detected: Any
) -> None:
    told = properties(BESIDE, TEXT, found, "v1", NOW)
    check = None if spans is None else checksum(TEXT, spans)
    assert told == {
        "textSpans": spans, "textCheck": check, "textWords": words, "textDetector": detector,
        "textDetectedAt": detected,
    }  # fmt: skip


def test_the_checksum_ties_spans_to_their_text() -> None:
    texts = (TEXT, TEXT + "。", TEXT[::-1], "", "😀")
    lists: tuple[list[int], ...] = ([], [0], [3, 7, 0], [7, 3, 0], [3, 7, 0, 9, 20, 3])
    assert len({checksum(text, stored) for text in texts for stored in lists}) == len(texts) * len(lists)


TALLIES = [
    (Tally(0, 0, {}), ""),
    (Tally(1_200, 900, {}), "1,200 texts read for personal information: 900 hold some"),
    (
        Tally(5, 2, {"timeout": 1, "model": 2}),
        "5 texts read for personal information: 2 hold some; "
        "3 could not be checked and are redacted whole (model 2, timeout 1)",
    ),
]


@pytest.mark.parametrize(("tally", "line"), TALLIES)
def test_a_tally_in_words(tally: Tally, line: str) -> None:
    assert tally.summary() == line


def test_tallies_add_up() -> None:
    found = [
        Annotation([0, 1, 0], []),
        Annotation([], []),
        Annotation(None, [], "model"),
        Annotation(None, [], "model"),
    ]
    one = Tally.of(found)
    assert one == Tally(4, 1, {"model": 2})
    assert Tally.sum([one, Tally(1, 0, {"timeout": 1}), one]) == Tally(9, 2, {"model": 4, "timeout": 1})
