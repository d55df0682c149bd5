"""How long a model stays in memory after an answer, as requests to Ollama say it."""

import math
import re

DEFAULT = 300.0
"""Seconds that Ollama keeps a model when neither a request nor its environment says more."""

# time.ParseDuration in Go; its longest duration is 2^63 ns, some 292 years.
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_DURATION = re.compile(rf"([+-]?)(0|(?:{_PART.pattern})+)")
_SECONDS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0,
}  # fmt: skip
_LONGEST = 2**63 / 1e9


def keep_seconds(value: float | str) -> float:
    """Return the seconds of a `keep_alive`: infinite for a negative one, 0 to unload at once.

    A number is in seconds, a text is a Go duration such as `5m`. Raises `ValueError` for a text
    that is none, such as `5`.
    """
    seconds = _parsed(value) if isinstance(value, str) else float(value)
    if math.isnan(seconds) or seconds > _LONGEST:
        raise ValueError(f"no duration: {value!r:.40}")
    return math.inf if seconds < 0 else seconds


def _parsed(text: str) -> float:
    match = _DURATION.fullmatch(text) if len(text) <= 100 else None
    if match is None:
        raise ValueError(f'no duration: {text!r:.40}: write it as "90s", "5m" or "1h30m"')
    total = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(match[2]))
    return -total if match[1] == "-" else total
