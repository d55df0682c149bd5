"""Verdicts that are remembered."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection.detector import Finding, Verdict
from plugins.guardrails.injection.verdicts import Verdicts
from plugins.guardrails.turns import Turns

VERDICT = Verdict(0.8, (Finding("override", 0.8, "0011"),))
TEXT = "x" * 200


async def test_a_verdict_is_kept_for_its_text_and_kind() -> None:
    """The same text has the same key, another text or a tool's has another."""
    verdicts, turns = Verdicts(), Turns()
    key = await verdicts.key(TEXT, False, turns)
    assert verdicts.get(key) is None
    verdicts.keep(key, VERDICT)
    again = await verdicts.key(TEXT, False, turns)
    assert verdicts.get(again) is VERDICT
    assert key not in (
        await verdicts.key(TEXT, True, turns),
        await verdicts.key(f"{TEXT}y", False, turns),
    )


async def test_nobody_else_can_tell_the_text() -> None:
    """Another cache has another key for the same text, and no key has any of the text."""
    keys = [await Verdicts().key(TEXT, False, Turns()) for _ in range(2)]
    assert keys[0] != keys[1]
    assert all(len(key) == 16 for key in keys)


async def test_any_text_has_a_key() -> None:
    """Long texts and lone surrogates are hashed like others."""
    assert await Verdicts().key("\ud800" * 200_000, True, Turns())


@given(st.lists(st.binary(min_size=1, max_size=1), max_size=40))
def test_the_latest_used_are_kept(keys: list[bytes]) -> None:
    """There are never more than allowed, and they are those that were used last."""
    verdicts = Verdicts(3)
    for key in keys:
        if verdicts.get(key) is None:
            verdicts.keep(key, VERDICT)
    assert len(verdicts) <= 3
    latest = list(dict.fromkeys(reversed(keys)))[:3]
    assert all(verdicts.get(key) is VERDICT for key in latest)
