"""What is done with the names and places in requests and answers."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager

from localai import Chunk, Chunks, Direction, Message, SettingsError, hint
from plugins.guardrails.pii.acting import Acting
from plugins.guardrails.pii.actions import Treatment, read_actions
from plugins.guardrails.pii.presidio.analyser import Analyser
from plugins.guardrails.pii.presidio.engine import NAMES, check_installed
from plugins.guardrails.pii.presidio.held import held
from plugins.guardrails.pii.presidio.settings import Presidio
from plugins.guardrails.pii.presidio.spans import disjoint, replaced
from plugins.guardrails.pii.pseudonyms import PLACEHOLDER
from plugins.guardrails.texts import Place, rewrite_message

SCHEMAS = ("tools", "format")
"""Places of which only texts of several words are looked at: single ones are identifiers."""

Act = Callable[[Treatment, str], str | None]
"""What stands in place of a find; `None` leaves it."""


class Names:
    """Treats what Presidio finds, after the patterns: what they put in is left alone.

    `labels` are those that stand for what the patterns redact. Raises `SettingsError` for
    settings that are wrong, and for packages that are missing.
    """

    def __init__(self, settings: Presidio, labels: Iterable[str] = ()) -> None:
        self._settings = settings
        self.input = _treatments(settings.entities, "presidio.entities", "input")
        self.output = _treatments(settings.output, "presidio.output", "output")
        if self.input or self.output:
            check_installed(settings)
        put_in = [PLACEHOLDER.pattern, r"\*+", *map(re.escape, sorted({*labels} - {""}))]
        self._put_in = re.compile("|".join(put_in))
        self._analyser = Analyser(settings, sorted(self.input.keys() | self.output.keys()))

    def running(self) -> AbstractAsyncContextManager[None]:
        """Load the model."""
        return self._analyser.running()

    def deadline(self) -> AbstractAsyncContextManager[None]:
        """Refuse with a 503 when what is done within takes longer than the deadline."""
        return self._analyser.deadline()

    async def request(self, acting: Acting, place: Place, text: str) -> str:
        """Return a text of a request with its names treated."""
        if place.name in SCHEMAS and len(text.split(None, 1)) < 2:
            return text
        return await self._treated(
            text, self.input, lambda treatment, value: acting.request(place, treatment, value)
        )

    def answer(self, acting: Acting, chunks: Chunks, blocked_text: str) -> Chunks:
        """Return an answer with its names treated, once it is whole."""

        async def change(place: Place, text: str) -> str:
            return await self._treated(text, self.output, acting.answer)

        async def check(chunk: Chunk) -> Chunk:
            message = Message(
                role="assistant",
                content=chunk.content,
                thinking=chunk.thinking,
                tool_calls=chunk.tool_calls,
            )
            async with self.deadline():
                changed = await rewrite_message(0, message, change)
            return chunk.replace(
                content=changed.content,
                thinking=changed.thinking,
                tool_calls=changed.tool_calls,
            )

        return held(chunks, check, most=self._settings.max_answer, blocked_text=blocked_text)

    async def _treated(self, text: str, treatments: Mapping[str, Treatment], act: Act) -> str:
        if not treatments:
            return text
        found = await self._analyser.find(text)
        known = [span for span in found if span.entity in treatments]
        spans = disjoint(text, known, [match.span() for match in self._put_in.finditer(text)])
        return replaced(text, spans, lambda entity, value: act(treatments[entity], value))


def _treatments(table: Mapping[str, str], name: str, direction: Direction) -> dict[str, Treatment]:
    for entity in table:
        if entity not in NAMES:
            raise SettingsError(f"{name}: there is no entity '{entity}'{hint(entity, NAMES)}")
    actions = read_actions(table, name, direction)
    return {
        entity: Treatment(name=entity, label=entity, action=action)
        for entity, action in actions.items()
        if action != "off"
    }
