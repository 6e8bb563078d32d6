"""When an office is closed: nights and weekends as spans, in the zone of the installation.

Working days are Monday to Friday; public holidays are not known here, and neither are shifts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np

from audit.search import QUARTER_MS
from audit.touched import Numbers

WEEKEND: Final = 5
DAY: Final = dt.timedelta(days=1)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Open from the hour `opens` to the hour `closes`, Monday to Friday, in `zone`."""

    opens: int
    closes: int
    zone: dt.tzinfo

    def closed_since(self, moment: dt.datetime) -> dt.datetime | None:
        """When the office last closed before a moment at which it is closed; None if it is open then."""
        local = moment.astimezone(self.zone)
        day = local.date()
        if day.weekday() < WEEKEND and local.hour >= self.opens:
            return self._at(day, self.closes) if local.hour >= self.closes else None
        day -= DAY
        while day.weekday() >= WEEKEND:
            day -= DAY
        return self._at(day, self.closes)

    def next_opening(self, closed: dt.datetime) -> dt.datetime:
        """When an office that closed at this moment opens again."""
        # A day that ends at 24 closed at the midnight that begins the next.
        day = (closed - dt.timedelta(hours=1)).date() + DAY
        while day.weekday() >= WEEKEND:
            day += DAY
        return self._at(day, self.opens)

    def closings(self, times: Numbers) -> Numbers:
        """For each time (milliseconds since 1970, UTC): that of the closing before it, -1 where the office is open."""
        quarters, places = np.unique(times // QUARTER_MS, return_inverse=True)
        found = [self.closed_since(_EPOCH + dt.timedelta(milliseconds=each * QUARTER_MS)) for each in quarters.tolist()]
        closed = [-1 if each is None else round(each.timestamp() * 1000) for each in found]
        return np.array(closed, np.int64)[places] if closed else times

    def _at(self, day: dt.date, hour: int) -> dt.datetime:
        moment = dt.datetime.combine(day, dt.time(hour % 24), self.zone)
        return moment + DAY if hour == 24 else moment
