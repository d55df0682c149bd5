"""What is known of a model: its file, what its owner declares, whether it is in memory."""

from collections.abc import Mapping

from msgspec import field

from localai import Value


class Facts(Value, frozen=True, kw_only=True):
    """A model as `/api/tags` and `/api/show` describe it."""

    name: str
    """With its tag, as Ollama lists it."""
    digest: str = ""
    size: int = 0
    """Bytes of its file."""
    family: str = ""
    quantisation: str = ""
    """Such as `Q4_K_M`; empty if unknown."""
    parameters: int = 0
    active_parameters: int = 0
    """Those that work on one token: fewer than `parameters` in a mixture of experts."""
    kv_bytes: int = 0
    """Bytes of f16 cache for one token of context; 0 if unknown."""
    kv_fixed: int = 0
    """Bytes of it that any context takes: of layers that look back through a window."""
    context_length: int = 0
    """Tokens that it was trained for; 0 if unknown."""
    num_ctx: int = 0
    """Its own `num_ctx`, from its Modelfile; 0 if it has none."""
    capabilities: frozenset[str] = frozenset()
    """Of `completion`, `embedding`, `vision`, `tools`, `thinking`, `insert`."""

    @property
    def is_mixture(self) -> bool:
        """Whether it is a mixture of experts."""
        return 0 < self.active_parameters < self.parameters

    @property
    def active_bytes(self) -> float:
        """Bytes that are read for one token."""
        share = self.active_parameters / self.parameters if self.is_mixture else 1.0
        return self.size * share


class Loaded(Value, frozen=True, kw_only=True):
    """A model in a host's memory, as `/api/ps` describes it."""

    size: int = 0
    """Bytes in all, weights and caches."""
    size_vram: int = 0
    num_ctx: int = 0
    """Tokens of context for each of its slots; 0 if unknown."""
    expires: float = 0.0
    """Unix time at which it leaves if nobody asks for it again; infinite for never."""


class Model(Value, frozen=True, kw_only=True):
    """One name, over all hosts."""

    facts: Facts
    """Those of the first host that has it."""
    hosts: Mapping[str, Facts] = field(default_factory=dict)
    """By the base URL of each host that has it."""
    quality: float = 0.0
    """Between 0 and 1: declared, or guessed from its parameters."""
    price: float = 0.0
    """Money for a million tokens, besides electricity; 0 unless declared."""
    tags: frozenset[str] = frozenset()
    num_ctx: int = 0
    """The context that it is pinned to, in tokens; 0 leaves it to the host."""
    slots: int = 0
    """Answers at a time, if the owner says so; 0 for the host's own number."""

    @property
    def name(self) -> str:
        """With its tag."""
        return self.facts.name
