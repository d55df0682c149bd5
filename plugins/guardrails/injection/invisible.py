"""Removes characters that nobody sees and a model reads: the way to smuggle text past readers.

What a script or an emoji needs stays:

- U+200C and U+200D (joiners), one at a time, next to letters of Arabic and Indic scripts and in
  between emoji; U+200B between letters of the scripts that write no spaces, as Khmer
- U+FE00-FE0F and U+E0100-E01EF (variation selectors), one at a time, after what they can vary
- U+200E, U+200F and U+061C (direction marks), one at a time, near letters that run from right to
  left; embeddings, overrides and isolates never: a model reads in logical order
- the tags of the three flags that have them: England, Scotland, Wales
- U+034F (grapheme joiner) between combining marks, and U+FEFF as a byte order mark

Sources: Default_Ignorable_Code_Point (DerivedCoreProperties.txt), UAX 9, UTS 51, UTS 55, RFC 5892
A.1 and A.2, StandardizedVariants.txt. Private use characters stay: fonts show them.
"""

import asyncio
import re
import unicodedata
from collections.abc import Callable, Iterator

_JOINERS = "\u200c\u200d"
_DIRECTIONS = "\u200e\u200f\u061c"
_SELECTORS = "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_MONGOLIAN = "\u180b\u180c\u180d\u180f"
_OTHERS = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = f"{_JOINERS}{_DIRECTIONS}\ufe00-\ufe0f{_MONGOLIAN}{_OTHERS}"
_invisible = re.compile(f"[{_INVISIBLE}]")

_FLAG = "\U0001f3f4"
_flag = re.compile(
    f"{_FLAG}(?:"
    + "|".join(
        "".join(chr(0xE0000 + ord(letter)) for letter in region)
        for region in ("gbeng", "gbsct", "gbwls")
    )
    + ")\U000e007f"
)
"""The RGI emoji tag sequences (emoji-sequences.txt)."""
_looked_at = re.compile(f"[{_INVISIBLE}{_FLAG}]")

_joining = re.compile(
    "[\u0620-\u06ff\u0710-\u07ff\u0840-\u0dff\u1000-\u109f\u1700-\u17b3\u17b6-\u17ff\u1807"
    "\u1820-\u18aa\u1a20-\u1c7f\ua840-\ua87f\ua8e0-\ua8ff\ua980-\uaadf\uabc0-\uabff\ufb50-\ufdff"
    "\ufe70-\ufefc\U00010a00-\U00010aff\U00010d00-\U00010d3f\U00011000-\U00011fff"
    "\U0001e900-\U0001e95f]"
)
"""Blocks of the scripts whose letters join or stack: Arabic and its kin, the Brahmic scripts."""
_spaceless = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17b3\u17b6-\u17d3\u1950-\u19df\u1a20-\u1aad]"
)
"""Thai, Lao, Myanmar, Khmer, Tai: words end without a space."""
_leftward = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff"
    "\U0001e800-\U0001efff]"
)
"""Blocks whose characters run from right to left by default (UAX 9, DerivedBidiClass.txt)."""
_REACH = 64
"""How far from a direction mark such a letter may be, in characters."""
_PIECES = 256
"""How many pieces are looked at before others have their turn: well under a millisecond."""
_ideograph = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_mongolian = re.compile("[\u1807\u1820-\u18aa]")
_varied = re.compile(
    "[0\u1000-\u109f\u2205-\u2aff\u3001\u3002\ua840-\ua87f\uaa60-\uaa7f\uff01\uff0c\uff0e\uff1a"
    "\uff1b\uff1f\U00010ac0-\U00010aff\U00013000-\U000143fa]"
)
"""What has standardised variants: a zero, symbols, CJK stops, Myanmar, hieroglyphs …"""
_UNTYPICAL_EMOJI = frozenset("#*0123456789\u203c\u2049\u2139\u3030\u303d")
"""Bases of emoji variation sequences whose category is not a symbol's: keycaps and five others."""


