"""Hours of the day, as people write them: `22:00-07:00`."""

import re
import time
from collections.abc import Iterable
from itertools import combinations

from core.errors import SettingsError
from core.value import Value

DAY = 24 * 60
"""Minutes."""

_HOURS = re.compile(r"([0-9]{1,2}):([0-9]{2}) ?- ?([0-9]{1,2}):([0-9]{2})")


class Hours(Value, frozen=True, kw_only=True):
    """A part of each day, which may pass midnight."""

    text: str
    begin: int
    """In minutes since midnight; it is a part of them."""
    end: int
    """The first minute after them."""

    def covers(self, minute: int) -> bool:
        """Say whether a minute of the day lies in them."""
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


def read_hours(text: str, setting: str) -> Hours:
    """Read hours; raise `SettingsError` that names the setting and says how to write them."""
    match = _HOURS.fullmatch(text)
    if match:
        hour, minute, last_hour, last_minute = map(int, match.groups())
        begin, end = hour * 60 + minute, last_hour * 60 + last_minute
        if max(minute, last_minute) < 60 and begin < DAY and end <= DAY and begin != end:
            return Hours(text=text, begin=begin, end=end)
    raise SettingsError(
        f'{setting}: expected hours such as "22:00-07:00" or "00:00-24:00": \'{text}\''
    )


def check_apart(hours: Iterable[Hours], setting: str) -> None:
    """Raise `SettingsError` where two have a minute in common."""
    for one, other in combinations(hours, 2):
        if one.covers(other.begin) or other.covers(one.begin):
            raise SettingsError(f"{setting}: '{one.text}' and '{other.text}' overlap")


def minute_of_day(moment: float) -> int:
    """Return the minute of the day of a Unix time, by this machine's clock on the wall."""
    local = time.localtime(moment)
    return local.tm_hour * 60 + local.tm_min
