"""Where rules may be met: a quick look at all words of a slice at once.

The words of each class are bits of one integer, so that a whole slice is compared at once, and a
text full of evidence costs no more than another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from plugins.guardrails.injection.evidence import SINGLE, Possible, Rule, bits_of

WIDEST = 64
"""Words of a cluster."""

_ONE = ord("1")

_COMMON = 0
"""Classes of words that are in any text."""
for _word in (
    *("the", "this", "that", "all", "any", "you", "your", "us", "me", "what", "only", "must"),
    *("do", "it", "use", "first", "now"),
):
    _COMMON |= SINGLE.get(_word, 0)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Words among which rules may be met."""

    first: int
    last: int
    reach: int
    """Words before and after them that belong to the rules."""
    rules: tuple[Rule, ...]


def clusters(words: Sequence[str], possible: Possible, slack: int) -> list[Cluster]:
    """Return where the classes of a rule stand close enough together, and maybe elsewhere."""
    rules = possible.rules
    classes = _Classes(words, possible)
    # Most of an ordinary text is settled by its rarer words.
    for mask in (~_COMMON, -1):
        needed = 0
        for rule in rules:
            needed |= rule.mask
        classes.look_for(needed & mask)
        met = [(rule, found) for rule in rules if (found := classes.near(rule, slack))]
        rules = tuple(rule for rule, _ in met)
    return list(_clustered(met)) if met else []


class _Classes:
    """The places of each class, as the bits of an integer."""

    def __init__(self, words: Sequence[str], possible: Possible) -> None:
        self._words = words
        self._possible = possible
        self._looked_at = 0
        self._places: dict[int, int] = {}
        self._spread: dict[tuple[int, int], int] = {}

    def look_for(self, classes: int) -> None:
        """Find the places of some classes, besides those that were looked for before."""
        words = self._words
        classes &= ~self._looked_at
        self._looked_at |= classes
        digits: dict[int, bytearray] = {}
        none = b"0" * len(words)
        singles = {
            word: digits.setdefault(found, bytearray(none))
            for word, mask in self._possible.singles.items()
            if (found := mask & classes)
        }
        for at in compress(range(len(words)), map(singles.__contains__, words)):
            singles[words[at]][~at] = _ONE
        starts = {
            word: terms
            for word, terms in self._possible.starts.items()
            if any(mask & classes for _, mask in terms)
        }
        for at in compress(range(len(words)), map(starts.__contains__, words)):
            for term, mask in starts[words[at]]:
                if tuple(words[at : at + len(term)]) == term:
                    digits.setdefault(mask & classes, bytearray(none))[~at] = _ONE
        for mask, row in digits.items():
            places = int(row, 2)
            for bit in bits_of(mask):
                self._places[bit] = self._places.get(bit, 0) | places

    def near(self, rule: Rule, slack: int) -> int:
        """Return the places of a rule's first class that have each of the others near.

        If some of its classes aren't looked at, those of the first one that is; all if none is.
        """
        bits = [bit for bit in rule.bits if bit & self._looked_at]
        if not bits:
            return -1
        found = self._places.get(bits[0], 0)
        if found:
            within = rule.phrase.within + slack
            if bits[0] != rule.bits[0]:
                # Each is near the first class, so they are at most twice as far from each other.
                within *= 2
            for bit in bits[1:]:
                found &= self._around(bit, within)
                if not found:
                    break
        return found

    def _around(self, bit: int, within: int) -> int:
        """Return all places within a number of words of a class."""
        spread = self._spread.get((bit, within))
        if spread is None:
            spread = self._places.get(bit, 0)
            done, width = 1, 2 * within + 1
            while spread and done < width:
                step = min(done, width - done)
                spread |= spread << step
                done += step
            spread >>= within
            self._spread[bit, within] = spread
        return spread


def _clustered(met: list[tuple[Rule, int]]) -> Iterator[Cluster]:
    everything = 0
    for _, found in met:
        everything |= found
    while everything:
        first = (everything & -everything).bit_length() - 1
        window = everything >> first & (1 << WIDEST) - 1
        width = window.bit_length()
        mask = (1 << width) - 1 << first
        rules = tuple(rule for rule, found in met if found & mask)
        reach = max(rule.phrase.within for rule in rules)
        yield Cluster(first, first + width - 1, reach, rules)
        everything &= ~mask
