"""Counts working days: Monday to Friday. Public holidays and the days worked in their place are not known here."""

from __future__ import annotations

import datetime as dt

_FRIDAY = 4


def after_working_days(day: dt.date, count: int) -> dt.date:
    """The day on which `count` working days after `day` have passed; `day` itself does not count."""
    while count:
        day += dt.timedelta(days=1)
        count -= day.weekday() <= _FRIDAY
    return day
