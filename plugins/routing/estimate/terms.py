"""What an estimate is made from, and what it is made of."""

from localai import Value


class Work(Value, frozen=True, kw_only=True):
    """What a request asks of a model, in tokens."""

    prompt: int
    cached: int = 0
    """Tokens of the prompt that the host has worked on already."""
    answer: int = 256
    """Expected, not allowed."""


class Outlook(Value, frozen=True, kw_only=True):
    """How busy a model is on a host just now."""

    slots: int = 1
    """Answers at a time."""
    busy: int = 0
    """Answers that run, all that were sent to the host."""
    waiting: int = 0
    """Requests that wait for a slot."""
    waiting_tokens: int = 0
    """Tokens of answers that these will make, as expected, and that running ones have left."""
    waiting_prompts: int = 0
    """Tokens of prompts that have not been read yet, of all that wait."""
    others: int = 0
    """Other models that make answers on the host at the time: they share the GPU evenly."""
    loads: float = 0.0
    """Seconds until other models are loaded that stand before this one: a host loads one by one."""
    is_loaded: bool = False
    evicts: float = 0.0
    """Seconds until a busy model has finished that must leave first; 0 if none must."""


class Estimate(Value, frozen=True, kw_only=True):
    """The terms, in seconds and joules; `strix-halo` in docs explains each."""

    wait: float = 0.0
    """In the queue."""
    evict: float = 0.0
    """Until room is made."""
    load: float = 0.0
    prefill: float = 0.0
    step: float = 0.0
    """Between two tokens."""
    first_token: float = 0.0
    total: float = 0.0
    joules: float = 0.0
    """At the wall, above what the machine takes idle."""
