"""Long texts in bounded pieces, cut where names are least likely to be cut."""

from collections.abc import Iterator

MOST = 5_000
"""Characters of a piece: a model's memory and time grow with it."""

BORDERS = (
    ("\n\n",),
    ("\n",),
    (". ", "! ", "? ", "。", "！", "？"),  # noqa: RUF001 - full stops of Chinese and Japanese
    (" ",),
)
"""Where to cut, best first: paragraphs, lines, sentences, words."""


def pieces(text: str, most: int = MOST) -> Iterator[tuple[int, str]]:
    """Yield the pieces of a text with where they start, none longer than `most` characters.

    Together they are the text. A cut is in the second half of what would fit.
    """
    start = 0
    while len(text) - start > most:
        end = _cut(text, start, start + most)
        yield start, text[start:end]
        start = end
    if start < len(text):
        yield start, text[start:]


def _cut(text: str, start: int, end: int) -> int:
    middle = (start + end + 1) // 2
    for borders in BORDERS:
        cut = max(
            at + len(border) if (at := text.rfind(border, middle, end)) >= 0 else -1
            for border in borders
        )
        if cut > 0:
            return cut
    return end
