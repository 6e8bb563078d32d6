"""Guesses what each column of a sample is: its field, type, transform and classification, each with the reason.

What is personal is told first and by little evidence; everything else needs nearly all cells, and the rows of the
others would be refused, which is told. A column about which nothing is sure stays not guessed, and is commented out in
the drafts.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence

from stdnum.cn import uscc

from connectors.drafts.columns import Column
from connectors.drafts.guess import Drafted, Guess
from connectors.drafts.personal_kinds import NameTest, PersonalKind, is_never_stored, personal_kind
from connectors.drafts.words import WORDS, capitals, field_name, latin_words
from connectors.resolve import birth_of, is_resident_id
from connectors.transforms import Options
from schema.classification import Grade, Kind, Scalar
from schema.never_store import NEVER_STORED
from schema.region_paths import path_of_code

FEW, OFTEN = 20, 5
"""An enum has at most so many different words, and each stands at least so often."""
MAX_WORD = 12
"""Longest word of an enum, in characters."""
DATES = (None, "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y")
TIMES = (None, "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y%m%d%H%M%S", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M")
"""Forms of days and moments that are tried, in this order; None is what a source reads without `format`."""
ENUM_RULE = f"at most {FEW} words, each at least {OFTEN} times, and nothing personal"
_CODED = re.compile("编号|编码|代码|序号|号$|code|_no\\b|number|^no$|^id$|_id$", re.IGNORECASE)
_NAMED = re.compile("名称|店名|字号|^name$|_name$|title$", re.IGNORECASE)
_YEAR = re.compile("年份|年度|建成年|year", re.IGNORECASE)
_UPDATED = re.compile("更新时间|修改时间|变更时间|更新日期|updated|modified|changed_at", re.IGNORECASE)
_DAYS = re.compile("日期|时间|有效期|到期|日$|date|\\bday|expir", re.IGNORECASE)
_TERM = re.compile("至|期限|到期|截止|有效|失效|计划|预计|expir|until|valid|\\bdue\\b|\\bend", re.IGNORECASE)
"""Words of headers of days that may lie in the future."""
_SERIAL = re.compile(r"[1-7]\d{4}(\.\d+)?\Z", re.ASCII)
SERIALS = "numbers by which Excel counts days; have the column formatted as dates in the workbook"
"""Said of a column of days that holds numbers from 10000 (1927) to 79999 (2119)."""
_LISTS = frozenset({
    "category", "class", "grade", "kind", "level", "mode", "phase", "priority", "result", "risk", "stage", "state",
    "status", "type",
})  # fmt: skip
_LISTED = re.compile("类别|类型|种类|状态|性质|等级|级别")
"""Words of headers whose columns hold words of a list."""
_OWN_WORDS = frozenset(WORDS.values())
_LETTERS = re.compile(r"[^\W\d_\u3400-\u9fff]{2}")
"""Letters that are no Chinese signs, in which any word may be a name."""
_DIGITS = re.compile(r"\d{5}")
_ALL_DIGITS = re.compile(r"\d+\Z", re.ASCII)


def guess_all(columns: Sequence[Column], looks_like_name: NameTest, today: dt.date) -> Drafted:
    """Guesses for the columns of one sample."""
    guesses: list[Guess] = []
    for at, column in enumerate(columns, 1):
        name, named = field_name(column.header, at, {each.field for each in guesses})
        guesses.append(_with_counts(_guess(column, name, named, looks_like_name, today), column))
    guesses = _with_births(guesses, columns, today)
    regions = [each for each in guesses if each.scalar is Scalar.REGION]
    # A type lies in one place: of several columns of divisions, the finest is taken, and then the first.
    place = min(regions, key=lambda each: each.transform != "region_of_grid", default=None)
    guesses = [_only_region(each, place) for each in guesses]
    keys = [each for each in guesses if each.numbers_records]
    key = min(keys, key=lambda each: (_CODED.search(each.title) is None, each.counts_lines), default=None)
    moments = (each for each in guesses if each.scalar in {Scalar.DATE, Scalar.DATETIME} and not each.blanks)
    updated = next((each for each in moments if _UPDATED.search(each.title) and not each.misfits), None)
    return Drafted(tuple(guesses), columns[0].rows if columns else 0, key, updated)


def _with_counts(guess: Guess, column: Column) -> Guess:
    return dataclasses.replace(guess, cells=len(column.cells), blanks=column.blanks, repeats=column.repeats)


def _guess(column: Column, name: str, named: bool, looks_like_name: NameTest, today: dt.date) -> Guess:
    nothing = Guess(column.header, name, named, None)
    if is_never_stored(column.title) or _lists_never_stored(column):
        return dataclasses.replace(nothing, why=NEVER_STORED)
    if column.unread:
        return dataclasses.replace(nothing, why=column.unread)
    found = personal_kind(column, looks_like_name)
    if not column.cells:
        return dataclasses.replace(nothing, why="it is empty in every row")
    guess = _public(column, nothing, today)
    if found is None or (guess.scalar is not None and guess.why in _SURE):
        return guess
    return _personal(column, nothing, *found, today)


def _lists_never_stored(column: Column) -> bool:
    """Whether a list has a word for what is never stored."""
    return len(column.counts) <= FEW and any(len(word) <= MAX_WORD and is_never_stored(word) for word in column.counts)


_CREDIT = "unified social credit codes (GB 32100, with their check character)"
_DIVISIONS = "codes of divisions (GB/T 2260, GB/T 10114)"
_SURE = frozenset({_CREDIT, _DIVISIONS})
"""Reasons that a check of the values gives: a header says nothing against them."""


def _personal(column: Column, nothing: Guess, kind: PersonalKind, why: str, today: dt.date) -> Guess:
    """A personal column: a text, unless nearly all of its cells are of the exact form of their kind."""
    guess = dataclasses.replace(nothing, kind=kind.kind, grade=kind.grade, personal=kind, why=f"{kind.words}: {why}")
    if kind.name in {"id", "phone"}:
        transform = "resident_id" if kind.name == "id" else "phone"
        return _exact(column, guess, Scalar.STRING, transform, today) or _as_text(
            column, _told_inexact(column, guess, transform, today), today
        )
    if kind.name == "birth":
        return _date(column, guess, today) or _as_text(column, dataclasses.replace(guess, personal=_REDACTED), today)
    if kind.kind is Kind.STATUS and (known := _own_words(column)):
        return dataclasses.replace(guess, scalar=Scalar.ENUM, transform="enum", values=known)
    return _as_text(column, guess, today)


def _told_inexact(column: Column, guess: Guess, transform: str, today: dt.date) -> Guess:
    """The guess, saying why it is no more than a text."""
    wrong = column.misfits(transform, Options(), today, whole=True)
    why = f"{guess.why}; a text, for {wrong:,} of {len(column.cells):,} cells do not fit `as: {transform}`"
    return dataclasses.replace(guess, why=why)


_REDACTED = PersonalKind("birth", "days of birth", Kind.BIRTH, Grade.GENERAL_3, ("redact",))


def _as_text(column: Column, guess: Guess, today: dt.date) -> Guess:
    """A text, or a code where the source keeps numbers."""
    for transform in ("text", "code"):
        taken = _exact(column, guess, Scalar.STRING, transform, today)
        if taken is not None:
            return taken
    return dataclasses.replace(guess, scalar=None, why=f"{guess.why}; but its cells are neither text nor codes")


def _own_words(column: Column) -> dict[str, str]:
    """Words that are ours and not the sample's, if the column holds nothing else."""
    sexes = {"男": "MALE", "女": "FEMALE"}
    return sexes if column.texts and set(column.counts) <= set(sexes) else {}


