"""From speeds to seconds and joules: what one request takes of one model on one host."""

from localai import Value
from plugins.routing.estimate.terms import Estimate, Outlook, Work

LOAD_OVERHEAD = 1.0
"""Seconds that a load takes besides reading the file."""


class Speeds(Value, frozen=True, kw_only=True):
    """How fast a model runs on a host, as believed now."""

    step: float
    """Seconds for a token, alone and with an empty context."""
    slope: float
    """Seconds that each token of context adds to a step."""
    batching: float
    """Growth of a step with each further answer at the time, as a share of a step alone."""
    prefill: float
    """Tokens of a prompt that are read in a second."""
    load: float
    """Seconds to read its file into memory."""
    load_watts: float
    """At the wall and above idle, as the next two."""
    prefill_watts: float
    decode_watts: float


def batched(batching: float, streams: int) -> float:
    """Return how many times longer a step is with so many answers at a time.

    A straight line, as measured with up to eight; above them, throughput falls.
    """
    return 1.0 + batching * (streams - 1)


def estimate(speeds: Speeds, work: Work, outlook: Outlook) -> Estimate:
    """Return what a request takes that is sent now.

    Its context is counted half-way through the answer. Models that compute at the same time are
    taken to share the GPU and its watts evenly, which nobody has measured. An answer without
    tokens, of an embedding, ends with its prompt.
    """
    slots = max(1, outlook.slots)
    answer = max(0, work.answer)
    share = 1 + outlook.others
    deep = (speeds.step + speeds.slope * (work.prompt + answer / 2)) * share
    wait = evict = load = 0.0
    if outlook.busy >= slots:
        step = deep * batched(speeds.batching, slots)
        wait = outlook.waiting_tokens * step / slots
        wait += outlook.waiting_prompts * share / speeds.prefill
    if not outlook.is_loaded:
        wait += outlook.loads
        evict = outlook.evicts
        load = speeds.load + LOAD_OVERHEAD
    streams = min(outlook.busy + 1, slots)
    step = deep * batched(speeds.batching, streams)
    prefill = max(0, work.prompt - work.cached) * share / speeds.prefill
    first_token = wait + evict + load + prefill + (step if answer else 0.0)
    return Estimate(
        wait=wait,
        evict=evict,
        load=load,
        prefill=prefill,
        step=step,
        first_token=first_token,
        total=first_token + max(0, answer - 1) * step,
        joules=speeds.load_watts * load
        + (speeds.prefill_watts * prefill + speeds.decode_watts * step * answer / streams) / share,
    )
