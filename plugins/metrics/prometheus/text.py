"""Figures as text, in Prometheus' exposition format 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import asyncio
import math
from collections.abc import Iterable, Iterator
from io import BytesIO

from plugins.metrics.prometheus.figures import Cells, Family, Labels

CONTENT_TYPE = "text/plain; version=0.0.4"
"""Litestar adds the charset of text."""
STEP = 100
"""Lines between two turns of others: some 50 us."""


async def text_of(families: Iterable[Family]) -> bytes:
    """Return figures as they are scraped; others have their turns while it is written."""
    text = BytesIO()
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {_help(family.help)}\n")
        lines.append(f"# TYPE {family.name} {family.kind}\n")
        # What is counted meanwhile may add labels.
        for labels, cells in tuple(family.cells.items()):
            lines.extend(_lines(family, labels, cells))
            if len(lines) >= STEP:
                text.write("".join(lines).encode())
                lines.clear()
                await asyncio.sleep(0)
    text.write("".join(lines).encode())
    return text.getvalue()


def _lines(family: Family, labels: Labels, cells: Cells) -> Iterator[str]:
    named = ",".join(
        f'{name}="{_escaped(value)}"' for name, value in zip(family.labels, labels, strict=True)
    )
    braced = f"{{{named}}}" if named else ""
    if family.kind != "histogram":
        yield f"{family.name}{braced} {number(cells[0])}\n"
        return
    count = 0.0
    begin = f"{family.name}_bucket{{{named}{',' if named else ''}le="
    for bound, each in zip((*family.bounds, math.inf), cells, strict=False):
        count += each
        yield f'{begin}"{number(bound)}"}} {number(count)}\n'
    yield f"{family.name}_sum{braced} {number(cells[-1])}\n"
    yield f"{family.name}_count{braced} {number(count)}\n"


def number(value: float) -> str:
    """Return a number as Go reads it; whole ones have a `.0`, as in every Python client."""
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _escaped(value: str) -> str:
    if value.isalnum():
        return value
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
