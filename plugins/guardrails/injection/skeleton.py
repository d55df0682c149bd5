"""Words that only look like ASCII, as the ASCII that they look like.

For comparing only, as UTS #39 asks of skeletons: never shown, and never sent on.
"""

import re

from plugins.guardrails.injection.confusables import CONFUSABLES

_SMALL_CAPITALS = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ"  # noqa: RUF001
"""UTS #39 says that they look like capitals of other scripts, if anything."""
_FIRST_LETTERS = (0x1F150, 0x1F170, 0x1F1E6)
"""Letters in black circles, in black squares, and those that flags are made of."""


def _table() -> dict[int, str]:
    table = {
        int(point, 16): letter for letter, points in CONFUSABLES.items() for point in points.split()
    }
    for number in range(26):
        letter = chr(ord("a") + number)
        table |= {first + number: letter for first in _FIRST_LETTERS}
        if not _SMALL_CAPITALS[number].isascii():
            table[ord(_SMALL_CAPITALS[number])] = letter
    return table


_TABLE = _table()
_SYMBOLS = {point: letter for point, letter in _TABLE.items() if point >= 0x1F150}
_ALIKE = "".join(map(chr, _TABLE)) + "".join(map(chr, range(0x80)))
_SHORT = 2
"""Letters of words that a real text may have although they look like ASCII."""
_FEW = 4
"""Different words of this kind in a real text."""
_WORD = re.compile(r"[^\W\d_]+")


def skeleton(text: str) -> str:
    """Return a text with each word that looks like ASCII throughout as that ASCII.

    Words of other scripts have letters that look like none of ASCII's, and stay as they are, as
    do a few short ones, which real texts have: prepositions of Russian look like ASCII.
    """
    if text.isascii():
        return text
    if len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text):
        text = text.translate(_SYMBOLS)
    words = {word for word in _WORD.findall(text) if not word.isascii()}
    folded = {word: word.translate(_TABLE) for word in words if not word.strip(_ALIKE)}
    folded = {word: plain for word, plain in folded.items() if plain.isascii()}
    if len(folded) > _FEW or any(len(word) > _SHORT for word in folded):
        return _WORD.sub(lambda match: folded.get(match[0], match[0]), text)
    return text
