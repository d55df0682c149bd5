"""How many tokens a call has really taken, however its answer ends."""

from localai import Call, Chunk


class Meter:
    """Counts while an answer runs: what its last chunk tells, or what has come until it stopped."""

    __slots__ = ("_call", "_last", "_pieces", "_prompt", "failed")

    def __init__(self, call: Call, prompt: int) -> None:
        self._call = call
        self._prompt = prompt
        self._pieces = 0
        self._last: Chunk | None = None
        self.failed = False
        """Whether the answer ended by an error, not because the caller left."""

    def see(self, chunk: Chunk) -> None:
        """Count a chunk."""
        if chunk.done:
            self._last = chunk
        if chunk.content or chunk.thinking or chunk.tool_calls:
            self._pieces += 1

    @property
    def tokens(self) -> int:
        """What the call has taken until now.

        An answer that failed before it began took nothing; a caller who left before that may have
        kept a model busy with the prompt.
        """
        if self._call.headers.get("x-localai-cache") in ("hit", "join"):
            return 0
        if self._last is not None:
            # Ollama leaves a count of 0 out, as for a prompt that it still has in memory.
            last = self._last
            return (last.prompt_eval_count or self._prompt) + (last.eval_count or self._pieces)
        if self.failed and not self._pieces:
            return 0
        return self._prompt + self._pieces
