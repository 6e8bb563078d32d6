"""Drafts a source and a slice from real data, and writes them as new files (`sluicegate source new`).

No file is ever overwritten: both are new, or none is written. The guesses are those of `connectors/drafts/`; here the
test for names is added, and the drafts are read by the loaders that will read them later, before they are written.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connectors.base import ConnectorError
from connectors.drafts.counted import counted
from connectors.drafts.guess import Drafted, Guess
from connectors.drafts.guesses import guess_all
from connectors.drafts.look import Asked, Sample, look, name_of
from connectors.drafts.names import DraftName
from connectors.drafts.write_slice import slice_text
from connectors.drafts.write_source import key_that_counts_lines, nearly_keys, rows_read, source_text
from hub.ingest.trial.name_cells import looks_like_name
from schema import shapes

_NAME = "give a short name of small letters, digits and hyphens, such as: --name market-shops"
_PURPOSE = "write a purpose: small letters, digits, _ and -, with a dot between its steps, such as trade.register"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was seen and guessed, and the texts of the two files."""

    name: DraftName
    sample: Sample
    drafted: Drafted
    source: str
    slice: str


def asked_for(
    where: str,
    name: str | None,
    table: str | None,
    secret: str | None,
    paging: Mapping[str, str],
    rows: int,
    sheets: Sequence[str] = (),
    encoding: str | None = None,
) -> Asked:
    """What a command line asks for; its name, where none is given, is that of the table or file. ConnectorError."""
    short = name or name_of(table or where)
    if short is None or not re.match(shapes.SHORT_NAME, short):
        raise ConnectorError(
            "--name", _NAME if name else f"no letter of the name that it has can stand in one; {_NAME}"
        )
    return Asked(where, short, rows, table, secret, paging, tuple(sheets), encoding)


def draft(asked: Asked, title: str | None, collected_for: str | None, today: dt.date) -> Draft:
    """The draft of what was asked for; `title` is what its records are called. Raises ConnectorError."""
    if collected_for is not None and not re.match(shapes.PURPOSE, collected_for):
        raise ConnectorError("--collected-for", _PURPOSE)
    sample = look(asked, looks_like_name)
    drafted = guess_all(sample.columns, looks_like_name, today)
    name = DraftName(asked.name, title or _title(asked))
    if not any(each.scalar for each in drafted.guesses):
        raise ConnectorError(asked.name, "nothing could be guessed about any column; write source and slice by hand")
    return Draft(name, sample, drafted, source_text(name, sample, drafted, collected_for), slice_text(name, drafted))


def _title(asked: Asked) -> str:
    """The name of a file, if it is Chinese; else the short name."""
    stem = Path(asked.where).stem if "://" not in asked.where else ""
    return stem if stem and not stem.isascii() and stem.isprintable() and len(stem) <= 100 else asked.name


def write(made: Draft, folder: Path) -> tuple[Path, Path]:
    """Write `sources/NAME.yaml` and `slices/NAME.yaml` into a folder; raises FileExistsError and writes neither."""
    texts = {folder / part / f"{made.name.short}.yaml": text for part, text in _parts(made)}
    for path in texts:
        if os.path.lexists(path):
            raise FileExistsError(
                17, "is there already, and is not overwritten; name another --out or --name", str(path)
            )
    written: list[Path] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
    source, of_slice = texts
    return source, of_slice


def _parts(made: Draft) -> Sequence[tuple[str, str]]:
    return ("sources", made.source), ("slices", made.slice)


def told(made: Draft) -> Iterator[str]:
    """What was guessed, a line for each column, without any of its cells."""
    drafted, sample = made.drafted, made.sample
    columns = counted(len(drafted.guesses), "column", "columns")
    yield f"read: {rows_read(sample)}, {columns}; the drafts say why each is guessed"
    yield from sample.notes
    width = max(len(each.field) for each in drafted.guesses)
    for each in drafted.guesses:
        yield f"  {each.field:<{width}}  {_what(each, drafted)}: {each.title}"
        if each.unfit:
            yield f"  {'':<{width}}  ! {each.unfit}"
    if drafted.key is None:
        yield "no column numbers the records: say in the draft which do, before it can be pulled"
        yield from nearly_keys(drafted)
    elif drafted.key.counts_lines:
        yield from key_that_counts_lines(drafted)


def _what(guess: Guess, drafted: Drafted) -> str:
    if guess.scalar is None:
        return "not guessed, commented out"
    what = f"{guess.scalar}, {guess.personal.words}, personal" if guess.personal else f"{guess.scalar}, {guess.why}"
    return f"{what}, the key" if guess is drafted.key else what
