"""The model that is in the repository finds people and addresses, alone or in a batch; a broken one is refused."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from policies.text import tagger
from policies.text.sequence import TAGS, Floats
from policies.text.spans import PiiKind
from policies.text.tagger import Tagger, TaggerError

pytestmark = pytest.mark.unit

SEED = 20_261_122


@pytest.fixture(scope="module")
def real() -> Tagger:
    return Tagger.load()


FOUND = [
    ("昨天下午周晓岚来社区说楼上漏水。", PiiKind.PERSON, "周晓岚"),
    ("我和欧阳建平一起去的派出所。", PiiKind.PERSON, "欧阳建平"),
    ("请联系李女士,她在家等。", PiiKind.PERSON, "李女士"),
    ("住在幸福家园3栋2单元502室的租户夜里吵闹。", PiiKind.ADDRESS, "幸福家园3栋2单元502室"),
    ("他家在青山镇柳树村5组18号。", PiiKind.ADDRESS, "青山镇柳树村5组18号"),
]


@pytest.mark.parametrize(("text", "kind", "value"), FOUND)
def test_finds(real: Tagger, text: str, kind: PiiKind, value: str) -> None:
    (spans,) = real.tag([text])
    assert [text[each.start : each.end] for each in spans if each.kind is kind] == [value]
    assert all(0 <= each.score <= 1 for each in spans)


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了很久,请尽快维修。",
        "大家都很高兴,方便的话请到广场集合。",
        "中山路与人民路口积水严重,行人无法通过。",
        "12345热线感谢您的来电,请对本次服务评价。",
        "本周共检查餐饮单位26家,下发整改通知书4份。",
    ],
)
def test_leaves_alone(real: Tagger, text: str) -> None:
    assert real.tag([text]) == [()]


@pytest.mark.parametrize("text", ["", " ", "\n", "𠮷", "😀" * 40, "\ud800", "a", "1" * 3000])
def test_empty_and_odd_texts_are_read(real: Tagger, text: str) -> None:
    assert all(0 <= each.start < each.end <= len(text) for each in real.tag([text])[0])


def test_no_texts_give_no_answers(real: Tagger) -> None:
    assert real.tag([]) == []


def test_a_batch_gives_what_single_texts_give(real: Tagger) -> None:
    source = random.Random(SEED)
    print("seed", SEED)
    texts = [each[0] for each in FOUND] + ["", "。"]
    texts += ["".join(source.sample([each[0] for each in FOUND], source.randint(1, 5))) for _ in range(60)]
    source.shuffle(texts)
    together = [[(s.start, s.end, s.kind) for s in spans] for spans in real.tag(texts)]
    assert together == [[(s.start, s.end, s.kind) for s in real.tag([each])[0]] for each in texts]


def test_the_network_says_of_a_text_the_same_alone_and_beside_others(real: Tagger) -> None:
    source = random.Random(SEED)
    print("seed", SEED)
    texts = ["".join(source.choices("周晓岚住在幸福家园3栋,。a \u3400", k=source.randint(1, 70))) for _ in range(80)]
    read = [real._alphabet.read(each) for each in texts]
    alone = np.concatenate([real._run([each]) for each in read])
    for size in (2, 7, 80):
        together = np.concatenate([real._run(read[at : at + size]) for at in range(0, len(read), size)])
        np.testing.assert_allclose(together, alone, atol=2e-5)


def test_a_name_is_found_anywhere_in_a_long_text(real: Tagger) -> None:
    filler = "路灯坏了很久,请尽快维修。"
    for before in (0, 30, 35, 40, 45, 70, 300):
        text = filler * before + FOUND[0][0] + filler * 60
        found = [text[each.start : each.end] for each in real.tag([text])[0]]
        assert found == ["周晓岚"], before


@pytest.mark.parametrize("name", [tagger.NETWORK, tagger.ALPHABET, tagger.PAIRS, tagger.VERSION])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    shutil.copytree(tagger.HOME, tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(TaggerError):
        Tagger.load(tmp_path / "model")


@pytest.mark.parametrize("name", [tagger.NETWORK, tagger.ALPHABET, tagger.PAIRS, tagger.VERSION])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_changed_byte_is_refused(tmp_path: Path, name: str, share: float) -> None:
    shutil.copytree(tagger.HOME, tmp_path / "model")
    content = bytearray((tmp_path / "model" / name).read_bytes())
    content[int(len(content) * share)] ^= 1
    (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(TaggerError):
        Tagger.load(tmp_path / "model")


def test_a_file_that_is_no_network_is_refused_though_its_version_is_right(tmp_path: Path) -> None:
    shutil.copytree(tagger.HOME, tmp_path / "model")
    (tmp_path / "model" / tagger.NETWORK).write_bytes(b"not a network")
    (tmp_path / "model" / tagger.VERSION).write_text(tagger.version_of(tmp_path / "model"))
    with pytest.raises(TaggerError):
        Tagger.load(tmp_path / "model")


def test_another_model_than_expected_is_refused() -> None:
    with pytest.raises(TaggerError):
        Tagger.load(expected="0" * 16)


@pytest.mark.parametrize("answer", [np.nan, np.inf, RuntimeError("周晓岚")])
def test_a_network_that_fails_is_an_error_without_text(real: Tagger, answer: float | RuntimeError) -> None:
    class Failing:
        def run(self, _names: None, given: dict[str, tagger.Ids]) -> list[Floats]:
            if isinstance(answer, RuntimeError):
                raise answer
            return [np.full((*given["characters"].shape, len(TAGS)), answer, dtype=np.float32)]

    failing = Tagger(real._alphabet, Failing(), "broken")
    with pytest.raises(TaggerError) as raised:
        failing.tag([FOUND[0][0]])
    assert "周晓岚" not in str(raised.value)
