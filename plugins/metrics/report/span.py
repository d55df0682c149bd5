"""A part of time, as queries and commands say it: `7d`, `2026-11-01`, `2026-11-01T08:00:00Z`."""

from datetime import UTC, datetime, timedelta

from localai import Duration, InvalidRequest, Value

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class Span(Value, frozen=True, kw_only=True):
    """From one moment to another, in seconds since 1970; the end is not a part of it."""

    begin: float
    end: float


def read_span(begin: str | None, end: str | None, usual: float, now: float) -> Span:
    """Return the time between two texts; without them, the `usual` seconds before now.

    Raises `InvalidRequest`.
    """
    until = now if end is None else _moment("to", end, now)
    since = until - usual if begin is None else _moment("from", begin, now)
    since = max(since, 0.0)
    if since >= until:
        raise InvalidRequest(
            f"from: {iso(since)} is not before {iso(until)}: give an earlier one", param="from"
        )
    return Span(begin=since, end=until)


def iso(moment: float) -> str:
    """Return a moment as RFC 3339 writes it, in UTC, down to the millisecond where it has any."""
    milliseconds = round(moment * 1000)
    precision = "milliseconds" if milliseconds % 1000 else "seconds"
    rounded = EPOCH + timedelta(milliseconds=milliseconds)
    return rounded.isoformat(timespec=precision).replace("+00:00", "Z")


def _moment(name: str, text: str, now: float) -> float:
    """Return a moment; times without an offset are in UTC, durations are counted back from now."""
    if text == "now":
        return now
    try:
        return max(0.0, now - Duration.parse(text))
    except ValueError:
        pass
    try:
        read = datetime.fromisoformat(text)
        moment = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        moment = -1.0
    if not 0 <= moment < LATEST:
        raise InvalidRequest(
            f'{name}: expected a time ago such as "7d" or "12h", or a date such as "2026-11-01" or '
            '"2026-11-01T08:00:00Z" ("+" is written as "%2B" in an address)',
            param=name,
        )
    return moment
