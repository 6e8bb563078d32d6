"""A word list is read strictly, and each of its three sections does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.text import word_list as words
from policies.text.word_list import NO_WORDS, Words
from schema.strict_yaml import YamlFileError

pytestmark = pytest.mark.unit

LIST = """\
people: [祁连山, 阿強]
places:
  - 锦绣江南
never:
  - "12345"
  - 400-820-8820
"""


def test_a_list_is_read_in_plain_characters(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text(LIST, encoding="utf-8")
    read = words.load(tmp_path / "words.yaml")
    assert (read.people, read.places, read.never) == (("祁连山", "阿强"), ("锦绣江南",), ("12345", "400-820-8820"))


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("打400-820-8820", "400-820-8820"),
        ("打4008208820", "4008208820"),
        ("打400 820 8820", "400 820 8820"),
        ("打14008208820", None),
        ("打12345热线", "12345"),
        ("号码1234567", None),
    ],
)
def test_a_number_is_found_however_it_is_grouped(text: str, matched: str | None) -> None:
    found = words.read("words.yaml", LIST.encode()).never_pattern.search(text)
    assert (found and found[0]) == matched


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("people: [张三]\nperson: [李四]\n", "words.yaml:2: 'person' is not one of people, places, never"),
        ("people: 张三\n", "words.yaml:1: `people:` is a list of words, each after `- `"),
        ("people:\n  - 张三\n  - 5\n", "words.yaml:3: a word is text; put numbers in quotes"),
        ("never:\n  - 张\n", "words.yaml:2: a word has 2 to 60 characters"),
        ("people: [张三]\npeople: [李四]\n", "words.yaml:2: the key 'people' stands twice; remove one"),
        ("- 张三\n", "words.yaml:1: expected a key such as `name:` at the top, not a list or plain text"),
        (
            "people: [李四]\nplaces: &a [张三]\nnever: *a\n",
            "words.yaml:2: anchors and aliases are not allowed; write out what they stand for",
        ),
    ],
)
def test_anything_unknown_names_file_and_line(content: str, said: str) -> None:
    with pytest.raises(YamlFileError) as wrong:
        words.read("words.yaml", content.encode())
    assert str(wrong.value) == said


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError):
        words.load(tmp_path / "none.yaml")


def test_too_many_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MAX_WORDS", 3)
    with pytest.raises(YamlFileError):
        words.read("words.yaml", LIST.encode())


def test_the_digest_changes_with_every_word_and_not_with_their_order() -> None:
    lists = [Words.of(), Words.of(people=["张三"]), Words.of(places=["张三"]), Words.of(never=["张三"])]
    assert len({each.digest for each in lists}) == 4
    assert Words.of(people=["张三", "李四"]).digest == Words.of(people=["李四", "张三", "张三"]).digest
    assert NO_WORDS.digest == Words.of().digest
