"""Judges whether a text gives orders that its author may not give."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plugins.guardrails.findings import fingerprint
from plugins.guardrails.injection.evidence import LEAST, Possible, possible
from plugins.guardrails.injection.hints import hints_of
from plugins.guardrails.injection.layers import layers
from plugins.guardrails.injection.markers import markers
from plugins.guardrails.injection.nearness import clusters
from plugins.guardrails.injection.reading import Reading, read
from plugins.guardrails.injection.scoring import combined, hits, may_hit
from plugins.guardrails.injection.sentences import slices, words_of
from plugins.guardrails.injection.views import views
from plugins.guardrails.turns import Turns

SLICE = 4096
"""Characters that are looked at together; a quarter of them in other scripts than the Latin one."""
DEPTH = 2
"""Encodings within each other that are looked through."""
HIDING = 0.2
"""What hiding an injection adds to the evidence for it, as a family of its own would."""

_BEFORE = 40
"""Words before evidence by which it may be weaker."""
_AFTER = 17
"""The same after it."""
_FEW = 24
"""Words of a cluster that are looked at by themselves first, which mostly settles it."""
_CARRIED = 64
"""Words of a slice that the next one is read with."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The strongest evidence of one family in a text."""

    family: str
    """One of `phrases.FAMILIES`."""
    score: float
    """Between 0 and 1."""
    fingerprint: str
    """A keyed hash of the words, for the audit log."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a text as a whole looks like."""

    score: float
    """Between 0 and 1."""
    findings: tuple[Finding, ...] = ()
    """The strongest first."""


class Detector:
    """Judges texts; immutable, and safe to share."""

    def __init__(
        self, *, threshold: float = 0.7, tool_threshold: float = 0.6, decode: bool = True
    ) -> None:
        self._threshold = threshold
        self._tool_threshold = tool_threshold
        self._decode = decode

    def limit(self, role: str) -> float:
        """Return the score from which a text of this role counts as an injection."""
        return self._tool_threshold if role == "tool" else self._threshold

    async def judge(self, text: str, role: str, turns: Turns | None = None) -> Verdict:
        """Judge one text; gives way to the event loop in between.

        Whoever judges many texts in a row shares the `turns` among them.
        """
        found: dict[str, Finding] = {}
        await self._look(text, role == "tool", found, DEPTH, turns or Turns())
        findings = sorted(found.values(), key=lambda finding: -finding.score)
        return Verdict(combined(finding.score for finding in findings), tuple(findings))

    async def _look(
        self, text: str, foreign: bool, found: dict[str, Finding], depth: int, turns: Turns
    ) -> None:
        """Add what is in a text, openly and, if there is any depth left, hidden."""
        carried: list[str] = []
        for piece in _pieces(text):
            await turns.give()
            reading = read(piece)
            words = carried + reading.words
            different = set(words)
            await turns.give()
            await _mark(reading.plain, different, found, turns)
            await turns.give()
            evidence = possible(different, foreign)
            if evidence:
                await _score(_Slice(reading, carried, words), evidence, found, turns)
            if depth:
                await turns.give()
                hints = hints_of(words, different)
                for view in views(reading.plain, hints):
                    await self._hidden(view, foreign, found, 0, turns)
                if self._decode:
                    await turns.give()
                    for layer in layers(piece, reading.plain if reading.is_aligned else "", hints):
                        await self._hidden(layer, foreign, found, depth - 1, turns)
            carried = words[-_CARRIED:]

    async def _hidden(
        self, text: str, foreign: bool, found: dict[str, Finding], depth: int, turns: Turns
    ) -> None:
        """Add what is in a text that another one hides."""
        inside: dict[str, Finding] = {}
        await self._look(text, foreign, inside, depth, turns)
        seen = {finding.fingerprint for finding in found.values()}
        hidden = [finding for finding in inside.values() if finding.fingerprint not in seen]
        score = combined(finding.score for finding in hidden)
        if score:
            score = 1 - (1 - score) * (1 - HIDING)
            _add(found, Finding("obfuscation", round(score, 4), hidden[0].fingerprint))


def _pieces(text: str) -> Iterator[str]:
    for piece in slices(text, SLICE):
        if piece.isascii() or _is_western(piece):
            yield piece
        else:
            yield from slices(piece, SLICE // 4)


def _is_western(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Slice:
    """A slice of a text with the last words of the one before."""

    reading: Reading
    carried: Sequence[str]
    words: Sequence[str]

    def part(self, first: int, end: int) -> str:
        """Return the text from one word to before another."""
        ahead = len(self.carried)
        first = max(0, first)
        rest = self.reading.part(max(0, first - ahead), max(0, end - ahead))
        return f"{' '.join(self.carried[first:end])} {rest}" if first < ahead else rest


async def _mark(plain: str, words: set[str], found: dict[str, Finding], turns: Turns) -> None:
    """Add the markers of a slice."""
    known = found.get("tokens")
    for marker in markers(plain, words, known.score if known else 0.0):
        if marker is not None and marker.score >= LEAST:
            _add(found, Finding("tokens", marker.score, fingerprint(marker.text)))
        await turns.give()


async def _score(
    piece: _Slice, evidence: Possible, found: dict[str, Finding], turns: Turns
) -> None:
    """Add what a slice says openly."""
    best = {family: finding.score for family, finding in found.items()}
    evidence = evidence.above(best)
    for cluster in clusters(piece.words, evidence, piece.reading.slack):
        await turns.give()
        reach = cluster.reach + piece.reading.slack
        first, end = cluster.first - reach, cluster.last + reach + 1
        if cluster.last - cluster.first < _FEW:
            core = words_of(piece.part(first, end))
            if not may_hit(core, cluster.rules):
                continue
        await turns.give()
        sentences = words_of(piece.part(first - _BEFORE, end + _AFTER))
        await turns.give()
        for hit in hits(sentences, evidence.foreign, cluster.rules, best):
            if hit is not None:
                matched = " ".join(sentences.words[hit.first : hit.last + 1])
                _add(found, Finding(hit.family, hit.score, fingerprint(matched)))
                best[hit.family] = hit.score
            await turns.give()


def _add(found: dict[str, Finding], finding: Finding) -> None:
    known = found.get(finding.family)
    if known is None or finding.score > known.score:
        found[finding.family] = finding
