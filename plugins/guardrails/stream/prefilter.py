"""What tells in one pass whether any of many expressions occurs in a text: most texts have none."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

MOST_MEMORY = 8 << 20
"""Bytes for all expressions with the states that RE2 makes as texts need them."""

_PROBE = "\U0010ffff\U0010fffe"


class TooLargeError(Exception):
    """The expressions do not fit in the memory."""


class Prefilter:
    """Some expressions of RE2, which takes a time linear in the text whatever they are."""

    def __init__(self, expressions: Iterable[str]) -> None:
        """Compile them, which takes long: do it in a thread. Raises `TooLargeError`."""
        # Imported when it is needed first, as it takes 3 MB.
        re2: Any = import_module("re2")
        options = re2.Options()
        options.max_mem = MOST_MEMORY
        options.never_capture = True
        options.log_errors = False
        self._all = re2.Set.SearchSet(options)
        self._each: list[Any] = []
        try:
            for expression in dict.fromkeys(expressions):
                self._all.Add(expression)
                self._each.append(re2.compile(expression, options))
            self._all.Add(_PROBE)
            self._all.Compile()
        except re2.error:
            raise TooLargeError from None
        # Without memory for any states, it says of all texts that nothing occurs.
        if self._all.Match(_PROBE) is None:
            raise TooLargeError

    def occurring(self, text: str) -> list[int]:
        """Return the numbers of those that occur; `UnicodeEncodeError` for half surrogate pairs."""
        found = self._all.Match(text)
        return [number for number in found if number < len(self._each)] if found else []

    def find(self, number: int, text: str, start: int) -> int | None:
        """Return where one of them begins, from `start` on."""
        match = self._each[number].search(text, start)
        return match.start() if match else None
