"""A form rewrites one rule of a policy file: what it says changes, and no byte outside of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.editing.origins import origins
from policies.editing.rules import RuleText, add, change, copy, remove, rules_in
from policies.editing.written import EditRefused, written
from schema.strict_yaml import YamlFile, YamlFileError

pytestmark = pytest.mark.unit
FILES = {
    f"{path.parts[-3]}/{path.name}": path.read_bytes()
    for path in sorted(Path(__file__).parents[4].glob("examples/*/policies/*.yaml"))
}
RULES = [rule for name, content in FILES.items() for rule in rules_in(name, content)]
FIRE = "county/fire.yaml"
SMALL = b"""# The head of the file.
grants:
  # Why it is.
  - id: one   # its name
    to: {application: [a, b, c]}
    for:
      - p   # the first
      - q
    basis: "x: y"
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields:
      # Above the name.
      Person.name: clear   # beside it
      Person.phone: {mask: "partial(3,4)"}
"""


def outside(rule: RuleText, content: bytes) -> tuple[str, str]:
    """What stands before and behind the lines of a rule."""
    before, _, behind = content.decode().partition(rule.text)
    return before, behind


def one() -> RuleText:
    return next(rules_in("small.yaml", SMALL))


def test_there_are_rules_to_try() -> None:
    assert len(RULES) > 50
    assert {rule.section for rule in RULES} == {"grants", "prohibitions"}


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule.file}-{rule.id}" for rule in RULES])
def test_the_same_rule_is_the_same_bytes(rule: RuleText) -> None:
    assert change(FILES[rule.file], rule, dict(rule.content)) == FILES[rule.file]


SIGNS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30) | st.sampled_from(
    ["a: b", "# a", "a #b", "'", '"', "\\", "{a}", "[a]", "*a", "&a x", "!a", "%a", "- a", "yes", "NULL", "010", "1:30",
     "~", "|", ">", "<<", "\u3000法", "a\\nb", "@a", "`a", "?", ": ", "2026-01-01", "1e3", "--- a", "...", "，", "“a”"]
)  # fmt: skip


@given(rule=st.sampled_from(RULES), basis=SIGNS)
@settings(max_examples=60, deadline=None)
def test_any_text_is_itself_and_touches_its_rule_alone(rule: RuleText, basis: str) -> None:
    content, wanted = FILES[rule.file], {**rule.content, "basis": basis}
    if not basis.isprintable():
        with pytest.raises(EditRefused):
            change(content, rule, wanted)
        return
    changed = change(content, rule, wanted)
    before, behind = outside(rule, content)
    text = changed.decode()
    assert text.startswith(before)
    assert text.endswith(behind)
    expected = YamlFile(rule.file, content).content
    expected[rule.section][rule.index] = wanted
    assert YamlFile(rule.file, changed).content == expected


KEYS = ("to", "for", "rows", "fields", "match", "obligations", "valid", "prohibit")
VALUES: dict[str, Any] = {
    "to": {"application": ["x"], "role": ["y"]},
    "for": ["p", "q"],
    "rows": {"Person": {"region": {"eq": "a"}}},
    "fields": {"Person.name": "clear", "Person.phone": {"mask": "partial(3,4)"}},
    "match": ["Person.idNumber"],
    "obligations": {"case": "required", "dailyCap": {"limit": 5, "per": "person"}},
    "valid": {"to": dt.date(2030, 1, 1)},
    "prohibit": ["Person.name"],
}


def mixed(rule: RuleText, chosen: list[tuple[str, int]]) -> dict[str, Any]:
    """The rule with entries taken out of some keys and others put behind."""
    wanted: dict[str, Any] = dict(rule.content)
    for key, kept in chosen:
        old, more = wanted.get(key), VALUES[key]
        if isinstance(more, list):
            wanted[key] = list(dict.fromkeys([*(old or [])[:kept], *more]))
        else:
            wanted[key] = {**dict(list((old or {}).items())[kept:]), **more}
    return wanted


@given(
    rule=st.sampled_from(RULES),
    chosen=st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 3)), max_size=4, unique_by=lambda each: each[0]),
)
@settings(max_examples=80, deadline=None)
def test_any_change_is_exactly_that_change(rule: RuleText, chosen: list[tuple[str, int]]) -> None:
    content, wanted = FILES[rule.file], mixed(rule, chosen)
    changed = change(content, rule, wanted)
    before, behind = outside(rule, content)
    assert changed.decode().startswith(before)
    assert changed.decode().endswith(behind)
    again = next(each for each in rules_in(rule.file, changed) if each.id == rule.id)
    assert dict(again.content) == wanted
    assert change(changed, again, dict(rule.content)) != b""


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule.file}-{rule.id}" for rule in RULES])
def test_a_rule_is_copied_and_taken_out_again(rule: RuleText) -> None:
    content = FILES[rule.file]
    doubled = copy(content, rule, {**rule.content, "id": "a-copy"})
    made = next(each for each in rules_in(rule.file, doubled) if each.id == "a-copy")
    assert made.text.count("#") == rule.text.count("#"), "its comments come along"
    assert without_blank_lines(remove(doubled, made)) == without_blank_lines(content)
    added = add(content, rule.file, rule.section, {**rule.content, "id": "a-new-one"})
    new = next(each for each in rules_in(rule.file, added) if each.id == "a-new-one")
    assert without_blank_lines(remove(added, new)) == without_blank_lines(content)


def without_blank_lines(content: bytes | None) -> list[bytes]:
    return [line for line in (content or b"").splitlines() if line.strip()]


def test_comments_stay_where_a_line_changes() -> None:
    wanted = {
        **one().content,
        "for": ["q", "r"],
        "to": {"application": ["b", "d"]},
        "fields": {"Person.name": {"mask": "surname"}, "Person.age": "clear"},
    }
    assert (
        change(SMALL, one(), wanted).decode()
        == """# The head of the file.
