"""Writes the draft of a source: how its rows are read, and which column fills which field.

Each line that rests on a guess says why. What was not guessed is commented out, and so is what only a person can say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.drafts.columns import tolerated
from connectors.drafts.counted import counted, rows_of
from connectors.drafts.guess import Drafted, Guess
from connectors.drafts.look import Sample
from connectors.drafts.names import DraftName
from connectors.drafts.yaml_text import comment, flow, listed, scalar
from schema.classification import Scalar

TRUST = 50
"""The trust rank of a draft: behind every register whose rank somebody has chosen."""
_MATCHED_BY_TYPE = frozenset({Scalar.INT, Scalar.FLOAT, Scalar.DATETIME})
"""Scalars for which only one transform fits, which need not be said."""


def source_text(name: DraftName, sample: Sample, drafted: Drafted, collected_for: str | None) -> str:
    """The YAML of the draft."""
    return "\n".join([*_head(name, sample, drafted, collected_for), *_stream(name, sample, drafted)]) + "\n"


def _head(name: DraftName, sample: Sample, drafted: Drafted, collected_for: str | None) -> Iterator[str]:
    yield from comment(
        f"A draft by `sluicegate source new`, from {rows_read(sample)}. Read each line: what it says was "
        "guessed. Nothing of what the rows hold stands here, but the words of enums."
    )
    for note in sample.notes:
        yield from comment(note)
    yield f"name: {name.short}"
    yield f"kind: {sample.kind}"
    yield f"where: {_where(sample)}"
    yield from (f"{key}: {_value(value)}" for key, value in sample.keys.items())
    if collected_for is None:
        yield from comment(
            "For which purpose does its keeper collect it? A pull refuses the source until this is said."
        )
        yield "# collectedFor: a.purpose"
    else:
        yield f"collectedFor: {scalar(collected_for)}"
    yield from comment(
        "1 is strongest: where two sources say a thing differently, the one of the better rank is believed."
    )
    yield f"trust: {TRUST}"


def _where(sample: Sample) -> str:
    if sample.kind == "rest" or "://" in sample.where:
        return scalar(sample.where)
    return scalar("${DATA}/" + Path(sample.where).name)


def rows_read(sample: Sample) -> str:
    """Of how many rows a draft is made, in words: those that could not be read are told beside the others."""
    of = rows_of(sample.rows + sample.broken, sample.whole)
    return f"{sample.rows:,} of {of} ({sample.broken:,} could not be read)" if sample.broken else of


def _value(value: Any) -> str:
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, Mapping):
        return flow({key: scalar(str(each)) for key, each in value.items()})
    return scalar(str(value))


def _stream(name: DraftName, sample: Sample, drafted: Drafted) -> Iterator[str]:
    yield "records:"
    yield f"  - name: {name.short}"
    yield f"    entity: {name.entity}"
    if sample.table is not None:
        yield f"    table: {scalar(sample.table)}"
    if sample.sheets:
        yield f"    sheets: {listed(sample.sheets)}"
    yield from _key(drafted)
    yield from _updated(drafted)
    yield "    fields:"
    for guess in drafted.guesses:
        yield from _field(guess, drafted)
    yield from _people(drafted)


def _key(drafted: Drafted) -> Iterator[str]:
    if drafted.key is None:
        yield from comment(
            "No column numbers the records: none has a plain code in each row, no code twice, and nothing personal. "
            "Say which columns together do, and which field identifies the record.",
            4,
        )
        for hint in nearly_keys(drafted):
            yield from comment(hint, 4)
        yield "    # key: [column, column]"
        yield "    # identity: number"
        return
    others = [each.title for each in drafted.guesses if each.numbers_records and each is not drafted.key]
    also = f"; so is {', '.join(others)}" if others else ""
    numbered = drafted.key.cells - drafted.key.misfits
    without = drafted.rows - numbered
    refused = f"; {counted(without, 'row has', 'rows have')} none, and would be refused" if without else ""
    of = f"{numbered:,} of the" if without else "each of the"
    yield from comment(f"A plain code in {of} {drafted.rows:,} rows that were read, and none twice{also}{refused}.", 4)
    if drafted.key.counts_lines:
        for warning in key_that_counts_lines(drafted):
            yield from comment(warning, 4)
    yield f"    key: {scalar(drafted.key.column)}"
    yield f"    identity: {drafted.key.field}"


def key_that_counts_lines(drafted: Drafted) -> Iterator[str]:
    """What is wrong with a key that counts the lines of a sheet, and which columns would do better."""
    if drafted.key is not None:
        yield (
            f"{drafted.key.title} seems to count the lines: once they are counted anew, each record would be taken for "
            "another. Take a column that stays with the record."
        )
    yield from nearly_keys(drafted)


def nearly_keys(drafted: Drafted) -> Iterator[str]:
    """Which columns would number the records, if no value stood twice in them."""
    for each in drafted.guesses:
        if each.may_number_records and 0 < each.repeats <= tolerated(each.cells):
            repeated = counted(each.repeats, "row has", "rows have")
            yield (
                f"{each.title} would number them, but {repeated} a number that stands in an earlier row too: correct "
                f"them at the source and draft again, or take `key: {each.title}` and `identity: {each.field}`, and of "
                "each number one row is kept."
            )


def _updated(drafted: Drafted) -> Iterator[str]:
    if drafted.updated is not None:
        form = drafted.updated.format
        block = {"column": scalar(drafted.updated.column), **({"format": scalar(form)} if form else {})}
        yield f"    updated: {flow(block)}"


def _field(guess: Guess, drafted: Drafted) -> Iterator[str]:
    yield from comment(_reason(guess, drafted), 6)
    rule = {"column": scalar(guess.column)}
    if guess.scalar is None:
        yield f"      # {guess.field}: {flow(rule)}"
        return
    if guess.scalar not in _MATCHED_BY_TYPE and guess.transform not in {"text", "date", "enum"}:
        rule["as"] = guess.transform
    if guess.format is not None:
        rule["format"] = scalar(guess.format)
    if guess.values:
        rule["values"] = flow({scalar(word): scalar(value) for word, value in guess.values.items()})
    yield f"      {guess.field}: {flow(rule)}"


def _reason(guess: Guess, drafted: Drafted) -> str:
    if guess.scalar is None:
        return f"Not guessed, and so not read: {guess.why}."
    told = [guess.why]
    if guess.misfits:
        told.append(guess.unfit)
    if guess.blanks:
        told.append(f"blank in {guess.blanks:,} of {drafted.rows:,} rows")
    if not guess.named:
        told.append("rename the field, here and in the slice")
    if guess.values and any(value.rpartition("_")[2].isdigit() for value in guess.values.values()):
        told.append("rename the values that end in a number, here and in the slice")
    return f"{'; '.join(told)}."


def _people(drafted: Drafted) -> Iterator[str]:
    """The edge to the person whom an id number names, for whoever keeps the source to decide."""
    ids = [each for each in drafted.guesses if each.transform == "resident_id"]
    if ids:
        yield from comment(
            "These id numbers name people. With an edge in the slice, from the type to Person, the log knows whose "
            "data was seen, and counts have a threshold:",
            4,
        )
        yield "    # edges:"
        for at, each in enumerate(ids, 1):
            rule = {"entity": "Person", "column": scalar(each.column), "as": "resident_id"}
            yield f"    #   person{at if at > 1 else ''}: {flow(rule)}"