def _public(column: Column, nothing: Guess, today: dt.date) -> Guess:
    """A column in which nothing is personal: the first type that fits."""
    guess = (
        _checked(column, nothing, today)
        or _moment(column, nothing, today)
        or _number(column, nothing, today)
        or _enum(column, nothing)
        or _code(column, nothing, today)
    )
    if guess is None and _NAMED.search(column.title):
        named = dataclasses.replace(nothing, kind=Kind.NAME, why="its header says so; it holds no names of people")
        guess = _exact(column, named, Scalar.STRING, "text", today)
    return guess or dataclasses.replace(nothing, why="a text of no kind that is known")


def _exact(
    column: Column, guess: Guess, scalar: Scalar, transform: str, today: dt.date, form: str | None = None
) -> Guess | None:
    """The guess with a transform, if nearly all cells fit it."""
    misfits = column.misfits(transform, Options(form), today)
    if misfits > column.may_misfit:
        return None
    return dataclasses.replace(guess, scalar=scalar, transform=transform, format=form, misfits=misfits)


def _checked(column: Column, nothing: Guess, today: dt.date) -> Guess | None:
    """Codes that can be checked by themselves."""
    nearly_all = len(column.texts) - column.may_misfit
    if column.count(uscc.is_valid) >= nearly_all:
        code = dataclasses.replace(nothing, kind=Kind.CODE, why=_CREDIT)
        return _exact(column, code, Scalar.STRING, "code", today)
    fitting = [length for length in (15, 12) if column.count(_DIVISION_OF[length]) >= nearly_all]
    if not fitting or _looks_like_ids(column):
        return None
    place = dataclasses.replace(nothing, kind=Kind.REGION, why=_DIVISIONS)
    guess = _exact(column, place, Scalar.REGION, "region_of_grid" if fitting[0] == 15 else "region_of_code", today)
    # No graph is asked: what is no such code at all is no grid in any.
    wrong = len(column.texts) - column.count(_DIVISION_OF[fitting[0]])
    return None if guess is None else dataclasses.replace(guess, misfits=wrong)


