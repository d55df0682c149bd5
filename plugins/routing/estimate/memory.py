"""How much memory a loaded model takes, and whether Ollama will load it beside others.

The rules are those of Ollama's scheduler (`llm/` and `server/sched.go`, v0.33).
"""

from plugins.routing.catalogue.model import Facts
from plugins.routing.estimate.roofline import cache_bytes

USABLE = 0.8
"""Share of the free memory that a model may take beside others."""
SINGLE_SLOT = frozenset(
    {
        "lfm2",
        "lfm2moe",
        "mllama",
        "nemotron_h",
        "nemotron_h_moe",
        "nemotron_h_omni",
        "qwen35",
        "qwen35moe",
        "qwen3next",
        "qwen3vl",
        "qwen3vlmoe",
    }
)
"""Families that Ollama runs with one answer at a time, whatever `OLLAMA_NUM_PARALLEL` says."""
BATCHES = ((4_096, 0), (32_768, 768 * 2**20))
"""Bytes for the batch, up to so many tokens of context: batches are 512 and 1,024 there."""
LARGEST_BATCH = 2 * 2**30
"""With larger contexts: batches of 2,048."""


def needed(facts: Facts, num_ctx: int, slots: int = 1) -> float:
    """Return the bytes that Ollama counts for a model: its file, f16 caches, and its batch."""
    context = num_ctx * slots
    batch = next((size for most, size in BATCHES if context <= most), LARGEST_BATCH)
    caches = cache_bytes(facts) * context + facts.kv_fixed * slots
    return facts.size + caches + batch


def fits(facts: Facts, num_ctx: int, slots: int, free: float, is_alone: bool = False) -> bool:
    """Say whether Ollama loads a model into so many free bytes.

    With nothing else in memory it may take all of them.
    """
    return needed(facts, num_ctx, slots) <= free * (1.0 if is_alone else USABLE)


def forced_slots(facts: Facts) -> int | None:
    """Return 1 for a model that Ollama gives one slot, else `None`."""
    only_embeds = "embedding" in facts.capabilities and "completion" not in facts.capabilities
    return 1 if only_embeds or facts.family in SINGLE_SLOT else None
