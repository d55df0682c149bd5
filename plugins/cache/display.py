"""The figures of the cache as people read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from localai import print_table

HEAD = (
    *("KIND", "HITS", "MISSES", "JOINS", "BYPASSED", "STORED", "HIT RATE"),
    *("SAVED TIME", "SAVED TOKENS", "SAVED ENERGY"),
)


def print_report(report: Mapping[str, Any]) -> None:
    """Print what `GET /admin/cache` answered: a table, or lines with tabs for a program."""
    if report["statistics"] is not None:
        rows = [_row(kind, each) for kind, each in report["statistics"].items()]
        print_table(HEAD, rows, numbers=True)
    storage = [(name, _storage(name, value)) for name, value in report["storage"].items()]
    if report["tenant"] is not None:
        storage.insert(0, ("tenant", report["tenant"]))
    print_table(("STORAGE", ""), storage, numbers=True)


def size(number: float) -> str:
    """Return bytes in the unit that leaves one to three digits before the point."""
    return _scaled(number, ("B", "kB", "MB", "GB", "TB"))


def energy(watt_hours: float) -> str:
    """Return an energy, as `size` does."""
    return _scaled(watt_hours, ("Wh", "kWh", "MWh"))


def duration(seconds: float) -> str:
    """Return a time by its two largest units."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def _row(kind: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    rate = figures["hit_rate"]
    counts = (figures[name] for name in ("hits", "misses", "joins", "bypasses", "stored"))
    return (
        kind,
        *(f"{count:,}" for count in counts),
        "-" if rate is None else f"{rate:.1%}",
        duration(figures["saved_seconds"]),
        f"{figures['saved_tokens']:,}",
        energy(figures["saved_wh"]),
    )


def _storage(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "bytes":
        return size(value)
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _scaled(number: float, units: Sequence[str]) -> str:
    power = 0
    while number >= 999.5 and power < len(units) - 1:
        number /= 1000
        power += 1
    return f"{number:{'.3g' if number < 999.5 else ',.0f'}} {units[power]}"