def _is_division(text: str) -> bool:
    return text[0] in "123456789" and path_of_code(text) is not None and path_of_code(text[:6]) is not None


_DIVISION_OF: Mapping[int, Callable[[str], bool]] = {
    12: lambda text: len(text) == 12 and _is_division(text),
    15: lambda text: len(text) == 15 and _is_division(text),
}


def _looks_like_ids(column: Column) -> bool:
    """Whether codes of 15 digits could be old numbers of identity cards: hardly any stands twice."""
    told = re.search("网格|区划|社区|division|grid|region", column.title, re.IGNORECASE)
    return told is None and len(column.counts) * 2 >= len(column.texts)


def _moment(column: Column, nothing: Guess, today: dt.date) -> Guess | None:
    if all(isinstance(each, int | float) for each in column.cells):
        return None
    day = _date(column, dataclasses.replace(nothing, kind=Kind.TIME, why="days"), today)
    if day is not None:
        return day
    guess = dataclasses.replace(nothing, kind=Kind.TIME, why="moments")
    fitting = (_exact(column, guess, Scalar.DATETIME, "datetime", today, form) for form in TIMES)
    return min((each for each in fitting if each is not None), key=lambda each: each.misfits, default=None)


def _date(column: Column, guess: Guess, today: dt.date) -> Guess | None:
    """Days in the one form that fits best: where two do, such as 3/4 and 4/3, none is guessed."""
    if column.count(lambda text: ":" in text) > column.may_misfit:
        return None
    fitting = [
        found for form in DATES if (found := _exact(column, guess, Scalar.DATE, "validity", today, form)) is not None
    ]
    if not fitting:
        return None
    best, *others = sorted(fitting, key=lambda each: each.misfits)
    if best.format is not None and any(each.misfits == best.misfits for each in others):
        return None
    past = _exact(column, guess, Scalar.DATE, "date", today, best.format)
    if past is None or (past.misfits > best.misfits and _TERM.search(column.title)):
        return best
    return past


def _number(column: Column, nothing: Guess, today: dt.date) -> Guess | None:
    if (
        _CODED.search(column.title)
        or column.share(lambda text: len(text) > 1 and text[0] == "0" and text[1] != ".") > 0
    ):
        return None
    if column.count(lambda text: len(text) > 9 and text.isdigit()) > column.may_misfit:
        return None
    if _DAYS.search(column.title) and column.count(_is_serial) >= len(column.texts) - column.may_misfit:
        return dataclasses.replace(nothing, why=SERIALS)
    quantity = dataclasses.replace(nothing, kind=Kind.QUANTITY, why="numbers")
    whole = _exact(column, quantity, Scalar.INT, "integer", today)
    if whole is not None:
        is_year = _YEAR.search(column.title) or column.count(_is_year) >= len(column.texts) - column.may_misfit
        return dataclasses.replace(whole, kind=Kind.TIME, why="years") if is_year else whole
    return _exact(column, quantity, Scalar.FLOAT, "number", today)


