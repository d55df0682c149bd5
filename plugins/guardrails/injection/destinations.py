"""Where a link or an image leads to, judged by the beginning of its destination.

Local is what every reading of it makes local; all else is foreign: user names, backslashes,
character references, tabs and line ends within (which browsers leave out), other schemes.
"""

import re

from plugins.guardrails.injection.origins import Origins

BLANKS = 8
"""How many blanks a rule goes over before a destination; behind more it counts as foreign."""

_parts = re.compile(
    rf"(?P<blanks>[\x01-\x20]{{0,{BLANKS}}})<?(?P<more>[\x01-\x20]{{0,{BLANKS}}})"
    r"(?P<first>[^/\\?#)> \t\r\n]*)(?P<slashes>[/\\]*)(?P<second>[^/?#)> \t\r\n]*)(?P<end>.?)",
    re.DOTALL,
)
_scheme = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_no_requests = ("mailto:", "tel:")


def is_foreign(
    text: str, origins: Origins, *, data_is_foreign: bool = False, is_image: bool = True
) -> bool:
    """Say whether a destination that begins so may lead elsewhere.

    The text goes up to the end of the origin, and on with the character that ends it, if that is
    one of `/?#)>` or a blank. What follows a link's text without being a destination, as in
    `calls[0]("a")`, is foreign for an image only.
    """
    match = _parts.fullmatch(text)
    if match is None or match["end"] in ("\t", "\r", "\n"):
        return True
    first, slashes, second = match["first"], match["slashes"], match["second"]
    if not first and not slashes:
        is_far = BLANKS in (len(match["blanks"]), len(match["more"]))
        # Without a "<" before it, a ">" goes on with a quotation in the next line.
        is_quoted = match["end"] == ">" and "<" not in text
        return is_far or is_quoted or match["end"] == " " or (is_image and not match["end"])
    if "&" in first or "&" in second:
        return True
    if not slashes:
        return ":" in first and not _is_harmless(first, data_is_foreign)
    if ":" not in first:
        return slashes != "/"
    if _is_harmless(first, data_is_foreign):
        return False
    scheme = _scheme.fullmatch(first)
    is_whole = slashes == "//" and match["end"] != ""
    return not (scheme and is_whole and origins.allow(scheme[1], second))


def _is_harmless(first: str, data_is_foreign: bool) -> bool:
    """Say whether it has a scheme by which nothing is requested."""
    name = first.lower()
    return name.startswith(_no_requests) or (name.startswith("data:") and not data_is_foreign)


def defanged(text: str) -> str:
    """Return what a reader needs to see of a destination's beginning, and no client links to."""
    shown = text.lstrip("".join(map(chr, range(0x21))) + "<")
    scheme = re.match(r"(?:https?|ftps?|wss?|file):[/\\]*|[/\\]+", shown, re.IGNORECASE)
    return shown[scheme.end() if scheme else 0 :].replace(".", "[.]")
