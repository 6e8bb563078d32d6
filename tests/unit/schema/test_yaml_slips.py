"""What people write by hand is read as every reader of YAML reads it, or refused with line, cause and remedy.

The same holds for each kind of file of ours: policies, sources and word lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.manifest import ManifestError, read_yaml, source_of
from policies.language import load_files
from policies.text.word_list import read
from schema import SPINE
from schema.strict_yaml import YamlFile, YamlFileError

pytestmark = pytest.mark.unit


def _source(folder: Path, content: bytes) -> object:
    (folder / "f.yaml").write_bytes(content)
    return source_of(read_yaml(folder / "f.yaml"), {})


READERS: dict[str, Callable[[Path, bytes], object]] = {
    "policy": lambda _, content: load_files({"f.yaml": content}, SPINE),
    "source": _source,
    "words": lambda _, content: read("f.yaml", content),
}
DISAGREED = [
    "010", "0x10", "0o17", "0b11", "1:30", "190:20:30", "190:20:30.15", "1_0", "1_000.5", "1e3", "1E3", "+.inf", ".nan",
    "-.INF", "0777", "+010", "yes", "no", "on", "off", "Yes", "NO", "On", "OFF",
]  # fmt: skip
READ_ALIKE = {
    "10": 10, "-3": -3, "+7": 7, "0": 0, ".5": 0.5, "1.5": 1.5, "1.": 1.0, "1.5e+3": 1500.0, "~": None, "null": None,
    "Null": None, "NULL": None, "true": True, "TRUE": True, "False": False, "'010'": "010", '"yes"': "yes",
    "1.2.3": "1.2.3",
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("written", DISAGREED)
def test_case_1_17_what_versions_of_yaml_read_differently_is_refused_with_its_line(
    tmp_path: Path, reader: str, written: str
) -> None:
    for layout in ("# a\nx: {0}\n", "x:\n  y: [1, {0}]\n", "x:\n  - {{y: {0}}}\n"):
        with pytest.raises((YamlFileError, ManifestError), match=rf"^f\.yaml:2: {re.escape(written)}: YAML readers"):
            READERS[reader](tmp_path, layout.format(written).encode())


@pytest.mark.parametrize(("written", "meant"), READ_ALIKE.items())
def test_case_1_17_what_they_read_alike_is_read_so(written: str, meant: object) -> None:
    found = YamlFile("f.yaml", f"x: {written}\n".encode()).content["x"]
    assert (found, type(found)) == (meant, type(meant))


MORE_THAN_DATA = {
    "a key twice": ("trust: 1\ntrust: 99\n", "the key 'trust' stands twice"),
    "a key twice, deeper": ("x:\n  - {trust: 1, trust: 99}\n", "the key 'trust' stands twice"),
    "a key twice, once quoted": ("trust: 1\n'trust': 99\n", "the key 'trust' stands twice"),
    "an anchor": ("x: 1\ny: &a 2\n", "anchors and aliases"),
    "an alias": ("x: 1\ny: [*a]\n", "anchors and aliases"),
    "a merge key": ("x: 1\n<<: {y: 2}\n", "merge keys"),
    "a merge key, deeper": ("x:\n  y: {<<: [{z: 1}]}\n", "merge keys"),
    "a tag": ("x: 1\ny: !!int '8'\n", "tags such as"),
    "a document more": ("x: 1\n---\ny: 2\n", "a second document"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("text", "hint"), MORE_THAN_DATA.values(), ids=MORE_THAN_DATA.keys())
def test_case_1_14_what_is_more_than_plain_data_is_refused_with_its_line(
    tmp_path: Path, reader: str, text: str, hint: str
) -> None:
    with pytest.raises((YamlFileError, ManifestError), match=rf"^f\.yaml:2: {re.escape(hint)}"):
        READERS[reader](tmp_path, text.encode())


NO_SUCH_TIME = [
    "2026-02-31",
    "2027-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-02-28T25:00:00Z",
    "0000-01-01",
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("written", NO_SUCH_TIME)
def test_case_3_18_a_day_that_is_not_is_refused_with_its_line(tmp_path: Path, reader: str, written: str) -> None:
    with pytest.raises((YamlFileError, ManifestError), match=rf"^f\.yaml:2: {written}: there is no such day.* write"):
        READERS[reader](tmp_path, f"x: 1\ny: {written}\n".encode())


SLIPS = {
    "a tab": ("a:\n\tb: 1\n", 2, "a tab; YAML is indented with spaces only, so: `b: 1`"),
    "a tab behind a colon": ("a: 1\nb:\t2\n", 2, "so: `b:"),
    "a colon": ("a: 1\nb： 2\nc: 3\n", 2, "the sign ： is full-width; write this line with half-width signs: b: 2"),
    "a colon, in the middle": ("a:\n  - {b：x，c: y}\n", 2, "half-width signs: - {b: x, c: y}"),
    "a comma": ("a: 1\nb: [x，y]\n", 2, "half-width signs: b: [x, y]"),
    "quotes": ("a: 1\nb: “x”\n", 2, 'half-width signs: b: "x"'),
    "single quotes": ("a: 1\nb: ‘x’\n", 2, "half-width signs: b: 'x'"),
    "brackets": ("a: 1\nb: 【x， y】\n", 2, "half-width signs: b: [x, y]"),
    "braces": ("a: 1\nb: ｛x: y｝\n", 2, "half-width signs: b: {x: y}"),
    "a wide blank": ("a: 1\n　b: 2\n", 2, "the sign U+3000 is full-width"),
    "a no-break space": ("a: 1\nb:\xa0x\n", 2, "U+00A0 is a no-break space; write this line with ordinary blanks: b:"),
    "another blank": ("a: 1\nb:\u2003x\n", 2, "U+2003 is an unusual blank; write this line with ordinary blanks: b"),
    "an invisible sign": ("a: 1\nb\u200b: 2\n", 2, "an invisible sign (U+200B)"),
    "no blank": ("a: 1\nb:2\n", 2, "a blank is missing after the colon, so: `b: 2`"),
    "a colon in a text": ("a: 1\nb: c: d\n", 2, 'put quotes around a text with a colon in it, so: `b: "c: d"`'),
    "a quote left open": ("a: 1\nb: 'c\n", 3, "a quote that opens in line 2 is not closed"),
    "a bracket left open": ("a: [1, 2\nb: 3\n", 2, "the bracket [ of line 1 is not closed"),
    "a brace left open": ("a: {b: 1\nc: 2\n", 2, "the bracket { of line 1 is not closed"),
    "an indentation": ("a:\n  b: 1\n c: 2\n", 3, "the indentation fits no line above"),
    "text behind a quote": ("a: 1\nb: 'c' d\n", 2, "text after a closing quote"),
    "a sign at the start": ("a: 1\nb: @c\n", 2, "a text that begins with this sign stands in quotes"),
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("text", "line", "hint"), SLIPS.values(), ids=SLIPS.keys())
def test_case_3_19_a_slip_is_told_with_its_line_and_the_line_as_it_should_be(
    tmp_path: Path, reader: str, text: str, line: int, hint: str
) -> None:
    with pytest.raises((YamlFileError, ManifestError)) as refused:
        READERS[reader](tmp_path, text.encode())
    assert str(refused.value).startswith(f"f.yaml:{line}: ")
    assert hint in str(refused.value)


def test_case_3_19_the_same_slip_on_several_lines_is_told_of_each() -> None:
    with pytest.raises(YamlFileError) as refused:
        YamlFile("f.yaml", "a：1\nb: 2，3\nc：4\n\td: 5\n".encode())
    assert [line.partition(": ")[0] for line in str(refused.value).splitlines()] == ["f.yaml:1", "f.yaml:3", "f.yaml:4"]


def test_full_width_signs_within_a_text_are_text() -> None:
    written = "basis: 规范（示例）：第一条，“甲”\nlist:\n  - 甲，乙\nflow: {zh: 甲，乙}\n'b：': 1\n"
    content = YamlFile("f.yaml", written.encode()).content
    assert content == {"basis": "规范（示例）：第一条，“甲”", "list": ["甲，乙"], "flow": {"zh": "甲，乙"}, "b：": 1}
