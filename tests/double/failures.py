"""How an answer ends other than by success, and Ollama's texts for it."""

BUSY = "server busy, please try again.  maximum pending requests exceeded"
CANCELED = "request canceled"
RUNNER_GONE = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an "
    "internal error, check ollama server logs for details"
)
CLOUD_DISABLED = "ollama cloud is disabled: remote model is unavailable"


class Failure(Exception):
    """An error answer: a status and the text of `{"error": …}`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class RunnerFailure(Failure):
    """An error of the runner: in a stream it is an error line once a byte was sent."""


class RefusedFailure(Failure):
    """A `/v1` request that can't be rewritten as a native one."""


class Cut(Exception):
    """The runner's stream ends early and without a word: no `done`, no error."""


class Finished(Exception):
    """A fault has answered by itself, or has torn the connection down."""
