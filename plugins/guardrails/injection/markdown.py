r"""Finds in Markdown and HTML what a client would load or link to, and takes its power.

A destination is neutralised where it begins, `](https://evil.org/a)` to
`] (link removed: evil[.]org/a)`: what a reader sees stays, nothing is an image or a link any
longer, and since only the origin is waited for, a URL of any length is covered.

Whether a destination is an image's is not a question of the brackets next to it: escapes, code
spans and nesting decide that, and clients differ. So it counts as one when `![` stands anywhere
before it in its paragraph (no image goes over a blank line, CommonMark 0.31, 6.4), and that of a
definition (`[name]: …`) when `![` stands anywhere before it in the answer. An image that comes
after a foreign definition loses its `!`. Code is treated as text is: where it ends, clients
differ too. Brackets count also when they are written as in JSON, `\u005d`.
"""

import re
from collections.abc import Sequence

from plugins.guardrails.findings import Findings
from plugins.guardrails.injection.destinations import BLANKS, defanged, is_foreign
from plugins.guardrails.injection.origins import Origins
from plugins.guardrails.stream.rule import Rule

_BLANK = rf"[\x01-\x20]{{0,{BLANKS}}}"
_PART = r"[^\x01-\x20/\\?#()<>!\[\]\x22'`\x7f]{0,100}"
_END = r"[/?#)> \t\r\n]?"
DESTINATION = rf"{_BLANK}<?{_BLANK}{_PART}(?:[/\\]{{1,8}}{_PART})?{_END}"
_BANG = r"(?:!|\\{1,4}u0021)"
_OPEN = r"(?:\[|\\{1,4}u005[Bb])"
_CLOSE = r"(?:\]|\\{1,4}u005[Dd])"
_LESS = r"(?:<|\\{1,4}u003[Cc])"
_NAME = "[A-Za-z][A-Za-z0-9+.\\-]{1,31}"

OPENING = Rule(name="image", pattern=_BANG + _OPEN)
CLOSING = Rule(name="closing", pattern=_CLOSE)
PARAGRAPH = Rule(name="paragraph", pattern=r"\n[ \t\r>]{0,20}\n")
INLINE = Rule(
    name="destination", pattern=rf"{_CLOSE}[ \t]{{0,3}}(?:\(|\\{{1,4}}u0028){DESTINATION}"
)
DEFINITION = Rule(name="definition", pattern=rf"{_CLOSE}(?::|\\{{1,4}}u003[Aa]){DESTINATION}")
_WEB = "(?:https?|ftps?|wss?|file):"
URL = Rule(
    name="url",
    pattern=rf"(?:<{_NAME}:[/\\]{{2,8}}{_PART}|{_LESS}{_WEB}[/\\]{{0,8}}{_PART}"
    rf"|{_WEB}[/\\]{{1,8}}{_PART}|www\.{_PART}){_END}",
    ignore_case=True,
)
SCRIPT = Rule(name="script", pattern=rf"{_LESS}(?:javascript|vbscript|data):", ignore_case=True)
TAG = Rule(name="html", pattern=rf"{_LESS}[A-Za-z][^\x01-\x20/<>!\[\]\\]{{0,64}}(?:[ /]{{0,8}}>)?")

_target = re.compile(r"(?P<close>\]|\\+u005[Dd])[ \t]*(?:\(|:|\\+u0028|\\+u003[Aa])")
_bang = re.compile(_BANG)
_tag = re.compile(r"(?P<less><|\\+u003[Cc])(?P<name>[^/> ]*)(?P<rest>.*)", re.DOTALL)
_active = frozenset({"script", "style", "svg", "math", "base"})
"""Tags that do something without an attribute."""


def rules(*, images: bool, links: bool, html: bool) -> Sequence[Rule]:
    """Return the rules that find what shall be neutralised."""
    return [
        *((OPENING, CLOSING, PARAGRAPH) if images else ()),
        *((INLINE, DEFINITION) if images or links else ()),
        *((URL, SCRIPT) if links else ()),
        *((TAG,) if html else ()),
    ]


class Neutraliser:
    """Acts on what the rules find in one text, from its beginning to its end."""

    def __init__(
        self,
        findings: Findings,
        origins: Origins,
        *,
        links: bool,
        html: bool,
        data_is_foreign: bool,
    ) -> None:
        self._findings = findings
        self._origins = origins
        self._links = links
        self._html = html
        self._data_is_foreign = data_is_foreign
        self.is_changed = False
        """Whether anything was neutralised."""
        self._is_open = False
        """Whether an image may have begun in this paragraph."""
        self._is_closed = False
        """Whether there was a bracket since."""
        self._has_images = False
        self._has_definitions = False
        """Whether a foreign definition was let through."""

    def act(self, rule: Rule, text: str) -> str | None:
        """Return what shall stand in place of a match; `None` to leave it."""
        if rule is PARAGRAPH:
            # Simple clients take all up to a bracket for an image's description.
            self._is_open &= not self._is_closed
            return None
        if rule is CLOSING:
            self._is_closed = True
            return None
        if rule is OPENING:
            return self._opening(text)
        if rule is INLINE or rule is DEFINITION:
            return self._target(rule, text)
        if rule is URL:
            return self._url(text)
        return self._markup(rule, text)

    def _opening(self, text: str) -> str | None:
        self._is_open = self._has_images = True
        self._is_closed = False
        if not self._has_definitions:
            return None
        bang = _bang.match(text)
        assert bang is not None
        return self._found("image", text, f"{bang[0]} {text[bang.end() :]}")

    def _target(self, rule: Rule, text: str) -> str | None:
        match = _target.match(text)
        assert match is not None
        self._is_closed = True
        destination = text[match.end() :]
        is_image = self._has_images if rule is DEFINITION else self._is_open
        # A tag could hide in what is kept: `](<img src=…`.
        hides_tag = self._html and "<" in destination
        if not (hides_tag or self._leads_away(destination, is_image)):
            return None
        if not (is_image or self._links or hides_tag):
            self._has_definitions |= rule is DEFINITION
            return None
        what = "image" if is_image and not self._links else "link"
        shown = f"{match['close']} ({what} removed: {defanged(destination)}"
        return self._found(what, text, shown)

    def _url(self, text: str) -> str | None:
        has_scheme = not text.lower().startswith("www.")
        if not self._leads_away(text if has_scheme else f"https://{text}", True):
            return None
        return self._found("link", text, defanged(text))

    def _markup(self, rule: Rule, text: str) -> str | None:
        match = _tag.match(text)
        assert match is not None
        if rule is TAG and match["rest"].endswith(">") and match["name"].lower() not in _active:
            return None
        less = match["less"]
        return self._found(rule.name, text, f"{less} {text[len(less) :]}")

    def _leads_away(self, destination: str, is_image: bool) -> bool:
        return is_foreign(
            destination,
            self._origins,
            data_is_foreign=self._data_is_foreign,
            is_image=is_image,
        )

    def _found(self, name: str, text: str, instead: str) -> str:
        self.is_changed = True
        self._findings.add(name, "neutralise", "output", text)
        return instead
