"""How many answers a model may make at a time on a host."""

MOST = 8
"""Above eight at a time, the throughput of all falls (measured with llama.cpp by Vulkan)."""


def slots(parallel: int, declared: int = 0, forced: int | None = None) -> int:
    """Return the slots of a model: at least one, and never more than the host works on at a time.

    `parallel` is the host's `OLLAMA_NUM_PARALLEL`; above it Ollama would queue, silently and in no
    fair order. `declared` is what the catalogue says of the model, 0 for nothing; `forced` what
    its architecture allows.
    """
    most = min(declared or parallel, parallel, MOST)
    if forced is not None:
        most = min(most, forced)
    return max(1, most)