grants:
  # Why it is.
  - id: one   # its name
    to: {application: [b, d]}
    for:
      - q
      - r
    basis: "x: y"
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields:
      # Above the name.
      Person.name: {mask: surname}   # beside it
      Person.age: clear
"""
    )


def test_the_comment_above_goes_with_a_rule_and_the_last_rule_with_its_section() -> None:
    two = add(SMALL, "small.yaml", "grants", {**one().content, "id": "two"})
    left = remove(two, one())
    assert left is not None
    assert left.startswith(b"# The head of the file.\ngrants:\n  - id: two\n")
    assert remove(SMALL, one()) is None, "nothing is left to say"
    both = SMALL + b"\nowners: {Person: police}\n"
    assert remove(both, next(rules_in("small.yaml", both))) == b"# The head of the file.\n\nowners: {Person: police}\n"


def test_a_section_is_made_where_there_is_none() -> None:
    made = add(b"owners: {Person: police}\n", "small.yaml", "prohibitions", {"id": "never", "prohibit": ["Person"]})
    assert made == b"owners: {Person: police}\n\nprohibitions:\n  - id: never\n    prohibit: [Person]\n"


def test_the_line_ends_of_a_file_stay() -> None:
    content = SMALL.replace(b"\n", b"\r\n")
    rule = next(rules_in("small.yaml", content))
    changed = change(content, rule, {**rule.content, "valid": {"to": dt.date(2030, 1, 1)}})
    assert changed.count(b"\r\n") == changed.count(b"\n") == SMALL.count(b"\n") + 1


def test_what_a_form_cannot_write_is_refused_and_never_guessed() -> None:
    brackets = b"grants: [{id: one, basis: x}]\n"
    with pytest.raises(EditRefused, match="as text"):
        list(rules_in("small.yaml", brackets))
    for value in (1.5, None, dt.datetime(2030, 1, 1), b"x"):
        with pytest.raises(EditRefused):
            written(value)
    with pytest.raises((EditRefused, YamlFileError)):
        change(b"grants:\n  - match: [a]  # why\n    id: one\n", *_rule_without_match())


def _rule_without_match() -> tuple[RuleText, dict[str, Any]]:
    rule = next(rules_in("small.yaml", b"grants:\n  - match: [a]  # why\n    id: one\n"))
    return rule, {"id": "one"}


def test_a_rule_stands_since_the_version_from_which_it_says_the_same() -> None:
    def version(**changes: Any) -> dict[str, bytes]:
        return {"small.yaml": change(SMALL, one(), {**one().content, **changes})}

    laid_out = {"other.yaml": SMALL.replace(b"   # beside it", b"").replace(b"a, b, c", b"a,b,c")}
    newest = [(5, version()), (4, laid_out), (3, version()), (2, version(basis="z")), (1, version())]
    assert origins([one()], newest) == {"one": 3}
    assert origins([one()], newest[:2]) == {"one": 4}
    assert origins([one()], []) == {}
    asked: list[int] = []

    def counted() -> Any:
        for number, files in newest:
            asked.append(number)
            yield number, files

    origins([one()], counted())
    assert asked == [5, 4, 3, 2], "what came before is not read"
