"""The headers of a run that several may listen to."""

QUEUE = "x-localai-queue"
"""How a request gets on that waits: a stream tells it while nothing else is said."""


class RunHeaders(dict[str, str]):
    """What is said about an answer; those who listen are told at once how long they must wait.

    All else they take when the answer begins.
    """

    __slots__ = ("_followers",)

    def __init__(self) -> None:
        super().__init__()
        self._followers: dict[int, dict[str, str]] = {}

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(name, value)
        if name == QUEUE:
            for headers in self._followers.values():
                headers[QUEUE] = value

    def follow(self, headers: dict[str, str]) -> None:
        """Have the headers of a listener say the same of the wait."""
        self._followers[id(headers)] = headers
        if QUEUE in self:
            headers[QUEUE] = self[QUEUE]

    def leave(self, headers: dict[str, str]) -> None:
        """Do so no longer."""
        del self._followers[id(headers)]
        if QUEUE not in self:
            headers.pop(QUEUE, None)
