"""The last check of the whole log, in the version store: every worker and hub shows the same one, and one runs at once.

A check that has given no sign of itself for a minute was ended with its process; then another may begin.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from policies.store_tables import changing, reading

SILENT_SECONDS: Final = 60

_CHECK = sa.Table(
    "console_log_check",
    sa.MetaData(),
    *(sa.Column(name, sa.Text) for name in ("run", "account", "verdict")),
    *(sa.Column(name, sa.BigInteger) for name in ("begun", "beat", "done", "total", "ended")),
)


@dataclass(frozen=True, slots=True)
class Check:
    """A check: `done` of `total` records so far; times in seconds since 1970, `ended` 0 while it runs.

    `verdict` is JSON: what `audit verify --json` says, empty until it has ended. `lost` says that it was killed.
    """

    account: str
    begun: int
    done: int
    total: int
    ended: int
    verdict: str
    lost: bool


class Checks:
    """The check in the store behind `engine`; every method raises StoreUnavailable while it does not answer."""

    def __init__(self, engine: sa.Engine, now: Callable[[], float] = time.time) -> None:
        self._engine, self._now = engine, now

    def begin(self, account: str) -> str | None:
        """Begin a check in the place of the last one; the name of its run, None if one runs."""
        now, run = int(self._now()), secrets.token_hex(8)
        row = {"run": run, "account": account, "verdict": "", "begun": now, "beat": now}
        with changing(self._engine) as connection:
            running = sa.select(_CHECK.c.run).where(_CHECK.c.ended == 0, _CHECK.c.beat > now - SILENT_SECONDS)
            if connection.execute(running).first() is not None:
                return None
            connection.execute(sa.delete(_CHECK))
            connection.execute(sa.insert(_CHECK).values(**row, done=0, total=0, ended=0))
        return run

    def go_on(self, run: str, done: int, total: int) -> bool:
        """Note how far a run is; False if another has taken its place."""
        return self._write(run, done=done, total=total)

    def end(self, run: str, size: int, verdict: str) -> bool:
        """Note what a run found, of how many records; False if another has taken its place."""
        return self._write(run, done=size, total=size, ended=int(self._now()), verdict=verdict)

    def last(self) -> Check | None:
        """The check that runs or ran last."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(_CHECK)).first()
        if row is None:
            return None
        lost = row.ended == 0 and row.beat <= self._now() - SILENT_SECONDS
        return Check(row.account, row.begun, row.done, row.total, row.ended, row.verdict, lost)

    def _write(self, run: str, **values: int | str) -> bool:
        with changing(self._engine) as connection:
            noted = sa.update(_CHECK).where(_CHECK.c.run == run).values(beat=int(self._now()), **values)
            return connection.execute(noted).rowcount > 0
