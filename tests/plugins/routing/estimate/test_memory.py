"""Tests for plugins/routing/estimate/memory.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.estimate.memory import SINGLE_SLOT, fits, forced_slots, needed
from tests.plugins.routing.estimate.reference import EMBED, LLAMA_8B

GIB = 2**30


@pytest.mark.parametrize(
    ("num_ctx", "slots", "batch"),
    [
        (4_096, 1, 0),
        (4_096, 2, 768 * 2**20),
        (32_768, 1, 768 * 2**20),
        (32_768, 4, 2 * GIB),
    ],
)
def test_bytes(num_ctx: int, slots: int, batch: int) -> None:
    """A model takes its file, an f16 cache for each token of each slot, and room for a batch."""
    assert needed(LLAMA_8B, num_ctx, slots) == 4_910_000_000 + 131_072 * num_ctx * slots + batch


def test_windows() -> None:
    """What layers with a window hold comes once for each slot, whatever the context."""
    windowed = LLAMA_8B.replace(kv_fixed=10**8)
    for num_ctx, slots in ((4_096, 1), (32_768, 3)):
        more = needed(windowed, num_ctx, slots) - needed(LLAMA_8B, num_ctx, slots)
        assert more == 10**8 * slots


def test_beside_others() -> None:
    """Beside others a model may take 80 % of what is free, alone all of it."""
    room = needed(LLAMA_8B, 4_096)
    assert not fits(LLAMA_8B, 4_096, 1, room)
    assert fits(LLAMA_8B, 4_096, 1, room, is_alone=True)
    assert fits(LLAMA_8B, 4_096, 1, room / 0.79)


@given(num_ctx=st.integers(0, 10**6), slots=st.integers(1, 8), free=st.integers(0, 2**40))
def test_less_always_fits(num_ctx: int, slots: int, free: int) -> None:
    """What fits with more context or slots fits with less, and with more free memory."""
    if fits(LLAMA_8B, num_ctx, slots, free):
        assert fits(LLAMA_8B, num_ctx // 2, slots, free)
        assert fits(LLAMA_8B, num_ctx, 1, free)
        assert fits(LLAMA_8B, num_ctx, slots, free + 1)


def test_single_slots() -> None:
    """Families that Ollama can't batch have one slot, and models that only embed."""
    assert forced_slots(LLAMA_8B) is None
    assert forced_slots(EMBED) == 1
    for family in SINGLE_SLOT:
        assert forced_slots(LLAMA_8B.replace(family=family)) == 1
    both = LLAMA_8B.replace(capabilities=frozenset({"completion", "embedding"}))
    assert forced_slots(both) is None
