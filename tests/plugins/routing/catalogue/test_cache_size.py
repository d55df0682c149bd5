"""What a model keeps of its context in memory."""

from typing import Any

from plugins.routing.catalogue.cache_size import cache_bytes
from plugins.routing.catalogue.info import Info
from tests.plugins.routing.catalogue.shows import GPT_OSS_20B, LLAMA_8B, QWEN_30B, show


def test_all_layers_keep_keys_and_values() -> None:
    """A token takes two bytes for each number of each head of each layer."""
    assert cache_bytes(Info(LLAMA_8B)) == (32 * 8 * (128 + 128) * 2, 0)
    assert cache_bytes(Info(QWEN_30B)) == (48 * 4 * (128 + 128) * 2, 0)


def test_heads_of_each_layer_count_alone() -> None:
    """Where the number differs between layers, a layer without heads keeps nothing."""
    info: dict[str, Any] = {"block_count": 4, "embedding_length": 256, "attention__head_count": 4}
    assert cache_bytes(Info(show("x", 1, **info, attention__head_count_kv=[0, 2, 0, 1]))) == (
        3 * (64 + 64) * 2,
        0,
    )


def test_long_lists_are_made_up_for_by_tensors() -> None:
    """Ollama leaves long lists empty: then the shapes of what makes keys and values tell."""
    tensors = {"blk.1.attn_k.weight": [256, 32], "blk.1.attn_v.weight": [256, 16]}
    shown = show("x", 1, tensors, block_count=6, attention__head_count_kv=[])
    assert cache_bytes(Info(shown)) == ((32 + 16) * 2, 0)


def test_without_groups_all_heads_keep() -> None:
    """A model that does not tell heads of keys and values has as many as of queries."""
    shown = show("x", 1, block_count=2, embedding_length=64, attention__head_count=4)
    assert cache_bytes(Info(shown)) == (2 * 4 * (16 + 16) * 2, 0)


def test_most_layers_of_a_hybrid_keep_nothing() -> None:
    """Where every fourth layer has attention, only those grow with the context."""
    shown = show(
        "qwen3next",
        1,
        block_count=8,
        full_attention_interval=4,
        attention__head_count=16,
        attention__head_count_kv=2,
        attention__key_length=256,
        attention__value_length=256,
    )
    assert cache_bytes(Info(shown)) == (2 * 2 * 512 * 2, 0)


def test_a_window_bounds_its_layers() -> None:
    """Layers that are told to look through a window take its size, whatever the context is."""
    sizes: dict[str, Any] = {
        "block_count": 6,
        "embedding_length": 64,
        "attention__head_count": 4,
        "attention__head_count_kv": 1,
        "attention__sliding_window": 100,
    }
    each = (16 + 16) * 2
    for pattern, growing in (
        (3, 2),
        ([True, True, False] * 2, 2),
        ([False] * 6, 6),
        ([], 6),
        (1, 6),
    ):
        shown = show("gemma3", 1, **sizes, attention__sliding_window_pattern=pattern)
        assert cache_bytes(Info(shown)) == (growing * each, (6 - growing) * each * 100)


def test_a_window_whose_layers_are_not_told_is_left_out() -> None:
    """Then all layers count in full, as Ollama predicts."""
    assert cache_bytes(Info(GPT_OSS_20B)) == (24 * 8 * 128 * 2, 0)


def test_what_is_not_told_is_nothing() -> None:
    """Without layers, heads or lengths there is no number."""
    for info in ({}, {"block_count": 4}, {"block_count": 4, "attention__head_count_kv": "x"}):
        assert cache_bytes(Info(show("x", 1, **info))) == (0, 0)
