"""A word for an effect that has a slip in it is refused with what the slip is, and with the line as it should be."""

from __future__ import annotations

import pytest

from policies.language import load_files
from schema import SPINE
from schema.strict_yaml import YamlFileError

pytestmark = pytest.mark.unit

POLICY = """purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}]
grants:
  - id: one
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {}, Region: {}}
    fields:
      %s
expect:
  - app: app
    purpose: a
    coordinate: Person.name
    effects:
      - %s
"""


def refusal(field: str, expected: str = "clear") -> str:
    with pytest.raises(YamlFileError) as refused:
        load_files({"p.yaml": (POLICY % (field, expected)).encode()}, SPINE)
    return str(refused.value)


SLIPS = {
    "a capital letter": ("Person.name: Clear", "'Clear' is not written in small letters", "Person.name: clear"),
    "a list": ("Person.name: [surname]", "a mask stands behind `mask: `", '{mask: "surname"}'),
    "capital letters": ("Person.name: AGGREGATE", "'AGGREGATE' is not written", "Person.name: aggregate"),
    "a zero-width space": ("Person.name: clear\u200b", "U+200B is invisible", "Person.name: clear"),
    "a byte order mark": ("Person.name: cl\ufeffear", "U+FEFF is invisible", "Person.name: clear"),
    "a soft hyphen": ("Person.name: \xadclear", "U+00AD is invisible", "Person.name: clear"),
    "a no-break space": ("Person.name: clear\xa0", "U+00A0 is a no-break space", "Person.name: clear"),
    "a blank in quotes": ("Person.name: 'clear '", "'clear ' has a blank in it", "Person.name: clear"),
    "wide letters": ("Person.name: ｃｌｅａｒ", "the sign ｃ is full-width", "Person.name: clear"),
    "clear as a mask": ("Person.name: {mask: Clear}", "clear is no mask", "Person.name: clear"),
    "a mask without its key": ("Person.name: Surname", "a mask such as", 'Person.name: {mask: "surname"}'),
    "a wide key": ("Person.name: {Mask: surname}", "stands behind `mask: `", 'Person.name: {mask: "surname"}'),
    "no blank": ("Person.name: {mask:surname}", "stands behind `mask: `", 'Person.name: {mask: "surname"}'),
    "a mask with a capital": (
        "Person.birthDate: {mask: Year}",
        "redact < age_band < year; 'Year' is not written in small letters",
        'Person.birthDate: {mask: "year"}',
    ),
    "small letters for a level": (
        "Person.region: {mask: region(street)}",
        "'region(street)' is not written in these letters",
        'Person.region: {mask: "region(STREET)"}',
    ),
    "a hyphen": ("Person.birthDate: {mask: age-band}", "there is no 'age-band'", '{mask: "age_band"}'),
    "a misspelled mask": ("Person.name: {mask: surnam}", "there is no 'surnam'", 'Person.name: {mask: "surname"}'),
    "wide brackets": ("Person.phone: {mask: partial（3，4）}", "the sign （ is full-width", '{mask: "partial(3,4)"}'),
    "brackets, cut": ("Person.phone: {mask: partial（3,4）}", "the sign （ is full-width", '{mask: "partial(3,4)"}'),
    "wide digits": ("Person.phone: {mask: 'partial(３,4)'}", "the sign ３ is full-width", '{mask: "partial(3,4)"}'),
    "a wide blank": ("Person.phone: {mask: 'partial(3,　4)'}", "the sign U+3000 is full-width", '"partial(3,4)"}'),
    "a blank": ("Person.phone: {mask: 'partial (3,4)'}", "'partial (3,4)' has a blank in it", '"partial(3,4)"}'),
    "square brackets": ("Person.phone: {mask: 'partial[3,4]'}", "there is no 'partial[3,4]'", '"partial(3,4)"}'),
    "invisible in a mask": ("Person.name: {mask: 'sur\u200bname'}", "U+200B is invisible", '{mask: "surname"}'),
}  # fmt: skip


@pytest.mark.parametrize(("field", "cause", "line"), SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_in_an_effect_is_named_and_the_line_written_as_it_should_be(field: str, cause: str, line: str) -> None:
    told = refusal(field)
    assert told.startswith("p.yaml:10: ")
    assert cause in told
    assert told.endswith(f"{line}`")
    assert all(each.isprintable() for each in told)


@pytest.mark.parametrize("word", ["open", "unclear", "clearly", "{mask: [surname]}", "{clear: true}", "[clear]"])
def test_clear_is_not_guessed_and_what_is_proposed_is_an_effect(word: str) -> None:
    told = refusal(f"Person.name: {word}")
    assert "Person.name: clear" not in told
    assert word not in told.rpartition("so: ")[2]


def test_an_odd_sign_in_a_mask_that_is_not_on_the_ladder_either_is_named() -> None:
    assert refusal("Person.name: {mask: 'partial（1,1）'}").endswith("initial < surname; the sign （ is full-width")


@pytest.mark.parametrize(
    ("effect", "hint"),
    [
        ("Clear", "'Clear' is not written in small letters, so: clear"),
        ('"clear\u200b"', "the sign U+200B is invisible, so: clear"),
        ("Surname", "so: surname"),
        ("open", "it can have clear, surname, initial, pseudonym, redact, aggregate, match"),
    ],
)
def test_an_effect_that_a_test_expects_is_one_that_the_coordinate_can_have(effect: str, hint: str) -> None:
    told = refusal("Person.name: clear", effect)
    assert told.startswith("p.yaml:16: ")
    assert hint in told
