"""A YAML file means the same to every reader, or it is refused with its line."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schema.strict_yaml import MAX_BYTES, YamlFile, YamlFileError

pytestmark = pytest.mark.unit

PLAIN: list[tuple[str, Any]] = [
    ("", None),
    ("~", None),
    ("null", None),
    ("true", True),
    ("False", False),
    ("0", 0),
    ("-12", -12),
    ("+7", 7),
    ("1.5", 1.5),
    (".5", 0.5),
    ("1.5e+3", 1500.0),
    ("2026-06-30", dt.date(2026, 6, 30)),
    ("2026-06-30T08:00:00+08:00", dt.datetime(2026, 6, 30, 8, tzinfo=dt.timezone(dt.timedelta(hours=8)))),
    ("2026-06-30 08:00:00Z", dt.datetime(2026, 6, 30, 8, tzinfo=dt.UTC)),
    ("plain text", "plain text"),
    ("+08:00", "+08:00"),
    ("14/03/21/", "14/03/21/"),
    ("2026-6-3", "2026-6-3"),
    ("$today - 60y", "$today - 60y"),
    ('"010"', "010"),
    ("'yes'", "yes"),
    ('"2026-02-31"', "2026-02-31"),
    ("[1, a, {b: true}]", [1, "a", {"b": True}]),
]


@pytest.mark.parametrize(("written", "meant"), PLAIN, ids=[each for each, _ in PLAIN])
def test_a_value_means_what_yaml_1_2_says(written: str, meant: Any) -> None:
    (value,) = YamlFile("f.yaml", f"key: {written}\n".encode()).content.values()
    assert value == meant
    assert type(value) is type(meant)


READ_DIFFERENTLY = [
    *("010", "-08", "0x10", "0o10", "0b1", "1_0", "1_0.5", "1:30", "+10:00", "190:20:30.15"),
    *("1e3", "-1.5E2", "0._", "08", "-.5"),
    *("yes", "No", "ON", "off", ".inf", "-.INF", ".nan"),
]


@pytest.mark.parametrize("written", READ_DIFFERENTLY)
@pytest.mark.parametrize("layout", ["a: 1\nkey: {}\n", "a:\n  - {}\n", "a: 1\nkey: [{}]\n"])
def test_what_readers_of_yaml_disagree_on_is_refused(written: str, layout: str) -> None:
    with pytest.raises(YamlFileError, match=rf'^f\.yaml:2: {re.escape(written)}: .* quote it: "{re.escape(written)}"$'):
        YamlFile("f.yaml", layout.format(written).encode())


def test_a_value_that_is_left_out_at_the_end_is_none() -> None:
    assert YamlFile("f.yaml", b"a:\n  - ? b\n").content == {"a": [{"b": None}]}


def test_a_key_is_the_text_that_is_written() -> None:
    content = YamlFile("f.yaml", b"{1: a, 010: b, on: c, null: d, 2026-02-31: e}").content
    assert content == {"1": "a", "010": "b", "on": "c", "null": "d", "2026-02-31": "e"}


REFUSED = {
    "an anchor": ("a: 1\nb: &x 2\n", "f.yaml:2: anchors and aliases are not allowed"),
    "an alias": ("a: 1\nb: *x\n", "f.yaml:2: anchors and aliases are not allowed"),
    "a merge key": ("a: 1\nb: {<<: {c: 1}}\n", "f.yaml:2: merge keys"),
    "a tag": ("a: 1\nb: !!str 2\n", "f.yaml:2: tags such as tag:yaml.org,2002:str"),
    "a tag of its own": ("a: 1\nb: !x 2\n", "f.yaml:2: tags such as !x"),
    "a directive": ("%YAML 1.1\n---\na: 1\n", "directives such as %YAML"),
    "a second document": ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document"),
    "a key twice": ("trust: 1\ntrust: 99\n", "f.yaml:2: the key 'trust' stands twice"),
    "a key twice, once quoted": ("1: a\n'1': b\n", "f.yaml:2: the key '1' stands twice"),
    "a key that is no text": ("a: 1\n? [b]\n: 2\n", "f.yaml:2: a key must be plain text"),
    "a day that is not": ("a: 1\nb: 2026-02-31\n", "f.yaml:2: 2026-02-31: there is no such day or time"),
    "a time that is not": (
        "a: 1\nb: 2026-02-28T25:00:00Z\n",
        "f.yaml:2: 2026-02-28T25:00:00Z: there is no such day or time",
    ),
    "a number too long": (f"a: 1\nb: {'9' * 5000}\n", f"f.yaml:2: {'9' * 40}: a number that is too large"),
    "a number too large": ("a: 1\nb: 1.5e+999\n", "f.yaml:2: 1.5e+999: a number that is too large"),
    "a list at the top": ("- a\n", "f.yaml:1: expected a key"),
    "text at the top": ("just text", "f.yaml:1: expected a key"),
    "a tab": ("a:\n\t- 1\n", "f.yaml:2: a tab"),
    "a full-width colon": (
        "a:\n  - id：one\n    to: x\n",
        "f.yaml:2: the sign ： is full-width; write this line with ",
    ),
    "the line as it should be": ("a:\n  - id：one\n    to: x\n", "half-width signs: - id: one"),
    "a full-width comma": ('a: {b: "1"，c: 2}\n', 'a: {b: "1", c: 2}'),
    "a bracket that stays open": ("a: [1,\n", "f.yaml:2: while parsing a flow node"),
    "a line end of YAML 1.1": ("a: 1\nb: x\x85y\n", "f.yaml:2: an invisible control character"),
    "a line end of old machines": ("# no change\ra: 1\n", "f.yaml:1: an invisible control character"),
    "a change of direction": ("a: 1\nb: x # \u202ey\n", "f.yaml:2: an invisible control character"),
    "a key with a line end": ('a: 1\n"b\\nc": 1\n', "f.yaml:2: the key 'b\\nc' holds a character that nobody sees"),
    "a control character": ("a: 1\nb: \x07\n", "f.yaml:2: an invisible control character"),
    "depth": (f"a: {'[' * 3000}{']' * 3000}\n", "f.yaml: nested too deeply"),
    "length": (f"a: {'x' * MAX_BYTES}\n", "f.yaml: larger than"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_more_than_plain_data_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(YamlFileError, match=re.escape(said)):
        YamlFile("f.yaml", text.encode())


def test_other_encodings_are_refused_with_the_line() -> None:
    with pytest.raises(YamlFileError, match=r"f\.yaml:2: not UTF-8"):
        YamlFile("f.yaml", b"a: 1\nb: \xd6\xd0\n")


def test_an_empty_file_holds_nothing_and_a_bom_is_passed_over() -> None:
    assert YamlFile("f.yaml", b"# nothing yet\n").content == {}
    assert YamlFile("f.yaml", b"\xef\xbb\xbfa: 1\n").content == {"a": 1}


def test_a_place_is_the_line_of_the_deepest_node() -> None:
    file = YamlFile("f.yaml", b"a:\n  - b: 1\n  - b:\n      c: 2\n")
    assert file.place(("a", 1, "b", "c", "none")) == "f.yaml:4"
    assert file.place() == "f.yaml:1"


@given(st.text("0123456789abefnosxyENO_:.+-", min_size=1, max_size=9))
def test_a_value_is_read_as_yaml_1_1_reads_it_or_refused(written: str) -> None:
    text = f"key: {written}\n"
    try:
        ours = YamlFile("f.yaml", text.encode()).content["key"]
    except YamlFileError:
        return
    theirs = yaml.safe_load(text)["key"]
    assert (ours, type(ours)) == (theirs, type(theirs))
