"""Ways to hide a sentence from those who look for its words."""

import base64
import codecs
from collections.abc import Callable
from random import Random
from urllib.parse import quote

_CYRILLIC = {
    "a": "\u0430", "c": "\u0441", "e": "\u0435", "i": "\u0456", "o": "\u043e", "p": "\u0440",
    "s": "\u0455", "x": "\u0445", "y": "\u0443",
}  # fmt: skip
_GREEK = {"a": "\u03b1", "i": "\u03b9", "o": "\u03bf", "p": "\u03c1", "u": "\u03c5", "v": "\u03bd"}
_LEET = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"}
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def _homoglyphs(text: str, random: Random) -> str:
    table = random.choice((_CYRILLIC, _CYRILLIC, _GREEK))
    return "".join(table.get(each, each) if random.random() < 0.6 else each for each in text)


def _zero_width(text: str, random: Random) -> str:
    return "".join(each + random.choice(("", _INVISIBLE[random.randrange(6)])) for each in text)


def _tags(text: str, random: Random) -> str:
    tags = "".join(chr(0xE0000 + ord(each)) for each in text if each.isascii())
    return f"Nice weather today!{tags}" + random.choice(("", " Isn't it?"))


def _spaced(text: str, random: Random) -> str:
    separator = random.choice((" ", " ", ".", "-"))
    return "   ".join(separator.join(word) for word in text.split())


def _leet(text: str, random: Random) -> str:
    return "".join(_LEET.get(each, each) if random.random() < 0.8 else each for each in text)


def _fullwidth(text: str, random: Random) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


def _mathematical(text: str, random: Random) -> str:
    first = random.choice((0x1D41A, 0x1D44E + 0x34, 0x1D5BA))
    return "".join(chr(first + ord(each) - 97) if "a" <= each <= "z" else each for each in text)


def _marks(text: str, random: Random) -> str:
    marks = "\u0300\u0301\u0308\u0323\u0336"
    return "".join(each + random.choice(marks) if each.isalpha() else each for each in text)


def _reordered(text: str, random: Random) -> str:
    return f"\u202a{text[: len(text) // 2]}\u202c\u2066{text[len(text) // 2 :]}\u2069"


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def _percent(text: str) -> str:
    return "".join(f"%{each:02x}" for each in text.encode())


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


OBFUSCATIONS: dict[str, Callable[[str, Random], str]] = {
    "homoglyphs": _homoglyphs,
    "zero width": _zero_width,
    "tag characters": _tags,
    "spaced": _spaced,
    "leet": _leet,
    "full width": _fullwidth,
    "mathematical": _mathematical,
    "combining marks": _marks,
    "bidi controls": _reordered,
}
"""The sentence stays readable for people or models, and has other characters."""
ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": _base64,
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 twice": lambda text: _base64(_base64(text)),
    "hex": lambda text: text.encode().hex(),
    "rot13": _rot13,
    "percent": _percent,
    "quoted": lambda text: quote(text, safe=""),
    "rot13 in base64": lambda text: _base64(_rot13(text)),
    "unicode escapes": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "HTML entities": lambda text: "".join(f"&#{ord(each)};" for each in text),
}
"""The sentence is to be decoded."""
