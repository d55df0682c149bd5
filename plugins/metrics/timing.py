"""Where the time of a call went."""

from localai import Inference, Work
from plugins.metrics.conventions import NANOSECONDS


def load_seconds(work: Work) -> float:
    """Return for how long models were loaded for a call: by loads of its own, or with an answer."""
    seconds = 0.0
    for each in work.attempts:
        if each.call.loads_only:
            # Ollama does not tell how long these took.
            seconds += 0.0 if each.ended is None else each.ended - each.begun
        elif each.last is not None:
            seconds += each.last.load_duration / NANOSECONDS
    return seconds


def overhead_seconds(inference: Inference) -> float | None:
    """Return the seconds until the first chunk in which neither a queue nor an Ollama had the call.

    That is what the router itself took; `None` where nothing was said, or no Ollama asked: an
    answer of another caller's run was waited for, too.
    """
    call, first = inference.call, inference.first
    if first is None or not call.work.attempts:
        return None
    seconds = first - inference.begun - call.work.waited
    reached = inference.begun
    loads_only = call.loads_only
    for attempt in call.work.attempts:  # in the order in which they began
        # Loads are part of the wait, unless that is all that the caller wants.
        begun = attempt.begun
        if begun < first and attempt.call.loads_only == loads_only:
            end = attempt.first or attempt.ended or first
            if end > first:
                end = first
            if end > reached:
                seconds -= end - (begun if begun > reached else reached)
                reached = end
    return seconds if seconds > 0 else 0.0
