"""How many tokens an attempt took, also one that did not come to its end."""

from localai import Attempt, prompt_tokens

TIMEOUT = "UpstreamTimeout"


def tokens_taken(attempt: Attempt) -> tuple[int, int]:
    """Return the tokens that a model read and wrote: Ollama's counts, or else an estimate.

    A model writes a token for each chunk, but the last one. One that failed before it said anything
    was refused, as far as can be told: Ollama was busy, or has no such model. When it was left or
    took too long, the model was reading its prompt.
    """
    last = attempt.last
    if last is not None:
        return last.prompt_eval_count, last.eval_count
    if attempt.first is None and attempt.error not in (None, TIMEOUT):
        return 0, 0
    return prompt_tokens(attempt.call), attempt.pieces
