"""The models of the simulated machine: what a catalogue says of them, and how fast they are.

Speeds are measurements, not what our estimates expect: decode, prompts and watts of
lhl/strix-halo-testing, prompts of gpt-oss of kyuz0/amd-strix-halo-toolboxes, Qwen2.5 of
AMD-Ecosystem/llama.cpp PR #59; see `docs/strix-halo.md`. Growth with concurrent answers is in the
measured range, but was never measured for dense models. Watts of Qwen2.5 are llama3.1 8B's.
"""

from dataclasses import dataclass

from plugins.routing.catalogue.model import Facts

GIB = 2**30
MEMORY = 112 * GIB
"""Of a machine with 128 GB and `ttm.pages_limit` at 112 GiB."""
CONTEXT = 16_384
"""Tokens of each slot, for all models."""
EMBED = "nomic-embed-text"

CHAT = frozenset({"completion", "tools"})
VISION = frozenset({"completion", "vision"})


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A model, and what it really does on this machine."""

    facts: Facts
    quality: float
    tokens_per_second: float
    """Of one answer with an empty context."""
    slope: float
    """Seconds that a token of context adds to a step."""
    prompt_rate: float
    """Tokens of prompts that are read in a second."""
    batching: float
    """Growth of a step with each further answer at a time, as a share of one alone."""
    watts: float
    """Of the chip, while an answer is made."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.facts.name


def _model(
    name: str,
    size: float,
    parameters: float,
    active: float = 0.0,
    *,
    kv_bytes: int,
    quantisation: str = "Q4_K_M",
    can: frozenset[str] = CHAT,
) -> Facts:
    return Facts(
        name=name,
        size=round(size * 1e9),
        quantisation=quantisation,
        parameters=round(parameters * 1e9),
        active_parameters=round((active or parameters) * 1e9),
        kv_bytes=kv_bytes,
        context_length=131_072,
        capabilities=can,
    )


FLEET = (
    Truth(
        facts=_model("qwen2.5:3b", 1.93, 3.09, kv_bytes=36_864),
        quality=0.5,
        tokens_per_second=87.11,
        slope=0.5e-6,
        prompt_rate=2_708,
        batching=0.30,
        watts=86,
    ),
    Truth(
        facts=_model("qwen2.5:7b", 4.68, 7.62, kv_bytes=57_344),
        quality=0.75,
        tokens_per_second=45.61,
        slope=0.4e-6,
        prompt_rate=1_485,
        batching=0.25,
        watts=86,
    ),
    Truth(
        facts=_model("gpt-oss:20b", 13.8, 20.9, 3.6, kv_bytes=24_576, quantisation="MXFP4"),
        quality=0.8,
        tokens_per_second=47.36,
        slope=0.117e-6,
        prompt_rate=1_812,
        batching=0.27,
        watts=90,
    ),
    Truth(
        facts=_model("qwen3:30b-a3b", 17.7, 30.5, 3.3, kv_bytes=98_304),
        quality=0.85,
        tokens_per_second=77.96,
        slope=0.92e-6,
        prompt_rate=700,
        batching=0.44,
        watts=81,
    ),
    Truth(
        facts=_model("gemma3:27b", 16.8, 27.4, kv_bytes=84_000, can=VISION),
        quality=0.85,
        tokens_per_second=12.08,
        slope=1.6e-6,
        prompt_rate=340,
        batching=0.20,
        watts=88,
    ),
    Truth(
        facts=_model("llama3.3:70b", 42.5, 70.6, kv_bytes=327_680),
        quality=0.9,
        tokens_per_second=5.06,
        slope=3.29e-6,
        prompt_rate=84,
        batching=0.20,
        watts=95,
    ),
    Truth(
        facts=_model("gpt-oss:120b", 65.4, 116.8, 5.1, kv_bytes=36_864, quantisation="MXFP4"),
        quality=0.95,
        tokens_per_second=33.68,
        slope=0.171e-6,
        prompt_rate=720,
        batching=0.27,
        watts=62,
    ),
    Truth(
        facts=_model(
            EMBED,
            0.274,
            0.137,
            kv_bytes=36_864,
            quantisation="F16",
            can=frozenset({"embedding"}),
        ),
        quality=0.0,
        tokens_per_second=300,
        slope=0.0,
        prompt_rate=9_000,
        batching=0.27,
        watts=86,
    ),
)
BY_NAME = {each.name: each for each in FLEET}
