"""Verdicts that are remembered, since a conversation comes again with each of its turns."""

import secrets
from collections import OrderedDict
from hashlib import blake2b

from plugins.guardrails.injection.detector import Verdict
from plugins.guardrails.turns import Turns

LONG = 200
"""Characters from which on a text takes long to judge."""
MOST = 4096
"""Verdicts that are kept, the latest used ones: 0.6 MB, and 0.2 kB more for each finding."""

_PIECE = 1 << 16


class Verdicts:
    """A cache of the verdicts of one plugin: of hashes, without any text.

    Nobody without the key, which dies with the process, can say which texts were judged.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, Verdict] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    async def key(self, text: str, foreign: bool, turns: Turns) -> bytes:
        """Return what a text is kept by, that of a tool apart from others."""
        kind = b"tool" if foreign else b"other"
        hashed = blake2b(key=self._key, person=kind, digest_size=16)
        for at in range(0, len(text), _PIECE):
            hashed.update(text[at : at + _PIECE].encode("utf-8", "surrogatepass"))
            await turns.give()
        return hashed.digest()

    def get(self, key: bytes) -> Verdict | None:
        """Return what was kept."""
        verdict = self._kept.get(key)
        if verdict is not None:
            self._kept.move_to_end(key)
        return verdict

    def keep(self, key: bytes, verdict: Verdict) -> None:
        """Keep a verdict, and forget the one that wasn't used for longest if there are too many."""
        self._kept[key] = verdict
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
