"""Makes control characters visible that terminals obey: colours, titles, links, overwriting.

These are ESC and all other C0 and C1 controls (ECMA-48) but tabs and line ends; a carriage return
only if no line feed follows, as it lets a line be overwritten.
"""

import re

from plugins.guardrails.findings import Findings

# It begins with one set, as `re` passes by such an expression fastest.
_control = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f](?:(?<!\r)|(?!\n))")


class Terminal:
    """Shows the controls of one text that comes in pieces: ESC becomes the four signs `\\x1b`."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._held = ""
        """A carriage return whose next character is not known."""
        self.is_changed = False
        """Whether there was any."""

    def push(self, text: str) -> str:
        """Take the next piece; return all that is decided by now."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        return self._escape(text[: len(text) - len(self._held)])

    def flush(self) -> str:
        """End the text and return its rest."""
        text, self._held = self._held, ""
        return self._escape(text)

    def _escape(self, text: str) -> str:
        if _control.search(text) is None:
            return text
        self.is_changed = True
        return _control.sub(self._shown, text)

    def _shown(self, match: re.Match[str]) -> str:
        self._findings.add("terminal", "escape", "output")
        return f"\\x{ord(match[0]):02x}"
