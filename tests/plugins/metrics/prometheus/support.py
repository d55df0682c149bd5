"""Figures to look at, and calls that have ended."""

import asyncio
from collections.abc import Iterable
from typing import TypeAlias

from prometheus_client.parser import text_string_to_metric_families

from localai import Attempt, Call, Chunk, Inference
from plugins.metrics.prometheus.figures import Family
from plugins.metrics.prometheus.text import text_of
from tests.plugins.support import a_call

Figures: TypeAlias = dict[str, dict[tuple[str, ...], float]]
"""Values by the names of series and the values of their labels."""
LAST = Chunk(
    done=True,
    model="llama3.2",
    done_reason="stop",
    prompt_eval_count=5,
    eval_count=2,
    eval_duration=100_000_000,
)


def read(text: str) -> Figures:
    """Return what stands in Prometheus' format, read by another program than wrote it."""
    figures: Figures = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            figures.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return figures


async def written(families: Iterable[Family]) -> Figures:
    """Return figures as they are scraped."""
    return read((await text_of(families)).decode())


def figures_of(families: Iterable[Family]) -> Figures:
    """Return the same, for tests that are not asynchronous."""
    return asyncio.run(written(families))


def attempted(
    call: Call,
    last: Chunk | None = LAST,
    *,
    begun: float = 0.0,
    first: float | None = 1.0,
    ended: float = 2.0,
    label: str = "1",
    error: Exception | None = None,
) -> Attempt:
    """Note an attempt of an Ollama to answer a call."""
    attempt = Attempt(call)
    attempt.on("http://127.0.0.1:11434", label, ())
    if first is not None:
        attempt.saw(Chunk(content="Hel"))
    if last is not None:
        attempt.saw(last)
    attempt.end(error)
    attempt.begun, attempt.first, attempt.ended = begun, first, ended
    return attempt


def ended(
    call: Call | None = None,
    last: Chunk | None = LAST,
    *,
    begun: float = 0.0,
    first: float | None = 1.0,
    at: float = 3.0,
    error: str | None = None,
) -> Inference:
    """Return a call that has ended."""
    inference = Inference(call or a_call())
    inference.begun, inference.first, inference.ended = begun, first, at
    inference.last, inference.error = last, error
    return inference