def _is_serial(text: str) -> bool:
    return _SERIAL.match(text) is not None


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isascii() and text.isdigit() and "1900" <= text <= "2100"


def _enum(column: Column, nothing: Guess) -> Guess | None:
    """Few words, each of which stands often: the rule by which words of the sample may be written into a draft.

    Rows with one of the few other words would be refused, and none of those is written.
    """
    counts = {word: count for word, count in column.counts.items() if count >= OFTEN}
    rare = len(column.texts) - sum(counts.values())
    if not counts or len(counts) > FEW or rare > column.may_misfit:
        return None
    if not all(isinstance(each, str) for each in column.cells):
        return None
    if not all(_is_word(word) for word in counts) or not (_is_list(column.title) or all(map(_is_no_name, counts))):
        return None
    values: dict[str, str] = {}
    for at, word in enumerate(sorted(counts), 1):
        value, _ = capitals(word, nothing.field, at)
        # Two words of the source may mean one of ours; two unknown ones never do.
        values[word] = value
    why = f"{len(counts)} words ({ENUM_RULE})"
    return dataclasses.replace(
        nothing, scalar=Scalar.ENUM, kind=Kind.STATUS, transform="enum", values=values, why=why, misfits=rare
    )


def _is_word(text: str) -> bool:
    """Whether a text can be a word of an enum: short, with a letter, and without the number of anything."""
    has_letter = any(map(str.isalpha, text))
    return len(text) <= MAX_WORD and has_letter and text.isprintable() and not _DIGITS.search(text)


def _is_list(header: str) -> bool:
    """Whether a header says that its column holds words of a list."""
    return not _LISTS.isdisjoint(latin_words(header)) or _LISTED.search(header) is not None


def _is_no_name(word: str) -> bool:
    """Whether a word is Chinese, or one that is known: what is a name in other letters (lihua) cannot be told."""
    return not _LETTERS.search(word) or capitals(word, "", 1)[0] in _OWN_WORDS


def _code(column: Column, nothing: Guess, today: dt.date) -> Guess | None:
    coded = dataclasses.replace(nothing, kind=Kind.CODE, why="plain codes")
    if (
        (not column.blanks and not column.repeats)
        or _CODED.search(column.title)
        or column.share(lambda text: _ALL_DIGITS.match(text) is not None) == 1
    ):
        return _exact(column, coded, Scalar.STRING, "code", today)
    return None


def _with_births(guesses: Sequence[Guess], columns: Sequence[Column], today: dt.date) -> list[Guess]:
    """Days that are those in a column of id numbers are days of birth, whatever their header says."""
    ids = next((at for at, each in enumerate(guesses) if each.transform == "resident_id"), None)
    if ids is None:
        return list(guesses)
    births = {birth_of(text).strftime("%Y%m%d") for text in columns[ids].counts if is_resident_id(text)}

    def is_birth(text: str) -> bool:
        return re.sub(r"\D", "", text)[:8] in births

    return [
        _personal(column, dataclasses.replace(Guess(column.header, each.field, each.named, None)), *_BORN, today)
        if each.scalar is Scalar.DATE and each.personal is None and column.share(is_birth) >= 0.8
        else each
        for each, column in zip(guesses, columns, strict=True)
    ]


_BORN = (
    PersonalKind("birth", "days of birth", Kind.BIRTH, Grade.GENERAL_3, ("redact", "age_band")),
    "they are those of the id numbers beside them",
)


def _only_region(guess: Guess, place: Guess | None) -> Guess:
    """The column that says where a record lies becomes its `region`; other columns of divisions are codes."""
    if guess.scalar is not Scalar.REGION:
        return guess
    if guess is place:
        return dataclasses.replace(guess, field="region", named=True)
    return dataclasses.replace(guess, scalar=Scalar.STRING, kind=Kind.CODE, transform="code")
