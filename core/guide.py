"""The built-in guide: it answers questions about this router by quoting its documentation.

Passages are ranked by BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25
and Beyond", 2009), with the words of the headings counted into the passages below them.
"""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from core.passages import Passage, read
from core.words import stems

K1 = 1.2
"""How soon more of the same word stops to count; the paper's advice is 1.2 to 2."""
B = 0.75
"""How much long passages are marked down, from 0 to 1; the paper's advice is 0.5 to 0.8."""
HEADING_WEIGHT = 2
"""How often a word of a heading counts in the passages below it."""
LEAD = 2.0
"""How much more the first passages of a section count when its heading stands in the question."""
LEADING = 3
"""How many passages of a section are its first."""
ENOUGH = 0.5
"""Share of the question's information that a passage must hold to answer it."""
NEAR = 0.6
"""Share of the best passage's score that makes another one worth quoting."""
QUOTED = 3
"""Most passages in one answer."""
MAX_QUESTION = 2_000
"""Characters of a question that are read."""
MAX_LISTED = 12
"""Headings that are listed of one file."""

WHAT_I_AM = "I am the built-in guide, not a language model: all I do is quote the documentation."
GET_A_MODEL = (
    "For answers by a real model, install Ollama (https://ollama.com/download), start it with "
    "`ollama serve`, get a model with `ollama pull llama3.2`, and ask again with model `llama3.2`."
)


class Guide:
    """Answers from Markdown files, which are read at the first question.

    Its methods compute: call them in a thread, one at a time.
    """

    def __init__(self, documents: Sequence[Path]) -> None:
        self._documents = documents
        self._index: Index | None = None

    def load(self) -> None:
        """Read and index the documents, unless that is done."""
        if self._index is None:
            self._index = Index(read(self._documents))

    def answer(self, question: str) -> str:
        """Return the answer to a question, in Markdown; any text has one."""
        self.load()
        assert self._index is not None
        found = self._index.find(question[:MAX_QUESTION])
        body = _quote(found) if found else _contents(self._index.passages)
        return f"{WHAT_I_AM}\n\n{body}\n\n---\n\n{GET_A_MODEL}"


class Index:
    """What each word adds to the score of each passage, computed beforehand."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = passages
        counts: list[Counter[str]] = []
        self._leads: dict[int, set[str]] = {}
        sections: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for number, passage in enumerate(passages):
            # A computing thread gives way only every 5 ms by itself, too late for an event loop.
            time.sleep(0)
            words = Counter(stems(passage.text))
            for word in stems(" ".join(passage.headings)):
                words[word] += HEADING_WEIGHT
            sections[passage[:2]] += 1
            if passage.headings and sections[passage[:2]] <= LEADING:
                self._leads[number] = set(stems(passage.headings[-1]))
            counts.append(words)
        self._holding = Counter(word for words in counts for word in words)
        self._scores: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        average = sum(words.total() for words in counts) / max(1, len(counts))
        for number, words in enumerate(counts):
            time.sleep(0)
            # A short passage, such as a row of a table, is no better for being short.
            length = K1 * (1 - B + B * max(1, words.total() / max(1, average)))
            for word, count in words.items():
                score = self._weight(word) * count * (K1 + 1) / (count + length)
                self._scores[word].append((number, score))

    def find(self, question: str) -> list[Passage]:
        """Return the passages that answer a question, best first; none when nothing fits."""
        words = set(stems(question))
        scores: defaultdict[int, float] = defaultdict(float)
        held: defaultdict[int, float] = defaultdict(float)
        for word in sorted(words):
            for number, score in self._scores.get(word, ()):
                scores[number] += score
                held[number] += self._weight(word)
        for number, heading in self._leads.items():
            if heading and heading <= words:
                scores[number] *= LEAD
        needed = ENOUGH * sum(map(self._weight, words))
        ranked = sorted(scores, key=lambda number: (-scores[number], number))
        best = [number for number in ranked if held[number] >= needed][:QUOTED]
        near = [number for number in best if scores[number] >= NEAR * scores[best[0]]]
        # Best place first, and in each place as it is written.
        places = [self.passages[number][:2] for number in near]
        near.sort(key=lambda number: (places.index(self.passages[number][:2]), number))
        return [self.passages[number] for number in near]

    def _weight(self, word: str) -> float:
        """Return the information of a word (its idf): the more, the fewer passages hold it."""
        holding = self._holding[word]
        return math.log(1 + (len(self.passages) - holding + 0.5) / (holding + 0.5))


def _quote(passages: Sequence[Passage]) -> str:
    quotes = []
    place = None
    for passage in passages:
        if passage[:2] != place:
            place = passage[:2]
            quotes.append(f"**{' > '.join((*passage.headings, f'`{passage.file}`'))}**")
        quotes.append(passage.text)
    return "\n\n".join(quotes)


def _contents(passages: Sequence[Passage]) -> str:
    """Say that nothing fits, and what there is."""
    if not passages:
        return "The documentation is not installed here, so I can't answer anything."
    headings: dict[str, dict[str, None]] = {}
    for passage in passages:
        # The first heading is the document's title, the second one its chapter.
        title = passage.headings[1:2] or passage.headings[:1]
        headings.setdefault(passage.file, {}).update(dict.fromkeys(title))
    lines = [
        f"- `{file}`: {', '.join(list(titles)[:MAX_LISTED])}" for file, titles in headings.items()
    ]
    return "\n".join(
        ("I found nothing about this in the documentation. Ask me about one of these:", "", *lines)
    )
