"""Which variant a user gets: always the same one, and with any change of weights as few others as
can be.

Weighted rendezvous hashing (Thaler and Ravishankar 1998, with the weights of Schindelhauer and
Schomaker 2005): each variant draws a number for the user, exponentially distributed with its
weight as the rate, and the least one wins. So a user moves only to a variant whose weight has grown
against that of the variant before; a new variant takes its share from all, and nobody else moves.
"""

import hashlib
from collections.abc import Container, Mapping
from math import inf, log

STEPS = 2.0**64
"""Different values of a hash."""


class Variants:
    """Names with weights; the weights count against each other, and need not come to 1."""

    def __init__(self, weights: Mapping[str, float], salt: str) -> None:
        self._drawn = [(name, name.encode(), weight) for name, weight in weights.items() if weight]
        self._salt = hashlib.blake2b(salt.encode(), digest_size=8)

    def choose(self, user: str, allowed: Container[str] | None = None) -> str | None:
        """Return the variant of a user, among those that are allowed; `None` if none is."""
        seed = self._salt.copy()
        seed.update(b"\0" + user.encode("utf-8", "surrogatepass"))
        least, chosen = inf, None
        for name, raw, weight in self._drawn:
            if allowed is not None and name not in allowed:
                continue
            each = seed.copy()
            each.update(b"\0" + raw)
            uniform = (int.from_bytes(each.digest(), "big") + 1) / STEPS
            score = -log(uniform) / weight
            if score < least or chosen is None:
                least, chosen = score, name
        return chosen
