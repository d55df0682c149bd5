"""Which host has worked on a conversation before, and so has its beginning in its prompt cache."""

import secrets
import time
from collections import OrderedDict

from localai import Call, Message
from plugins.routing.catalogue.reading import model_key

MOST_TURNS = 8
"""Turns of the user, the last ones, behind which a conversation may have gone another way."""
WHOLE = 4096
"""Characters up to which a text counts as a whole."""
ENDS = 512
"""Characters of both ends of a longer one that count, with its length: a hint needs no more."""
USER = frozenset({"user", "tool"})


class Affinity:
    """Remembers hosts by hashes of beginnings of conversations, which mean nothing elsewhere.

    A conversation is known by its system text and first turn, and by all that it was up to each of
    the user's last turns: of two branches each finds the host that has the longest beginning.

    Python's own hash will do: it is keyed for each process, and kept in the texts that it was made
    of. Should two be equal, a conversation goes to a host that has not seen it.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._key = secrets.randbits(64)
        self._hosts: OrderedDict[int, tuple[str, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._hosts)

    def find(self, call: Call) -> str | None:
        """Return the URL of the host that knows the longest beginning."""
        if not self._hosts:
            return None
        now = time.monotonic()
        for beginning in reversed(self._beginnings(call)):
            found = self._hosts.get(beginning)
            if found is not None and found[1] > now:
                return found[0]
        return None

    def remember(self, call: Call, url: str) -> None:
        """Note which host has worked on a conversation."""
        beginnings = self._beginnings(call)
        known = (url, time.monotonic() + self._seconds)
        for beginning in {*beginnings[:1], *beginnings[-1:]}:
            self._hosts[beginning] = known
            self._hosts.move_to_end(beginning)
        while len(self._hosts) > self._most:
            self._hosts.popitem(last=False)

    def _beginnings(self, call: Call) -> list[int]:
        """Return the hashes of a conversation's beginnings, the shortest first."""
        who = call.principal
        running = hash((self._key, who.tenant, who.id, model_key(call.model)))
        if call.kind == "generate":
            return [hash((running, _hint(call.system), _hint(call.prompt)))]
        if call.kind != "chat":
            return []
        found = []
        for message in call.messages:
            running = _added(running, message)
            if message.role in USER:
                found.append(running)
        return found if len(found) <= MOST_TURNS else [found[0], *found[-MOST_TURNS:]]


def _added(running: int, message: Message) -> int:
    images = tuple(map(_hint, message.images)) if message.images else ()
    return hash((running, message.role, _hint(message.content), images))


def _hint(text: str) -> int:
    if len(text) <= WHOLE:
        return hash(text)
    return hash((len(text), text[:ENDS], text[-ENDS:]))
