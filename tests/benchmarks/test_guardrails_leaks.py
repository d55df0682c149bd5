"""The search for leaks finds them where there are some."""

import re

from benchmarks.guardrails_leaks import leaks
from localai import Call, Chunks, Handler


def _as_it_is(next: Handler) -> Handler:
    return next


def _chunk_by_chunk(next: Handler) -> Handler:
    """Redact what one chunk shows, as filters do that keep nothing back."""

    async def answer(call: Call) -> Chunks:
        async for chunk in next(call):
            yield chunk.replace(content=re.sub(r"\S{11,}", "[X]", chunk.content))

    return answer


async def test_without_a_guard() -> None:
    """Every answer shows its secret where nothing guards it."""
    found = await leaks(60, _as_it_is)
    assert all(each.whole == each.part == each.answers for each in found.values())
    assert all(each.examples for each in found.values())


async def test_with_a_poor_guard() -> None:
    """A guard that looks at one chunk at a time is caught."""
    found = await leaks(60, _chunk_by_chunk)
    assert 0 < found["content"].part < found["content"].answers


async def test_no_secret_is_told() -> None:
    """The examples name the form of a secret, never the secret."""
    found = await leaks(60, _as_it_is)
    assert not any(
        re.search(r"[0-9A-Za-z]{20}", text) for each in found.values() for text in each.examples
    )
