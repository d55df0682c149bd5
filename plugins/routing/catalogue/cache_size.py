"""What a model keeps of its context in memory: keys and values, f16, per layer.

    bytes per token = 2 · Σ layers · heads · (key length + value length)

as `llama.cpp` allots them and Ollama predicts them; `heads` are those of keys and values, of which
layers without attention have none. A layer that looks back through a window keeps no more than
that, however long the context is: it counts apart, if the file says which layers do.
"""

from collections.abc import Sequence

from plugins.routing.catalogue.info import Info
from plugins.routing.catalogue.values import natural

F16 = 2
"""Bytes of a number; Ollama predicts with it also when it keeps smaller ones."""


def cache_bytes(info: Info) -> tuple[int, int]:
    """Return the bytes for each token of context, and those that are there for any context.

    Both are 0 where the file does not say enough.
    """
    layers = _layers(info)
    windowed = _windowed(info, len(layers))
    window = info.number("attention.sliding_window")
    growing = sum(
        size for size, is_windowed in zip(layers, windowed, strict=True) if not is_windowed
    )
    return natural(growing), natural((sum(layers) - growing) * window)


def _layers(info: Info) -> list[int]:
    """Return the bytes per token of each layer."""
    count = info.layers
    heads = info.value("attention.head_count_kv")
    if heads is None:
        heads = info.value("attention.head_count")
    if isinstance(heads, list) and len(heads) < count:
        return [_listed(info, layer) for layer in range(count)]
    each = heads[:count] if isinstance(heads, list) else [heads] * count
    length = _length(info, "key") + _length(info, "value")
    interval = info.number("full_attention_interval") or 1
    return [
        natural(number) * length * F16 if (layer + 1) % interval == 0 else 0
        for layer, number in enumerate(each)
    ]


def _length(info: Info, which: str) -> int:
    told = info.number(f"attention.{which}_length")
    heads = info.value("attention.head_count")
    if told or not isinstance(heads, int) or heads <= 0:
        return told
    return info.number("embedding_length") // heads


def _listed(info: Info, layer: int) -> int:
    """Return the bytes per token of a layer by the shapes of what makes its keys and values."""
    shapes = (info.tensors.get(f"blk.{layer}.attn_{which}.weight") for which in "kv")
    return sum(shape[-1] * F16 for shape in shapes if shape)


def _windowed(info: Info, count: int) -> Sequence[bool]:
    """Say of each layer whether it looks back through a window; none does if it is not told."""
    pattern = info.value("attention.sliding_window_pattern")
    if not info.number("attention.sliding_window"):
        return [False] * count
    if isinstance(pattern, list) and len(pattern) >= count:
        return [bool(each) for each in pattern[:count]]
    every = natural(pattern)
    return [every > 1 and (layer + 1) % every != 0 for layer in range(count)]
