"""Texts that are hidden in a text by an encoding that models read.

Only what decodes to text is looked at, so hashes, identifiers and images are nothing.
"""

import base64
import binascii
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from urllib.parse import unquote_plus

from plugins.guardrails.injection.hints import Hints

SHORTEST = 24
"""Characters of an encoded run; shorter ones hold no instruction."""
LONGEST = 8192
"""Characters that a layer may have."""
UNPRINTABLE = 0.05
"""Greatest share of control characters in what counts as text."""

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{SHORTEST},}}")
_HEX = re.compile(rf"(?<![0-9A-Za-z])(?:(?:\\x|0x)?[0-9A-Fa-f]{{2}}[\s:,-]?){{{SHORTEST // 2},}}")
_NO_HEX = re.compile(r"\\x|0x|[^0-9A-Fa-f]")
_BITS = re.compile(r"(?<!\d)(?:[01]{8}\s?){8,}")
_BYTES = re.compile("(?:0x)?(?:[2-7][0-9a-f]){1,8}")
_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,5})\})")
_ENTITY = re.compile("&#([xX][0-9A-Fa-f]{1,6}|[0-9]{1,7});?")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_ASCII_OF_TAGS = {0xE0000 + point: chr(point) for point in range(0x20, 0x7F)}
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{8,}")
_MOST = 64
"""Long words that are looked for one by one."""
_SEVERAL = 6
"""Escapes from which a text counts as escaped."""


def layers(text: str, plain: str, hints: Hints) -> Iterator[str]:
    """Yield what is hidden in a text, one text for each encoding; layers of layers are not.

    `plain` is the normalised text if it has a character for each of the text, else nothing.
    """
    for decode in _decoders(text, plain, hints):
        decoded = decode(text)
        if decoded and decoded != text:
            yield decoded[:LONGEST]


def _decoders(text: str, plain: str, hints: Hints) -> Iterator[Callable[[str], str]]:
    long = hints.long
    if long:
        # To look at each place is cheaper than to look for each of very many words.
        is_quick = plain and len(long) <= _MOST
        runs = _runs(text, plain, long) if is_quick else _BASE64.finditer(text)
        yield lambda _: _base64(runs)
    if text.count("\\x") >= _SEVERAL or any(map(_is_hex, long)) or _is_dump(hints.mixed):
        yield _hex
    if sum(len(word) == 8 and not word.strip("01") for word in hints.mixed) >= _SEVERAL:
        yield _bits
    if "\\" in text and text.count("\\u") + text.count("\\x") >= _SEVERAL:
        yield _escapes
    if text.count("%") >= _SEVERAL and len(_PERCENT.findall(text)) >= _SEVERAL:
        yield unquote_plus
    if text.count("&#") >= _SEVERAL:
        yield _entities
    if not plain:
        yield _invisible


def _is_hex(word: str) -> bool:
    """Say whether a long word is text as hexadecimal digits, which may begin amid a character."""
    if word.strip("0123456789abcdefx"):
        return False
    digits = _NO_HEX.sub("", word)[:LONGEST]
    for at in (0, 1):
        data = bytes.fromhex(digits[at : len(digits) - (len(digits) - at) % 2])
        decoded = data.decode("utf-8", "ignore")
        if len(decoded.encode()) >= len(data) - 3 and not _CONTROLS.search(decoded):
            return True
    return False


def _is_dump(mixed: Sequence[str]) -> bool:
    """Say whether there are words that bytes of text are written as."""
    dumped = [word for word in mixed if _BYTES.fullmatch(word)]
    return len(dumped) >= _SEVERAL and sum(not word.isdigit() for word in dumped) > 1


def _runs(text: str, plain: str, long: Sequence[str]) -> list[re.Match[str]]:
    """Return the encoded runs of a text in which the long words of `plain` are."""
    found: dict[int, re.Match[str]] = {}
    for word in long:
        at = plain.find(word)
        while at >= 0:
            end = at + len(word)
            # Of an encoding only words have small letters throughout.
            if not (word.isalpha() and text[at:end].islower()):
                first = max(0, at - LONGEST)
                match = _BASE64.match(text, first + len(text[first:at].rstrip(_ALPHABET)))
                if match:
                    found[match.start()] = match
                    end = max(end, match.end())
            at = plain.find(word, end)
    return [found[start] for start in sorted(found)]


def _base64(runs: Iterable[re.Match[str]]) -> str:
    return "".join(
        decoded for match in runs for decoded in _decoded(match[0], 4 if not match.start() else 1)
    )


def _decoded(run: str, shifts: int) -> Iterator[str]:
    """Yield the text of a run, which may begin before where it is seen to begin."""
    run = run.translate({45: "+", 95: "/"})
    for shift in range(shifts):
        part = run[shift:]
        part = part[: len(part) - 1] if len(part) % 4 == 1 else part
        decoded = _text(base64.b64decode(part + "=" * (-len(part) % 4)))
        if decoded:
            yield decoded
            return


def _hex(text: str) -> str:
    found = []
    for match in _HEX.finditer(text):
        digits = _NO_HEX.sub("", match[0])
        try:
            found.append(_text(binascii.unhexlify(digits)))
        except binascii.Error:
            continue
    return "".join(found)


def _bits(text: str) -> str:
    return "".join(
        _text(bytes(int(byte, 2) for byte in re.findall("[01]{8}", match[0])))
        for match in _BITS.finditer(text)
    )


def _escapes(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1] or match[2] or match[3], 16)), text)


def _entities(text: str) -> str:
    # Every other part is a number: to go through them so is twice as fast as `sub`.
    parts = _ENTITY.split(text)
    parts[1::2] = map(_character, parts[1::2])
    return "".join(parts)


@lru_cache(maxsize=1024)
def _character(number: str) -> str:
    point = int(number[1:], 16) if number[0] in "xX" else int(number)
    return chr(point) if point <= sys.maxunicode else ""


def _invisible(text: str) -> str:
    """Read ASCII from tag characters, and bytes from variation selectors."""
    tags = "".join(_TAGS.findall(text)).translate(_ASCII_OF_TAGS)
    hidden = bytes(
        ord(selector) - 0xFE00 if ord(selector) < 0xFFFF else ord(selector) - 0xE0100 + 16
        for run in _SELECTORS.findall(text)
        for selector in run
    )
    return tags + _text(hidden)


def _text(data: bytes) -> str:
    """Return bytes as a text if they are one, else nothing."""
    # A slice of a text may begin and end within a character of several bytes.
    decoded = data.decode("utf-8", "ignore")
    if len(decoded.encode()) < len(data) - 6:
        return ""
    return decoded if len(_CONTROLS.findall(decoded)) <= UNPRINTABLE * len(decoded) else ""
