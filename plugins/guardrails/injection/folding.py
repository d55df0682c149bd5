"""The form of `normalise.py` at little cost, for texts of the Latin script.

A codec of one byte for each character does what else takes a look at each: `bytes.translate` is
a hundred times as fast as `str.translate`.
"""

import codecs
import unicodedata
from functools import lru_cache

from plugins.guardrails.injection.normalise import is_looked_at, normalise

# With NUL first, the codec has a table of its own; it would be a dict, which is slow, without.
_ASCII = "\0\t\n\r" + "".join(map(chr, range(0x20, 0x7F)))
# Not the thorn, which looks like a p among letters of ASCII.
_LETTERS = (
    "".join(
        chr(point)
        for point in range(0xC0, 0x100)
        if chr(point).isalpha() and chr(point) not in "Þþ"
    )
    + "ĄąĆćĘęŁłŃńŚśŹźŻżČčĎďĚěŇňŘřŠšŤťŮůŽžŐőŰűĞğŞşĂăȘșȚțŒœ"
)
# ruff: noqa: RUF001 - the signs of many languages are what this is about
_SIGNS = "\xa0¡¿«»‹›‘’“”„‚–—…•·€£§°²³µ×±→←↑↓✓©®─│├└"
_ALL = (_ASCII + _LETTERS + _SIGNS).ljust(256, "\ufffe")  # the codec's word for: no character


def _plain(character: str) -> str:
    folded = "." if character == "…" else normalise(character)[:1]
    return folded if folded in _ALL else character


def _in_words(character: str, plain: str) -> str:
    return plain if plain.isalnum() or plain in "$@" else " "


_PLAIN = "".join(map(_plain, _ALL))
_WORDS = "".join(map(_in_words, _ALL, _PLAIN))
_ENCODING = codecs.charmap_build(_ALL)
_ASCII_PLAIN = bytes(range(256)).lower()
_ASCII_WORDS = bytes(
    byte if chr(byte).isalnum() or chr(byte) in "$@" else 0x20 for byte in _ASCII_PLAIN
)
_LONGEST = 32
"""Symbols in a row that are looked at together."""
_SELECTORS = "\ufe0f\u200d"
"""What emoji are made of besides symbols."""


def folded(text: str) -> tuple[str, str] | None:
    """Return `normalise(text)`, and the same with spaces for all that is in no word.

    Both have one character for each of the text; returns nothing if that can't be done here.
    """
    if text.isascii():
        data = text.encode()
        return data.translate(_ASCII_PLAIN).decode(), data.translate(_ASCII_WORDS).decode()
    try:
        data = codecs.charmap_encode(text, "guardrails.symbols", _ENCODING)[0]
    except UnicodeEncodeError:
        return None
    return (
        codecs.charmap_decode(data, "strict", _PLAIN)[0],
        codecs.charmap_decode(data, "strict", _WORDS)[0],
    )


def _symbols(error: UnicodeError) -> tuple[str, int]:
    """Return spaces for symbols and emoji, which are in no word."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    spaces = _spaces(error.object[error.start : error.end][:_LONGEST])
    if not spaces:
        raise error
    return spaces, error.start + len(spaces)


@lru_cache(maxsize=1024)
def _spaces(symbols: str) -> str:
    """Return as many spaces if characters are in no word, and look like none that is."""
    last = ""
    for character in symbols:
        if not (_is_symbol(character) or (last and character in _SELECTORS)):
            return ""
        last = "" if character in _SELECTORS else character
    return " " * len(symbols)


@lru_cache(maxsize=4096)
def _is_symbol(character: str) -> bool:
    return unicodedata.category(character)[0] in "SP" and not is_looked_at(character)


codecs.register_error("guardrails.symbols", _symbols)
