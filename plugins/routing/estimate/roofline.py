"""How fast a machine runs a model, from the model's file alone.

A token is made by reading all weights that work on it, so its time is a straight line over these
bytes; a prompt is read as fast as the machine multiplies. Against 33 measured rows a dense model's
time per token is at most 7 % off, a mixture's 25 %; `docs/strix-halo.md` has them all.
"""

from math import sqrt

from plugins.routing.catalogue.model import Facts
from plugins.routing.estimate.profiles import Profile, Roofline

MXFP4_BYTES = 4.25 / 8
"""Bytes of a weight: four bits, and a scale of eight for each 32 weights."""
I_QUANT = 1.3
"""How much longer a token takes with IQ weights: phi4 14B IQ3_M made 24.2 tokens/s, not 31.5.

They are looked up in tables, which computes more than it reads.
"""
MAMBA_MIXTURE = 1.3
"""The same of mixtures with Mamba-2 layers: Nemotron-3-Super 120B made 14.9 tokens/s, not 19.9."""
BYTES_PER_PARAMETER = 0.6
"""Of a file whose parameters are unknown: about Q4_K_M, Ollama's usual quantisation."""
CACHE_PER_ROOT = 1.5
"""Bytes of KV cache per token for each √parameter, if it is unknown.

Llama 3.1 8B has 1.47, 70B 1.23; Qwen2.5 3B 0.66 and mixtures 0.2 to 0.6 need less.
"""


def step(facts: Facts, profile: Profile) -> float:
    """Return the seconds for one token, alone on the machine and with an empty context."""
    line = _line(facts, profile)
    seconds = active_bytes(facts) / line.bandwidth
    if facts.quantisation.upper().startswith("IQ"):
        seconds *= I_QUANT
    if facts.family.startswith("nemotron_h") and facts.is_mixture:
        seconds *= MAMBA_MIXTURE
    return seconds + line.overhead


def depth_slope(facts: Facts, profile: Profile) -> float:
    """Return the seconds that each token of context adds to a step.

    Layers that look back through a window add nothing once it is full; until then it is left out.
    """
    return cache_bytes(facts) / profile.cache_bandwidth


def prefill(facts: Facts, profile: Profile) -> float:
    """Return how many tokens of a prompt are read in a second.

    Two operations for each weight that works on a token; `compute` is the median of what was
    reached with 512 tokens (13.4 to 26.3 TFLOPS for dense models, 4.3 to 13.1 for mixtures).
    """
    working = facts.active_parameters if facts.is_mixture else parameters(facts)
    return _line(facts, profile).compute / (2 * max(working, 1))


def active_bytes(facts: Facts) -> float:
    """Return the bytes that are read for one token.

    Files with MXFP4 experts hold all else at 8 or 16 bits, and all else is read for each token.
    So the plain share of the file is too little: gpt-oss 20B reads 4.6 GB of 13.8, not 2.4, and
    this is why its two files, 12.1 and 13.8 GB, make 80 and 47 tokens/s.
    """
    if not _has_mxfp4(facts):
        return facts.active_bytes
    rest = max(0.0, facts.size - facts.parameters * MXFP4_BYTES)
    return facts.active_parameters * MXFP4_BYTES + rest


def parameters(facts: Facts) -> float:
    """Return how many parameters a model has, by the size of its file if it does not say."""
    return facts.parameters or facts.size / BYTES_PER_PARAMETER


def cache_bytes(facts: Facts) -> float:
    """Return the bytes of f16 KV cache for one token of context, if need be by a guess."""
    if facts.kv_bytes or facts.kv_fixed:
        return facts.kv_bytes
    return CACHE_PER_ROOT * sqrt(parameters(facts))


def _line(facts: Facts, profile: Profile) -> Roofline:
    if not facts.is_mixture:
        return profile.dense
    return profile.mxfp4 if _has_mxfp4(facts) else profile.mixture


def _has_mxfp4(facts: Facts) -> bool:
    return facts.is_mixture and facts.quantisation.upper() == "MXFP4"
