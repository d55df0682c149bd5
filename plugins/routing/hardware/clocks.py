"""The tables `pp_dpm_sclk` and `pp_dpm_mclk`: clocks of which one is in use."""

import re

_LEVEL = re.compile(r"[0-9S]{1,3}:[ \t]*([0-9]{1,6})Mhz[ \t]*(\*?)", re.IGNORECASE)


def in_use(table: str | None) -> float | None:
    """Return the clock that has a star, in Hz.

    A line is `1: 848Mhz *`; one that begins with `S:` stands for a state of sleep.
    """
    for line in (table or "").splitlines():
        match = _LEVEL.fullmatch(line.strip())
        if match and match[2]:
            return int(match[1]) * 1e6
    return None
