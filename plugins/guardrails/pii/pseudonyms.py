"""Stable placeholders for the values of one request, and the way back."""

import re

from localai import InvalidRequest
from plugins.guardrails.stream.rule import Rule

MOST_VALUES = 10_000
"""Most values of one request that get a placeholder, so that the table is bounded."""
HIGHEST = 999_999
"""Highest number of a placeholder: what is looked for has six digits at most."""

PLACEHOLDER = Rule(name="placeholder", pattern="<[A-Z][A-Z0-9_]{1,30}_[0-9]{1,6}>")
"""What is looked for in answers: any placeholder, of which only known ones are replaced."""

_NUMBER = re.compile("_(?<=[A-Z0-9]_)([0-9]{1,6})")


class Pseudonyms:
    """Gives each value of a request a placeholder such as `<EMAIL_1>`, and knows them again.

    Numbers count from 1 for each label in the order of appearance, so that equal requests get
    equal placeholders. A number that the caller's own text has in such a place, as in `EMAIL_1`,
    is given to no value: what looks like a placeholder there stays what it is.
    """

    __slots__ = ("_last", "_originals", "_placeholders", "_taken")

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._last: dict[str, int] = {}
        self._placeholders: dict[tuple[str, str], str] = {}
        self._originals: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._originals)

    def avoid(self, text: str) -> None:
        """Keep clear of the placeholders in a text of the caller's, with brackets or without."""
        if "_" in text:
            self._taken.update(map(int, _NUMBER.findall(text)))

    def placeholder(self, label: str, value: str) -> str:
        """Return the placeholder of a value, the same one for the same value.

        Raises `InvalidRequest` when the request has too many.
        """
        known = self._placeholders.get((label, value))
        if known is not None:
            return known
        number = self._last.get(label, 0) + 1
        while number in self._taken:
            number += 1
        if len(self._originals) >= MOST_VALUES or number > HIGHEST:
            raise InvalidRequest(
                "the request holds more values than can be pseudonymised: send less at a time",
                code="content_filter",
            )
        self._last[label] = number
        made = f"<{label}_{number}>"
        self._placeholders[label, value] = made
        self._originals[made] = value
        return made

    def original(self, rule: Rule, placeholder: str) -> str | None:
        """Return the value of a placeholder, or nothing for one that is not of this request."""
        return self._originals.get(placeholder)
