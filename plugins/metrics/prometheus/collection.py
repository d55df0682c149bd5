"""All figures of one look, under names that Prometheus takes."""

import asyncio
import re
from collections.abc import Iterable, Iterator

import structlog

from localai import Measure
from plugins.metrics.prometheus.figures import MOST_SERIES, Family

log = structlog.get_logger("prometheus")

NAME = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
STEP = 200
"""Values between two turns of others: 0.1 ms."""
MOST_SAID = 100
"""Names that are remembered as wrong, so that the log says each once."""


class Collection:
    """Families by name. One that Prometheus would not take costs itself, not all others."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}

    def __iter__(self) -> Iterator[Family]:
        return iter(self._families.values())

    def add(self, family: Family) -> None:
        """Take a family that is known to be right."""
        self._families[family.name] = family

    async def add_measures(self, measures: Iterable[Measure]) -> None:
        """Take the figures of plugins."""
        values = 0
        for measure in measures:
            try:
                self._add(measure)
                values += len(measure.values)
            except Exception:
                _say(measure.name, "it is no measure")
            if values >= STEP:
                values = 0
                await asyncio.sleep(0)

    def _add(self, measure: Measure) -> None:
        names = (measure.name, *measure.labels)
        if not all(NAME.fullmatch(name) for name in names) or "le" in measure.labels:
            _say(measure.name, "its name or a label's is none")
            return
        family = Family(
            name=measure.name,
            help=measure.help,
            kind=measure.kind,
            labels=measure.labels,
            across=measure.across,
        )
        known = self._families.setdefault(measure.name, family)
        if (known.kind, known.labels) != (family.kind, family.labels):
            _say(measure.name, "another plugin has the same name for something else")
            return
        for labels, value in measure.values[:MOST_SERIES]:
            if len(labels) != len(measure.labels):
                _say(measure.name, "some labels have no value, or no name")
                continue
            known.cells[tuple(map(str, labels))] = [float(value)]


_said: set[str] = set()


def _say(name: str, why: str) -> None:
    if name not in _said and len(_said) < MOST_SAID:
        _said.add(name)
        log.warning(
            "a figure is left out of /metrics: its plugin must be mended", name=name, why=why
        )
