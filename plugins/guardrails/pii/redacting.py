"""All that patterns know as personal or secret taken out of a text: for logs, say."""

import asyncio

from plugins.guardrails.pii.actions import labelled
from plugins.guardrails.pii.entities.catalogue import GROUPS
from plugins.guardrails.pii.patterns import Patterns
from plugins.guardrails.pii.scanning import scan_both_ways
from plugins.guardrails.stream.filter import Blocked


class Redacting:
    """Redacts every entity of the catalogue, whatever the file does with it in requests.

    The patterns are compiled when they are needed first.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._compiling = asyncio.Lock()
        self._patterns: Patterns | None = None

    async def redacted(self, text: str) -> str:
        """Return a text with a label in place of each find.

        Of one that holds the beginning of a find without an end, nothing is left.
        """
        patterns = await self._compiled()
        assert patterns.matcher is not None
        treatments = patterns.treatments
        try:
            return await scan_both_ways(
                patterns.matcher,
                text,
                lambda rule, _: labelled(self._label, treatments[rule.name]),
            )
        except Blocked as error:
            return self._label.replace("{entity}", str(error).upper())

    async def _compiled(self) -> Patterns:
        async with self._compiling:
            if self._patterns is None:
                actions = dict.fromkeys(GROUPS, "redact")
                self._patterns = await asyncio.to_thread(Patterns, actions, "log", "input")
        return self._patterns
