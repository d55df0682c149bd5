"""The cost of the guardrails is measured for chunks and for requests."""

from benchmarks.guardrails_quality import matcher
from benchmarks.guardrails_speed import scans, stream


def test_chunks() -> None:
    """A chunk costs what it costs on average, and mostly."""
    speed = stream(matcher(["card"]), "prose", "The quick brown fox jumps over the lazy dog. " * 20)
    assert speed.text == "prose"
    assert speed.mean > 0
    assert 0 < speed.p50 <= speed.p99


async def test_requests() -> None:
    """Everything that is done to 10 kB of a request has its line."""
    measured = await scans({"cards": matcher(["card"])}, "Nothing to see here. " * 700, rounds=2)
    assert [each.what for each in measured] == [
        "entities, cards",
        "injection",
        "smuggled characters",
        "special tokens",
    ]
    assert all(each.mean >= 0 for each in measured)
