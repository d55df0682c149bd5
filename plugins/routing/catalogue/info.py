"""What a model's file says of its own make: `model_info` and `tensors` of `/api/show`.

The keys are GGUF's, those of a family begin with its name: `llama.block_count`. Ollama leaves
arrays of more than five elements empty, but lists the name and shape of every tensor.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from plugins.routing.catalogue.values import LARGEST, items, natural, table, text

MOST_LAYERS = 1000
"""Layers above which a file is not believed."""

MOST_TENSORS = 100_000
MOST_DIMENSIONS = 8
WANTED = ("_exps.", "attn_k.", "attn_v.", "token_embd.", "output.weight")
"""Parts of the names of tensors that say something about speed and memory."""

_BLOCK = re.compile(r"blk\.(\d{1,4})\.")


class Info:
    """One model's `/api/show`, which may be any JSON."""

    def __init__(self, shown: Any) -> None:
        shown = table(shown)
        self._values = table(shown.get("model_info"))
        self._tensors = items(shown.get("tensors"))
        self.family = text(self._values.get("general.architecture"))

    def value(self, key: str) -> Any:
        """Return the value of a family's key, `None` if there is none."""
        return self._values.get(f"{self.family}.{key}")

    def number(self, key: str) -> int:
        """Return a family's number, 0 if there is none."""
        return natural(self.value(key))

    @property
    def parameters(self) -> int:
        """All weights."""
        return natural(self._values.get("general.parameter_count"))

    @cached_property
    def layers(self) -> int:
        """Layers that every token passes: not those which only guess the token after the next."""
        count = self.number("block_count")
        left = count - self.number("nextn_predict_layers")
        return left if left > 0 and count <= MOST_LAYERS else 0

    @cached_property
    def tensors(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes by name of those that matter here, in layers that every token passes."""
        return {
            name: shape
            for name, shape in self._shapes(lambda name: any(part in name for part in WANTED))
            if not self._is_ahead(name)
        }

    def weights(self, part: str) -> int:
        """Return the number of weights in the tensors whose names have this part."""
        return sum(math.prod(shape) for name, shape in self.tensors.items() if part in name)

    @property
    def set_aside(self) -> int:
        """Weights of the layers that not every token passes; 0 unless the tensors are listed."""
        if not self.number("nextn_predict_layers"):
            return 0
        return sum(math.prod(shape) for _, shape in self._shapes(self._is_ahead))

    def _is_ahead(self, name: str) -> bool:
        block = _BLOCK.match(name)
        return block is not None and self.layers > 0 and int(block[1]) >= self.layers

    def _shapes(self, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, tuple[int, ...]]]:
        for tensor in self._tensors[:MOST_TENSORS]:
            if not isinstance(tensor, dict):
                continue
            name, sizes = tensor.get("name"), tensor.get("shape")
            if isinstance(name, str) and isinstance(sizes, list) and is_wanted(name):
                shape = tuple(map(natural, sizes[:MOST_DIMENSIONS]))
                if 0 < math.prod(shape, start=bool(shape)) <= LARGEST:
                    yield name, shape