def clean(text: str) -> tuple[str, int]:
    """Return the text without invisible characters, and how many there were.

    A text that has none is returned as the same object. Cleaning twice is cleaning once.
    """
    return _result(text, list(_kept(text))) if _has_any(text) else (text, 0)


async def clean_gently(text: str) -> tuple[str, int]:
    """Do the same, and give way to the event loop in between: for texts of any length."""
    if not _has_any(text):
        return text, 0
    pieces = []
    for number, piece in enumerate(_kept(text), 1):
        pieces.append(piece)
        if number % _PIECES == 0:
            await asyncio.sleep(0)
    return _result(text, pieces)


def _result(text: str, pieces: list[str]) -> tuple[str, int]:
    cleaned = "".join(pieces)
    removed = len(text) - len(cleaned)
    return (cleaned if removed else text), removed


def _has_any(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return _invisible.search(text) is not None
    return "\u00ad" in text


def _kept(text: str) -> Iterator[str]:
    """Yield the pieces that stay."""
    last = ""
    at = 0
    for match in _looked_at.finditer(text):
        start = match.start()
        if start < at:
            continue
        if start > at:
            yield text[at:start]
            last = text[start - 1]
        at = start + 1
        character = match[0]
        if character == _FLAG:
            if flag := _flag.match(text, start):
                at = flag.end()
            yield text[start:at]
            last = character
        elif (stays := _STAYS.get(character)) and stays(text, start, last):
            yield character
            last = character
    yield text[at:]


def _joiner(text: str, at: int, last: str) -> bool:
    after = text[at + 1 : at + 2]
    if last in _JOINERS:
        return False
    if _joining.match(last) or _joining.match(after):
        return True
    return text[at] == "\u200d" and _is_emoji(last) and _is_picture(after)


def _space(text: str, at: int, last: str) -> bool:
    return bool(_spaceless.match(last) and _spaceless.match(text, at + 1))


def _direction(text: str, at: int, last: str) -> bool:
    if last and last in _DIRECTIONS:
        return False
    return bool(_leftward.search(text, max(0, at - _REACH), at + 1 + _REACH))


def _selector(text: str, at: int, last: str) -> bool:
    selector = text[at]
    if selector >= "\U000e0100":
        return bool(_ideograph.match(last))
    if selector >= "\ufe0e":
        return last in _UNTYPICAL_EMOJI or _is_picture(last)
    if selector >= "\ufe07":
        return False
    return bool(_varied.match(last) or _ideograph.match(last))


def _is_emoji(last: str) -> bool:
    """Say whether an emoji may end so: by its picture, its selector or its skin tone."""
    return last == "\ufe0f" or _is_picture(last) or "\U0001f3fb" <= last <= "\U0001f3ff"


def _is_picture(character: str) -> bool:
    """Say whether it is a symbol as emoji are; the last block has those of coming Unicodes."""
    return bool(character) and (
        unicodedata.category(character) in ("So", "Sm") or "\U0001f900" <= character <= "\U0001faff"
    )


def _grapheme(text: str, at: int, last: str) -> bool:
    return _is_mark(last) and _is_mark(text[at + 1 : at + 2])


def _is_mark(character: str) -> bool:
    """Say whether it is a combining mark; those that stay invisible are of class 0."""
    return bool(character) and unicodedata.combining(character) > 0


_Stays = Callable[[str, int, str], bool]
"""Whether the character of a text that is at a position stays, after the last one that stayed."""
_STAYS: dict[str, _Stays] = (
    dict.fromkeys(_JOINERS, _joiner)
    | dict.fromkeys(_DIRECTIONS, _direction)
    | dict.fromkeys(_SELECTORS, _selector)
    | dict.fromkeys(_MONGOLIAN, lambda text, at, last: bool(_mongolian.match(last)))
    | {"\u200b": _space, "\u034f": _grapheme, "\ufeff": lambda text, at, last: at == 0}
)
