"""When a source is due: the `schedule` block of its file, and the next time that follows from its last run.

Pure. A source without the block is never due by itself. One whose run did not end well is due again after `RETRY`, or
at its next time if that comes first, so that a source that was away for an hour does not stay out for a day.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schema import shapes

RETRY = dt.timedelta(minutes=15)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Schedule(BaseModel):
    """Either `every`, such as `30m`, `6h` or `2d`, or `daily`, a time of day in the zone of the installation."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    every: Annotated[str, Field(pattern=shapes.EVERY)] | None = None
    daily: Annotated[str, Field(pattern=shapes.DAILY)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Schedule:
        if (self.every is None) == (self.daily is None):
            raise ValueError('a schedule takes either `every: 6h` or `daily: "03:30"`')
        return self

    @property
    def cycle(self) -> dt.timedelta:
        """How long it is from one time to the next."""
        if self.every is None:
            return dt.timedelta(days=1)
        return dt.timedelta(**{_UNITS[self.every[-1]]: int(self.every[:-1])})

    @property
    def fresh_for(self) -> dt.timedelta:
        """How long after its last good run began a source is not stale: two of its own cycles."""
        return 2 * self.cycle

    def __str__(self) -> str:
        return f"every {self.every}" if self.every else f"daily {self.daily}"

    def after(self, moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
        """The first time after a moment; that of a day is the wall clock's in `zone`."""
        if self.daily is None:
            return moment + self.cycle
        hour, minute = map(int, self.daily.split(":"))
        local = moment.astimezone(zone)
        day = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return day if day > local else day + dt.timedelta(days=1)


def next_due(
    schedule: Schedule, started: dt.datetime | None, ended: dt.datetime | None, well: bool, zone: dt.tzinfo
) -> dt.datetime | None:
    """When a source is due after a run that `started` and `ended` so, None if at once.

    `ended` None is a run that was killed.
    """
    if started is None or (ended is None and not well):
        return None
    due = schedule.after(started, zone)
    return due if well or ended is None else min(due, ended + RETRY)


def is_stale(schedule: Schedule, good: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether the last run that ended well began more than two of the source's own cycles ago, or never."""
    return good is None or now - good > schedule.fresh_for
