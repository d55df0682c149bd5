"""The models that the double pretends to have."""

import asyncio
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.double.names import Name, parse


@dataclass(slots=True, kw_only=True)
class Model:
    """One installed model.

    `parameters` are the Modelfile's (a `num_ctx` counts for the runner). `native` marks a chat
    that runs through the GGUF's own template: its tool calls arrive on the last object.
    `load_seconds` is how long a load takes; no byte is sent meanwhile; a `load_gate`
    must be set too, and a `load_error` ends it with a 500. A `pooling` type is what
    makes it an embedding model, `embedding_length` its vectors' size.

    `info` is what its `model_info` has besides; a key without a dot in front belongs to the
    family: `block_count` is `llama.block_count`. `tensors` are names and shapes. In memory it takes
    `loaded_size` bytes, or those of its file, `vram_size` of them on the GPU, or all.
    """

    name: str
    digest: str = ""
    capabilities: tuple[str, ...] = ("completion",)
    template: str = "{{ .Prompt }}"
    system: str = ""
    license: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    context_length: int = 4096
    embedding_length: int = 64
    family: str = "llama"
    parameter_size: str = "84K"
    parameter_count: int = 84_032
    quantization: str = "F16"
    size: int = 177_504
    loaded_size: int = 0
    vram_size: int | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    pooling: str = ""
    load_seconds: float = 0.0
    load_error: str = ""
    load_gate: asyncio.Event | None = None
    native: bool = False
    remote_host: str = ""
    remote_model: str = ""
    modified_ns: int = field(default_factory=time.time_ns)

    def __post_init__(self) -> None:
        self.digest = self.digest or hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def full_name(self) -> Name:
        """The complete name."""
        return parse(self.name)

    @property
    def short(self) -> str:
        """The name as listings show it."""
        return self.full_name.short

    def can(self, capability: str) -> bool:
        """Whether the model has this capability."""
        return capability in self.capabilities


class Registry:
    """Installed models by name, found in any spelling that Ollama accepts."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._models: dict[str, Model] = {}
        for model in models:
            self.add(model)

    def __iter__(self) -> Iterator[Model]:
        """Give the newest model first."""
        return iter(sorted(self._models.values(), key=lambda m: m.modified_ns, reverse=True))

    def add(self, model: Model) -> None:
        """Install a model, or replace the one of that name."""
        self._models[model.full_name.key] = model

    def remove(self, name: str) -> None:
        """Delete a model; `KeyError` when there is none of that name."""
        del self._models[parse(name).key]

    def find(self, name: Name) -> Model | None:
        """Look a model up without regard to case."""
        return self._models.get(name.key)

    def copy(self, source: Model, destination: Name) -> None:
        """Install a model under a second name; the digest stays."""
        self.add(replace(source, name=destination.short, modified_ns=time.time_ns()))


def default_models() -> list[Model]:
    """Make one small model for each capability."""
    return [
        Model(name="tiny:latest"),
        Model(
            name="tiny-tools:latest",
            capabilities=("completion", "tools"),
            template="{{ .Messages }}{{ .Tools }}",
            native=True,
        ),
        Model(
            name="tiny-think:latest",
            capabilities=("completion", "tools", "thinking"),
            template="{{ .Messages }}{{ .Tools }}<think>{{ .Thinking }}</think>",
        ),
        Model(name="tiny-vision:latest", capabilities=("completion", "vision")),
        Model(name="tiny-embed:latest", capabilities=("embedding",), pooling="MEAN", template=""),
    ]
