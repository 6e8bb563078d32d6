"""The time zone of an installation: its days begin and end there, whatever the zone of the process or the machine.

A name that stands for no place, or for the zone of the machine, is refused. A time that is shown bears its offset.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

DEFAULT = "Asia/Shanghai"
# Not `localtime`, which is the machine's own, nor `right/…`, which counts leap seconds.
_NAME = re.compile(r"UTC|[A-Z][A-Za-z_]*(/[A-Za-z0-9_+-]+)+")


def zone_named(name: str) -> ZoneInfo:
    """The zone with this name of the IANA database; ValueError if there is none, with what to write."""
    try:
        if _NAME.fullmatch(name):
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    raise ValueError("takes the name of a time zone, such as Asia/Shanghai or Asia/Urumqi, or UTC")


def read_moment(text: str, zone: dt.tzinfo) -> dt.datetime:
    """The moment that a day or time (ISO 8601) names, aware; without an offset it is one of `zone`.

    Raises ValueError for anything else, and for a moment that is not in the years 1 to 9999 of UTC.
    """
    found = dt.datetime.fromisoformat(text)
    moment = found.replace(tzinfo=zone) if found.tzinfo is None else found
    try:
        moment.astimezone(dt.UTC)
        return moment.astimezone(zone)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def day_of(time: str, zone: dt.tzinfo) -> dt.date:
    """The day in `zone` of a time as the log and the policy store write it."""
    return dt.datetime.fromisoformat(time).astimezone(zone).date()


def show_time(time: str, zone: dt.tzinfo) -> str:
    """A time of the log or the policy store as a person in `zone` reads it, with its offset."""
    local = dt.datetime.fromisoformat(time).astimezone(zone)
    return local.isoformat(sep=" ", timespec="milliseconds")
