"""Values as Go's standard library writes and reads them: JSON, numbers, times, quoted text."""

import json
import re
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

FOREVER = 2**63 - 1  # nanoseconds: the longest Go duration, about 292 years

_HTML = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_NUMBER_AND_UNIT = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")


class Floats(list[float]):
    """A vector of float32: each number gets the fewest digits that name it exactly."""


def dumps(value: Any) -> bytes:
    """Encode as `json.Marshal` does: no spaces, keys in order, HTML characters escaped."""
    # The escaped characters can only stand inside strings, so one pass over the text is enough.
    text = _encode(value).translate(_HTML)
    return _SURROGATE.sub("\ufffd", text).encode()


def _encode(value: Any) -> str:
    if isinstance(value, Floats):
        return f"[{','.join(float32(number) for number in value)}]"
    if isinstance(value, float):
        return _go_number(repr(value))
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{_encode(str(k))}:{_encode(v)}' for k, v in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{','.join(map(_encode, value))}]"
    return json.dumps(value, ensure_ascii=False)


def float32(number: float) -> str:
    """Write a float32 with the fewest digits that read back as the same float32."""
    exact = struct.pack("<f", number)
    for digits in range(1, 9):
        text = f"{number:.{digits}g}"
        if struct.pack("<f", float(text)) == exact:
            return _go_number(text)
    return _go_number(f"{number:.9g}")


def _go_number(text: str) -> str:
    number = Decimal(text)
    if number and not Decimal("1e-6") <= abs(number) < Decimal("1e21"):
        mantissa, exponent = f"{number.normalize():e}".split("e")
        sign = "+" if int(exponent) > 0 else "-"
        return f"{mantissa}e{sign}{abs(int(exponent)):02d}".replace("e-0", "e-")
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def omit_empty(**fields: Any) -> dict[str, Any]:
    """Keep the fields that Go's `omitempty` would write."""
    return {key: value for key, value in fields.items() if value not in ("", 0, None, [], ())}


def timestamp(nanoseconds: int, zone: tzinfo = UTC) -> str:
    """Write a Unix time as RFC 3339 with up to nine fraction digits, trailing zeros cut."""
    seconds, fraction = divmod(nanoseconds, 10**9)
    moment = datetime.fromtimestamp(seconds, zone)
    digits = f".{fraction:09d}".rstrip("0").rstrip(".")
    offset = moment.isoformat()[19:]
    return f"{moment:%Y-%m-%dT%H:%M:%S}{digits}{'Z' if offset == '+00:00' else offset}"


def quote(text: str) -> str:
    """Quote as Go's `%q` does for printable text."""
    return json.dumps(text, ensure_ascii=False)


def parse_duration(text: str) -> int:
    """Read a Go duration such as `1h30m` as nanoseconds; `ValueError` carries Go's own text."""
    body = text.lstrip("+-") if text[:1] in ("+", "-") else text
    if body == "0":
        return 0
    total, position = Decimal(0), 0
    while position < len(body):
        match = _NUMBER_AND_UNIT.match(body, position)
        if match is None:
            raise ValueError(f"time: invalid duration {quote(text)}")
        number, unit = match.groups()
        if not unit:
            raise ValueError(f"time: missing unit in duration {quote(text)}")
        if unit not in _UNITS:
            raise ValueError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
        total += Decimal(number) * _UNITS[unit]
        position = match.end()
    if not body or len(text) - len(body) > 1 or total > FOREVER:
        raise ValueError(f"time: invalid duration {quote(text)}")
    return -int(total) if text.startswith("-") else int(total)
